//! HTML, XHTML, SVG and other XML, by their first element.
use crate::MediaType;

/// Elements that a page without a head may begin with. Any other makes it XML, which is as active.
const HTML_ELEMENTS: &str = "html head body title base link meta style script noscript template iframe frameset \
    object embed applet h1 h2 h3 h4 h5 h6 div p br hr a b i u em strong span font center marquee pre blockquote table \
    tr td ul ol li form input button select textarea details dialog img video audio canvas math main article section \
    header footer nav";

/// What markup `text` begins with, behind white space, comments, declarations and instructions. `None` when it
/// begins with none.
pub(super) fn sniff(text: &str) -> Option<MediaType> {
    let mut rest = text.trim_start();
    // What has been passed, if no element follows that decides.
    let mut passed = None;
    loop {
        let behind = if let Some(comment) = rest.strip_prefix("<!--") {
            passed = passed.or(Some("text/html"));
            after(comment, "-->")
        } else if let Some(instruction) = rest.strip_prefix("<?") {
            if !starts_with(instruction, "xml") {
                after(instruction, ">")
            } else {
                passed = Some("application/xml");
                after(instruction, "?>")
            }
        } else if starts_with(rest, "<!doctype") {
            let declaration = &rest["<!doctype".len()..];
            if starts_with(declaration.trim_start(), "svg") {
                return Some("image/svg+xml");
            }
            passed = passed.or(Some("text/html"));
            after_declaration(declaration)
        } else {
            return match element(rest) {
                Some(name) => Some(by_element(&name, passed)),
                None => passed,
            };
        };
        // What does not end in the head may end behind it, and browsers go on all the same.
        rest = match behind {
            Some(behind) => behind.trim_start(),
            None => return passed.or(Some("text/html")),
        };
    }
}

fn by_element(name: &str, passed: Option<MediaType>) -> MediaType {
    match (name, passed) {
        ("svg", _) => "image/svg+xml",
        ("html", Some("application/xml")) => "application/xhtml+xml",
        (_, Some(passed)) => passed,
        (name, None) if HTML_ELEMENTS.split(' ').any(|known| known == name) => "text/html",
        (_, None) => "application/xml",
    }
}

/// The name of the element that `text` begins with, in lower case and without its namespace prefix.
fn element(text: &str) -> Option<String> {
    let tag = text.strip_prefix('<')?;
    let in_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
    let end = tag.find(|c| !in_name(c)).unwrap_or(tag.len());
    let (name, behind) = tag.split_at(end);
    let is_tag = behind.is_empty()
        || behind.starts_with('>')
        || behind.starts_with("/>")
        || behind.starts_with(char::is_whitespace)
        // Browsers take a slash for a space: `<svg/onload=..>`.
        || behind.starts_with('/') && !behind.starts_with("//");
    let named = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let local = name.rsplit(':').next().unwrap_or(name);
    (is_tag && named).then(|| local.to_ascii_lowercase())
}

/// Whether `text` begins with `word`, whatever the case.
fn starts_with(text: &str, word: &str) -> bool {
    text.get(..word.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(word))
}

fn after<'a>(text: &'a str, end: &str) -> Option<&'a str> {
    text.split_once(end).map(|(_, behind)| behind)
}

/// What follows a document type declaration, which may have others within brackets.
fn after_declaration(text: &str) -> Option<&str> {
    let end = text.find(['>', '['])?;
    if text[end..].starts_with('[') {
        after(after(&text[end..], "]")?, ">")
    } else {
        Some(&text[end + 1..])
    }
}
