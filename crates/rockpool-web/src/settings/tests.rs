use proptest::prelude::*;

use super::*;

#[test]
fn public_urls_are_absolute_and_fit_into_headers() {
    for (text, fits) in [
        ("http://127.0.0.1:23281", true),
        ("https://blob.example", true),
        ("https://blob.example/", true),
        ("https://cdn.example/pool/a", true),
        ("https://[::1]:8080", true),
        ("", false),
        ("/blobs", false),
        ("blob.example", false),
        ("//blob.example", false),
        ("ftp://blob.example", false),
        ("https://", false),
        ("https://blob.example/?a=b", false),
        ("https://blob.example/#a", false),
        ("https://user@blob.example", false),
        ("https://blob.example/a b", false),
        ("https://blob.example/\r\nSet-Cookie: a=b", false),
        ("https://bl\u{f6}b.example", false),
    ] {
        assert_eq!(text.parse::<PublicUrl>().is_ok(), fits, "{text}");
    }
}

#[test]
fn a_path_joins_with_one_slash() {
    for (base, joined) in [
        ("https://blob.example", "https://blob.example/blobs/a"),
        ("https://blob.example/", "https://blob.example/blobs/a"),
        ("https://cdn.example/p", "https://cdn.example/p/blobs/a"),
    ] {
        let url: PublicUrl = base.parse().unwrap();
        assert_eq!(url.join("blobs/a"), joined);
    }
}

proptest! {
    #[test]
    fn whatever_is_taken_for_a_url_is_a_header(text in "https?://[ -~\u{7f}-\u{ff}]{0,40}") {
        if let Ok(url) = text.parse::<PublicUrl>() {
            let header = url.header();
            prop_assert_eq!(header.as_bytes(), text.as_bytes());
        }
    }
}
