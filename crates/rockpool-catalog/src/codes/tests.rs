use proptest::prelude::*;
use rockpool_types::{Checksum, ChecksumAlgorithm, ChecksumKind, ETag};

use super::{checksum_from_bytes, checksum_to_bytes, etag_from_bytes, etag_to_bytes};

#[test]
fn checksums_of_every_algorithm_come_back() {
    for algorithm in ChecksumAlgorithm::ALL {
        let full = Checksum::new(algorithm, vec![9; algorithm.length()]).unwrap();
        let composite = full.clone().with_kind(ChecksumKind::Composite(12));
        for checksum in [full, composite] {
            let bytes = checksum_to_bytes(&checksum);
            assert_eq!(checksum_from_bytes(&bytes).unwrap(), checksum);
        }
    }
}

#[test]
fn the_places_of_algorithms_stay_as_released() {
    let names: Vec<_> = ChecksumAlgorithm::ALL.iter().map(|a| a.as_str()).collect();
    let released = [
        "CRC32",
        "CRC32C",
        "CRC64NVME",
        "SHA1",
        "SHA256",
        "SHA512",
        "MD5",
        "XXHASH64",
        "XXHASH3",
        "XXHASH128",
    ];
    assert_eq!(names, released);
}

proptest! {
    #[test]
    fn etags_come_back(md5: [u8; 16], parts: u32) {
        let etag = ETag::multipart(md5, parts);
        prop_assert_eq!(etag_from_bytes(&etag_to_bytes(&etag)).unwrap(), etag);
    }

    #[test]
    fn damaged_columns_are_errors_and_no_panic(bytes: Vec<u8>) {
        let _ = checksum_from_bytes(&bytes);
        prop_assert_eq!(etag_from_bytes(&bytes).is_ok(), (16..=20).contains(&bytes.len()));
    }
}
