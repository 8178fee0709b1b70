//! Microformats: the classes by which they are known (<https://microformats.org/wiki/microformats2-parsing>).

/// Of a `class` attribute, what microformats use. `None`: nothing.
pub(super) fn microformat_classes(class: &str) -> Option<String> {
    let kept: Vec<&str> = class
        .split_ascii_whitespace()
        .filter(|name| is_microformat(name))
        .collect();
    (!kept.is_empty()).then(|| kept.join(" "))
}

/// The classes of version 2 (`h-entry`, `p-name`, ...) and the roots and best known properties of version 1.
fn is_microformat(name: &str) -> bool {
    let version_2 = ["h-", "p-", "u-", "dt-", "e-"].iter().any(|prefix| {
        name.strip_prefix(prefix).is_some_and(|rest| {
            // Utility classes of style sheets look alike: `p-4`, `h-full` is one that cannot be told apart.
            rest.len() > 1
                && rest.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
                && rest.as_bytes()[0].is_ascii_lowercase()
        })
    });
    let version_1 = matches!(
        name,
        "hentry"
            | "hfeed"
            | "vcard"
            | "hreview"
            | "hrecipe"
            | "hproduct"
            | "vevent"
            | "entry-title"
            | "entry-summary"
            | "entry-content"
            | "published"
            | "updated"
            | "fn"
    );
    version_2 || version_1
}
