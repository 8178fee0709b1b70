use proptest::prelude::*;

use super::*;
use crate::{error::S3Code, query::Query};

#[test]
fn url_encoding_leaves_what_clients_decode_either_way() {
    let encode = |text| Encoding::Url.of(text).into_owned();
    assert_eq!(encode("a/b c+d%&\u{1}é"), "a/b%20c%2Bd%25%26%01%C3%A9");
    assert_eq!(encode("-._~"), "-._~");
    assert_eq!(Encoding::Plain.of("a b"), "a b");
}

#[test]
fn only_one_encoding_is_known() {
    let parse = |raw| Encoding::parse(&Query::parse(raw).unwrap()).map_err(|error| error.code());
    assert_eq!(parse(""), Ok(Encoding::Plain));
    assert_eq!(parse("encoding-type="), Ok(Encoding::Plain));
    assert_eq!(parse("encoding-type=url"), Ok(Encoding::Url));
    assert_eq!(parse("encoding-type=base64"), Err(S3Code::InvalidArgument));
}

#[test]
fn foreign_tokens_are_refused() {
    for token in ["not a token!", "_w"] {
        let error = read_token(token).unwrap_err();
        assert_eq!(error.code(), S3Code::InvalidArgument, "{token}");
    }
}

proptest! {
    #[test]
    fn tokens_carry_any_key(key in "\\PC{0,64}") {
        prop_assert_eq!(read_token(&write_token(&key)).unwrap(), key);
    }

    #[test]
    fn encoded_keys_decode_to_themselves(key in "\\PC{0,64}|[\\x00-\\x7f]{0,64}") {
        let encoded = Encoding::Url.of(&key).into_owned();
        let decoded = Query::parse(&format!("k={encoded}")).unwrap();
        prop_assert_eq!(decoded.get("k").unwrap(), key);
    }
}
