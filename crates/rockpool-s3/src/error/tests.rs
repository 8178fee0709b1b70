use super::*;

#[test]
fn every_code_has_an_error_status_and_a_message() {
    for code in S3Code::ALL {
        let status = code.status();
        assert!(
            status.is_client_error() || status.is_server_error(),
            "{code:?}"
        );
        assert_eq!(format!("{code:?}"), code.as_str());
        assert!(code.message().ends_with('.'), "{code:?}");
    }
}

#[test]
fn what_the_operator_reads_stays_from_the_client() {
    let error = S3Error::from(PoolError::Internal("table objects is corrupt".to_owned()));
    assert_eq!(error.code(), S3Code::InternalError);
    assert!(!error.message().contains("corrupt"));
    assert_eq!(error.detail(), Some("table objects is corrupt"));
}

#[test]
fn a_wrong_digest_is_named() {
    let code = |declared| S3Error::from(PoolError::DigestMismatch(declared)).code();
    assert_eq!(code(Declared::ContentMd5([0; 16])), S3Code::BadDigest);
    assert_eq!(
        code(Declared::PayloadSha256([0; 32])),
        S3Code::XAmzContentSHA256Mismatch
    );
}

#[test]
fn statuses_that_clients_act_on_are_s3s() {
    for (code, status) in [
        (S3Code::NoSuchKey, 404),
        (S3Code::NoSuchBucket, 404),
        (S3Code::NotImplemented, 501),
        (S3Code::SlowDown, 503),
        (S3Code::AccessDenied, 403),
        (S3Code::PreconditionFailed, 412),
        (S3Code::InvalidRange, 416),
        (S3Code::MissingContentLength, 411),
    ] {
        assert_eq!(code.status().as_u16(), status, "{code:?}");
    }
}
