use url::Url;

use super::{shield_oembed, slim_json_ld};
use crate::{hosts::Hosts, target::ShieldedLinks};

fn links() -> ShieldedLinks {
    ShieldedLinks::new(&Hosts::new(&"https://links.example.org".parse().unwrap()).unwrap())
}

fn base() -> Url {
    "https://example.com/news/1".parse().unwrap()
}

fn slim(text: &str) -> Option<String> {
    slim_json_ld(text, &base(), &links())
}

#[test]
fn json_ld_keeps_what_cards_use() {
    let slimmed = slim(
        r#" {"@type":"NewsArticle","headline":"A </script> headline","image":["/a.jpg",{"@type":"ImageObject",
        "url":"https://cdn.example.com/b.jpg?w=1&h=2"}],"articleBody":"long","url":"https://example.com/news/1",
        "publisher":{"name":"The Paper","logo":{"url":"//example.com/logo.png"}},"wordCount":3} "#,
    );
    assert_eq!(
        slimmed.unwrap(),
        "{\"@type\":\"NewsArticle\",\"headline\":\"A \\u003c/script> headline\",\"image\":\
         [\"https://links.example.org/example.com/a.jpg\",{\"@type\":\"ImageObject\",\"url\":\
         \"https://links.example.org/cdn.example.com/b.jpg?w=1&h=2\"}],\"publisher\":{\"logo\":{\"url\":\
         \"https://links.example.org/example.com/logo.png\"},\"name\":\"The Paper\"},\
         \"url\":\"https://example.com/news/1\",\"wordCount\":3}"
    );
}

#[test]
fn what_is_no_json_goes() {
    for text in ["", "{", "hello", "{\"a\":1} x", "\0"] {
        assert_eq!(slim(text), None, "{text}");
    }
    let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    assert!(slim(&deep).unwrap().len() < 20);
    let long = format!(
        "{{\"description\":\"{}\",\"name\":\"x\"}}",
        "y".repeat(5000)
    );
    assert_eq!(slim(&long).unwrap(), "{\"name\":\"x\"}");
}

#[test]
fn pictures_of_oembed_go_through_the_shield() {
    let shield = |text: &str| {
        let bytes = shield_oembed(text.as_bytes(), &base(), &links())?;
        Some(String::from_utf8(bytes).unwrap())
    };
    assert_eq!(
        shield(r#"{"type":"video","thumbnail_url":"https://i.example.com/t.jpg","url":"https://example.com/v"}"#)
            .unwrap(),
        r#"{"thumbnail_url":"https://links.example.org/i.example.com/t.jpg","type":"video","url":"https://example.com/v"}"#
    );
    assert_eq!(
        shield(r#"{"type":"photo","url":"https://i.example.com/p.jpg"}"#).unwrap(),
        r#"{"type":"photo","url":"https://links.example.org/i.example.com/p.jpg"}"#
    );
    let number = r#"{"a":1.9999933399339998e+20}"#;
    assert_eq!(shield(number).unwrap(), number);
    assert_eq!(shield("[1]"), None);
    assert_eq!(shield("<oembed/>"), None);
}
