use super::{BatchSize, Walk, beyond, successor};

fn check(prefix: &str, delimiter: &str, key: &str, expected: Option<&str>) {
    let walk = Walk::new(prefix.to_owned(), Some(delimiter.to_owned()));
    assert_eq!(
        walk.common_prefix(key),
        expected,
        "{prefix:?} {delimiter:?} {key:?}"
    );
}

#[test]
fn a_key_is_rolled_up_at_the_first_delimiter_behind_the_prefix() {
    check("", "/", "a/b/c", Some("a/"));
    check("a/", "/", "a/b/c", Some("a/b/"));
    check("a/", "/", "a/b", None);
    check("a", "/", "a/", Some("a/"));
    check("", "/", "/", Some("/"));
    check("", "", "a/b", None);
    check("x", "/", "a/b", None);
    check("", "ab", "xaab", Some("xaab"));
    check("a", "aa", "aaa", Some("aaa"));
    check("ü", "→", "ü→x→", Some("ü→"));
}

fn check_start(after: Option<&str>, expected: &[u8]) {
    let walk = Walk::new("p/".to_owned(), Some("/".to_owned()));
    assert_eq!(walk.start(after), expected, "{after:?}");
}

#[test]
fn a_page_begins_behind_what_was_shown() {
    check_start(None, b"p/");
    check_start(Some(""), b"p/");
    check_start(Some("p"), b"p/");
    check_start(Some("o/z"), b"p/");
    check_start(Some("p/"), &successor("p/"));
    check_start(Some("p/a"), &successor("p/a"));
    check_start(Some("p/a/"), &beyond("p/a/"));
    check_start(Some("p/a/b"), &beyond("p/a/"));
    check_start(Some("q"), &successor("q"));
}

#[test]
fn a_listing_ends_behind_the_highest_character() {
    let walk = Walk::new("p".to_owned(), None);
    assert!(walk.end().as_slice() > "p\u{10FFFF}\u{10FFFF}".as_bytes());
    assert!(walk.end().as_slice() < "q".as_bytes());
}

#[test]
fn batches_grow_while_rows_are_shown_and_shrink_when_they_are_wasted() {
    let flat = BatchSize::new(&Walk::new(String::new(), None));
    assert_eq!((flat.rows(20), flat.rows(usize::MAX)), (21, 1000));
    let mut rolled = BatchSize::new(&Walk::new(String::new(), Some("/".to_owned())));
    assert_eq!((rolled.rows(100), rolled.rows(1)), (4, 2));
    for _ in 0..20 {
        rolled.learn(4, 4);
    }
    assert_eq!(rolled.rows(5000), 1000);
    rolled.learn(1000, 1);
    assert_eq!(rolled.rows(5000), 4);
}
