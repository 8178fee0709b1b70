//! From whatever character set a page is in to UTF-8, as browsers find it out (WHATWG HTML, "determining the character
//! encoding"): the byte order mark, then the `Content-Type` header, then the page's own `meta`, then a guess.
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Decoder, Encoding, UTF_8, WINDOWS_1252};
use url::Url;

/// How far a page is searched for its own word on its encoding. Browsers search 1024 bytes; pages with a long licence in
/// front of it are out there.
const SEARCH_BYTES: usize = 4 << 10;
/// How long a guess is put off while all bytes are ASCII, which says nothing.
const GUESS_BYTES: usize = 32 << 10;
/// How many bytes a guess is made from, counted from the first one that is not ASCII.
const TELLING_BYTES: usize = 1 << 10;

/// A page on its way to UTF-8.
pub(super) enum Utf8Stream {
    /// The encoding is not known yet; this is all that came.
    Undecided {
        /// The page's beginning, at most [`GUESS_BYTES`] and one piece.
        begin: Vec<u8>,
        /// The last label of the host's name, a hint for guessing.
        tld: Option<Vec<u8>>,
    },
    /// The encoding is known.
    Decoding(Decoder),
}

impl Utf8Stream {
    /// Begins with a page at `url` that came with this `Content-Type`.
    pub(super) fn new(content_type: Option<&str>, url: &Url) -> Self {
        match content_type.and_then(charset_of) {
            Some(encoding) => Self::Decoding(encoding.new_decoder()),
            None => Self::Undecided {
                begin: Vec::new(),
                tld: url
                    .domain()
                    .and_then(|name| name.rsplit('.').next())
                    .map(|label| label.to_ascii_lowercase().into_bytes()),
            },
        }
    }

    /// Appends what is certain of the page with the next piece to `out`.
    pub(super) fn push(&mut self, bytes: &[u8], out: &mut String) {
        match self {
            Self::Decoding(decoder) => decode(decoder, bytes, false, out),
            Self::Undecided { begin, tld } => {
                begin.extend_from_slice(bytes);
                if let Some(encoding) = decide(begin, tld.as_deref(), false) {
                    self.begin_with(encoding, out);
                }
            }
        }
    }

    /// Appends what is left. Nothing may be pushed afterwards.
    pub(super) fn finish(&mut self, out: &mut String) {
        if let Self::Undecided { begin, tld } = self {
            let encoding = decide(begin, tld.as_deref(), true).unwrap_or(UTF_8);
            self.begin_with(encoding, out);
        }
        if let Self::Decoding(decoder) = self {
            decode(decoder, b"", true, out);
        }
    }

    fn begin_with(&mut self, encoding: &'static Encoding, out: &mut String) {
        let mut decoder = encoding.new_decoder();
        if let Self::Undecided { begin, .. } = self {
            decode(&mut decoder, begin, false, out);
        }
        *self = Self::Decoding(decoder);
    }
}

fn decode(decoder: &mut Decoder, bytes: &[u8], last: bool, out: &mut String) {
    out.reserve(
        decoder
            .max_utf8_buffer_length(bytes.len())
            .unwrap_or(bytes.len()),
    );
    // With that much room it takes one call; what is no character becomes U+FFFD.
    let _ = decoder.decode_to_string(bytes, out, last);
}

/// The encoding of a page that begins like this. `None`: more is needed, unless this is `all`. The answer is the same
/// wherever the pieces end that a page comes in.
fn decide(begin: &[u8], tld: Option<&[u8]>, all: bool) -> Option<&'static Encoding> {
    if begin.len() < 3 && !all {
        return None;
    }
    if let Some((encoding, _)) = Encoding::for_bom(begin) {
        return Some(encoding);
    }
    let searched = &begin[..begin.len().min(SEARCH_BYTES)];
    if let Some(encoding) = declared(searched, all || begin.len() >= SEARCH_BYTES) {
        return Some(encoding);
    }
    let first = begin.iter().position(|b| !b.is_ascii());
    let due = first.map_or(GUESS_BYTES, |at| at + TELLING_BYTES);
    let due = due.clamp(SEARCH_BYTES, GUESS_BYTES);
    if begin.len() < due && !all {
        return None;
    }
    let begin = &begin[..begin.len().min(due)];
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(begin, begin.len() < due);
    let guess = detector.guess(tld, Utf8Detection::Allow);
    // Without a byte that tells, the rest is most likely what the web is written in.
    let said_nothing = begin.is_ascii() && guess == WINDOWS_1252;
    Some(if said_nothing { UTF_8 } else { guess })
}

/// The encoding that a page's beginning declares, in a `meta` or an XML declaration. A tag that has not ended counts only
/// when this is the `whole` beginning: else it may go on, from `iso-8859-1` to `iso-8859-15`.
fn declared(begin: &[u8], whole: bool) -> Option<&'static Encoding> {
    let lower = begin.to_ascii_lowercase();
    let end_of_tag = |text: &[u8]| find(text, b">").or_else(|| whole.then_some(text.len()));
    if lower.starts_with(b"<?xml") {
        let declaration = &lower[..end_of_tag(&lower)?];
        if let Some(at) = find(declaration, b"encoding") {
            return from_markup(value_after(&declaration[at + 8..])?);
        }
    }
    let mut rest = lower.as_slice();
    loop {
        let at = find(rest, b"<")?;
        rest = &rest[at..];
        if rest.starts_with(b"<!--") {
            rest = &rest[find(rest, b"-->")? + 3..];
        } else if rest.starts_with(b"<meta") {
            let (tag, after) = rest.split_at(end_of_tag(rest)?);
            let found = find(tag, b"charset").and_then(|at| value_after(&tag[at + 7..]));
            if let Some(encoding) = found.and_then(from_markup) {
                return Some(encoding);
            }
            rest = after;
        } else {
            rest = &rest[1..];
        }
    }
}

/// The value behind `=`, with or without quotes.
fn value_after(text: &[u8]) -> Option<&[u8]> {
    let text = text.trim_ascii_start().strip_prefix(b"=")?;
    let text = text.trim_ascii_start();
    let text = text
        .strip_prefix(b"\"")
        .or_else(|| text.strip_prefix(b"'"))
        .unwrap_or(text);
    let end = text
        .iter()
        .position(|b| !(b.is_ascii_alphanumeric() || b"-_:.+".contains(b)))
        .unwrap_or(text.len());
    Some(&text[..end])
}

/// An encoding as markup names it. Markup that can be read byte by byte is not in UTF-16, whatever it says.
fn from_markup(label: &[u8]) -> Option<&'static Encoding> {
    let encoding = Encoding::for_label(label)?;
    Some(match encoding.name() {
        "UTF-16LE" | "UTF-16BE" => UTF_8,
        "x-user-defined" => WINDOWS_1252,
        _ => encoding,
    })
}

/// The charset of a `Content-Type`.
fn charset_of(content_type: &str) -> Option<&'static Encoding> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches(['"', '\'']);
        name.trim()
            .eq_ignore_ascii_case("charset")
            .then(|| Encoding::for_label(value.as_bytes()))
            .flatten()
    })
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests;
