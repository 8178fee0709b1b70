use proptest::prelude::*;

use crate::ETag;

const MD5: &str = "d41d8cd98f00b204e9800998ecf8427e";

#[test]
fn etags_have_s3s_two_forms() {
    let single: ETag = MD5.parse().unwrap();
    assert_eq!(single.parts(), 0);
    assert_eq!(single.quoted(), format!("\"{MD5}\""));
    let multipart: ETag = format!("\"{MD5}-3\"").parse().unwrap();
    assert_eq!(multipart.parts(), 3);
    assert_eq!(multipart.to_string(), format!("{MD5}-3"));
    assert_eq!(multipart.md5(), single.md5());
    assert_ne!(single, multipart);
}

#[test]
fn other_texts_are_no_etags() {
    for bad in [
        String::new(),
        "\"\"".to_owned(),
        MD5[1..].to_owned(),
        format!("{MD5}0"),
        format!("{MD5}-"),
        format!("{MD5}-0"),
        format!("{MD5}-03"),
        format!("{MD5}-+3"),
        format!("{MD5}--3"),
        format!("{MD5}-3-4"),
        format!("{MD5}-99999999999"),
        format!("W/\"{MD5}\""),
        format!("\"{MD5}"),
        MD5.replace('d', "x"),
    ] {
        assert!(bad.parse::<ETag>().is_err(), "{bad}");
    }
}

proptest! {
    #[test]
    fn every_etag_comes_back_from_its_text(md5 in any::<[u8; 16]>(), parts in 1u32..) {
        for etag in [ETag::single(md5), ETag::multipart(md5, parts)] {
            prop_assert_eq!(etag.to_string().parse(), Ok(etag));
            prop_assert_eq!(etag.quoted().parse(), Ok(etag));
        }
    }
}
