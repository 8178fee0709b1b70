use proptest::prelude::*;

use crate::ObjectKey;

fn short(text: &str) -> Option<String> {
    let short = ObjectKey::new(text).unwrap().short_form()?;
    assert!(short.is_short_form(), "{short}");
    Some(short.as_str().to_owned())
}

#[test]
fn keys_of_up_to_255_units_have_no_short_form() {
    for text in [
        "a",
        &"a".repeat(255),
        &"\u{e9}".repeat(255),
        &"\u{1F980}".repeat(127),
    ] {
        assert_eq!(short(text), None, "{} bytes", text.len());
    }
}

#[test]
fn long_keys_keep_their_beginning_a_digest_and_how_much_is_missing() {
    // The digests are those of sha256sum.
    for (text, kept, digest, beyond) in [
        (
            "a".repeat(256),
            "a".repeat(188),
            "02d7160d77e18c6447be80c2e355c7ed4388545271702c50253b0914c65ce5fe",
            "1",
        ),
        (
            format!("{}/{}.png", "b".repeat(300), "c".repeat(100)),
            "b".repeat(186),
            "2a458ea0dfc37b54cf72de777567f2a72a78eda9f3b58c5c736e81a1e4b4cc21",
            "150",
        ),
        (
            "\u{1F980}".repeat(130),
            "\u{1F980}".repeat(94),
            "195b31f8d45856e97aa5a9ae408d986aa420e6dffcd62bb11ca0a039dc9b468e",
            "5",
        ),
    ] {
        assert_eq!(short(&text), Some(format!("{kept}~{digest}${beyond}")));
    }
}

#[test]
fn a_key_whose_beginning_would_end_within_a_character_has_no_short_form() {
    // 255 - 66 - 1 = 188 units would be kept, which is the first half of the last character.
    let text = format!("a{}", "\u{1F980}".repeat(128));
    assert_eq!(short(&text), None);
}

#[test]
fn what_only_resembles_a_short_form_is_none() {
    let real = short(&"a".repeat(256)).unwrap();
    for text in [
        "a",
        "a~b$1",
        &real[1..],
        &format!("{}0", &real[..real.len() - 1]),
        &real.replace('~', "-"),
        &real.replace('~', "~A").replacen("a", "", 1),
    ] {
        assert!(!ObjectKey::new(text).unwrap().is_short_form(), "{text}");
    }
}

proptest! {
    #[test]
    fn short_forms_have_exactly_255_units(text in "\\PC{250,400}") {
        if let Ok(key) = ObjectKey::new(text)
            && let Some(short) = key.short_form()
        {
            prop_assert_eq!(short.as_str().encode_utf16().count(), 255);
            prop_assert!(short.is_short_form());
            prop_assert_eq!(short.short_form(), None);
        }
    }
}
