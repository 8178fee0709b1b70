use super::{count, safe_path};

#[test]
fn paths_stay_below_their_directory() {
    for (path, safe) in [
        ("/", Some("")),
        ("/a.html", Some("a.html")),
        (
            "/.well-known/security.txt",
            Some(".well-known/security.txt"),
        ),
        ("/a%20b/c", Some("a b/c")),
        ("/../etc/passwd", None),
        ("/a/../b", None),
        ("/%2e%2e/b", None),
        ("/a%2f..%2fb", None),
        ("/.git/config", None),
        ("/a//b", None),
        ("/a\\b", None),
        ("/%00", None),
        ("/%ff", None),
    ] {
        assert_eq!(safe_path(path).as_deref(), safe, "{path}");
    }
}

#[test]
fn counts_are_readable() {
    for (number, text) in [
        (0, "0"),
        (999, "999"),
        (1000, "1\u{202f}000"),
        (1_234_567, "1\u{202f}234\u{202f}567"),
    ] {
        assert_eq!(count(number), text);
    }
}
