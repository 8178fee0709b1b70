use super::*;

#[test]
fn each_algorithm_has_the_types_that_s3_allows() {
    use ChecksumAlgorithm as A;
    let declared =
        |algorithm, kind| declared_checksum(algorithm, kind).map_err(|error| error.code());
    assert_eq!(declared(None, None), Ok(None));
    for (algorithm, kind, checksum) in [
        ("CRC32", None, (A::Crc32, false)),
        ("crc32c", Some("FULL_OBJECT"), (A::Crc32c, true)),
        ("CRC64NVME", None, (A::Crc64Nvme, true)),
        ("SHA256", None, (A::Sha256, false)),
        ("SHA1", Some("COMPOSITE"), (A::Sha1, false)),
    ] {
        assert_eq!(declared(Some(algorithm), kind), Ok(Some(checksum)));
    }
    for (algorithm, kind, code) in [
        (Some("SHA256"), Some("FULL_OBJECT"), S3Code::InvalidRequest),
        (Some("CRC64NVME"), Some("COMPOSITE"), S3Code::InvalidRequest),
        (Some("CRC99"), None, S3Code::InvalidRequest),
        (None, Some("COMPOSITE"), S3Code::InvalidRequest),
        (Some("CRC32"), Some("HALF"), S3Code::InvalidArgument),
    ] {
        assert_eq!(
            declared(algorithm, kind),
            Err(code),
            "{algorithm:?} {kind:?}"
        );
    }
}
