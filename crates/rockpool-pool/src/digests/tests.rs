use super::*;

fn hex_of(algorithm: ChecksumAlgorithm, bytes: &[u8]) -> String {
    let mut digests = Digests::new([algorithm, algorithm]);
    for chunk in bytes.chunks(3) {
        digests.update(chunk);
    }
    hex::encode(
        digests
            .finish()
            .checksum(algorithm)
            .expect("it was asked for")
            .value(),
    )
}

#[test]
fn every_algorithm_gives_its_published_check_value() {
    // The check values of the CRC catalogue, RFC 1321, FIPS 180-4 and xxHash's specification.
    let check = |algorithm, text: &str, expected: &str| {
        assert_eq!(
            hex_of(algorithm, text.as_bytes()),
            expected,
            "{algorithm} of {text:?}"
        );
    };
    check(ChecksumAlgorithm::Crc32, "123456789", "cbf43926");
    check(ChecksumAlgorithm::Crc32c, "123456789", "e3069283");
    check(
        ChecksumAlgorithm::Crc64Nvme,
        "123456789",
        "ae8b14860a799888",
    );
    check(
        ChecksumAlgorithm::Md5,
        "abc",
        "900150983cd24fb0d6963f7d28e17f72",
    );
    check(
        ChecksumAlgorithm::Sha1,
        "abc",
        "a9993e364706816aba3e25717850c26c9cd0d89d",
    );
    check(
        ChecksumAlgorithm::Sha256,
        "abc",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
    check(
        ChecksumAlgorithm::Sha512,
        "abc",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    );
    check(ChecksumAlgorithm::XxHash64, "", "ef46db3751d8e999");
    check(ChecksumAlgorithm::XxHash3, "", "2d06800538d394c2");
    check(
        ChecksumAlgorithm::XxHash128,
        "",
        "99aa06d3014798d86001c324468d497f",
    );
}

#[test]
fn a_wrong_digest_is_found_and_a_digest_that_was_not_computed_counts_as_wrong() {
    let mut digests = Digests::new([ChecksumAlgorithm::Sha256]);
    digests.update(b"abc");
    let digested = digests.finish();
    let sha = digested.checksum(ChecksumAlgorithm::Sha256).unwrap();
    let right = Declared::PayloadSha256(sha.value().try_into().unwrap());
    assert!(digested.check(std::slice::from_ref(&right)).is_ok());
    let wrong = Declared::ContentMd5([0; 16]);
    assert!(matches!(
        digested.check(&[right, wrong.clone()]),
        Err(PoolError::DigestMismatch(found)) if found == wrong
    ));
    let unknown = Declared::Checksum(Checksum::new(ChecksumAlgorithm::Crc32, vec![0; 4]).unwrap());
    assert!(digested.check(&[unknown]).is_err());
}
