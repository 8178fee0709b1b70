//! XML: reading what clients send, with bounds and without entities of their own.
use std::borrow::Cow;

use quick_xml::{
    Reader,
    events::{BytesRef, BytesStart, Event},
};

use crate::error::{S3Code, S3Error};

/// How deep elements may lie in each other; S3's documents need five.
const MAX_DEPTH: usize = 16;

/// How many elements a document may have: 10,000 parts with a number, an ETag and two checksums, and a few.
const MAX_ELEMENTS: usize = 50_100;

/// An element: its name without a namespace prefix, its text and the elements in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Element {
    /// Its name, without a prefix.
    pub(crate) name: String,
    /// The text in it, resolved; that of its children is theirs.
    pub(crate) text: String,
    /// The elements in it, in order.
    pub(crate) children: Vec<Element>,
}

impl Element {
    /// The first child of that name.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The children of that name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The exact text of the first child of that name.
    pub(crate) fn child_text(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.as_str())
    }
}

/// Reads a document with the root `root`, in whatever namespace. `MalformedXML` for anything else, for document
/// type declarations, and beyond the bounds of depth and number.
pub(crate) fn parse(bytes: &[u8], root: &str) -> Result<Element, S3Error> {
    let text = std::str::from_utf8(bytes).map_err(|_| malformed("it is not UTF-8"))?;
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut open: Vec<Element> = Vec::new();
    let mut done: Option<Element> = None;
    let mut count = 0;
    loop {
        let event = reader.read_event().map_err(|e| malformed(&e.to_string()))?;
        match event {
            Event::Start(start) => {
                count += 1;
                if open.len() >= MAX_DEPTH || count > MAX_ELEMENTS || done.is_some() {
                    return Err(malformed("it has too many elements, or too deep ones"));
                }
                open.push(begin(&start));
            }
            Event::End(_) => {
                let element = open.pop().ok_or_else(|| malformed("an end has no start"))?;
                match open.last_mut() {
                    Some(parent) => parent.children.push(element),
                    None => done = Some(element),
                }
            }
            Event::Text(text) => append(&mut open, &normalized(&text))?,
            Event::CData(text) => append(&mut open, &normalized(&text))?,
            Event::GeneralRef(reference) => append(&mut open, &resolve(&reference)?)?,
            Event::DocType(_) => return Err(malformed("it has a document type declaration")),
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
    }
    match done {
        Some(element) if open.is_empty() && element.name == root => Ok(element),
        Some(element) => Err(malformed(&format!(
            "its root is `{}`, `{root}` expected",
            element.name
        ))),
        None => Err(malformed(&format!("there is no whole `{root}` element"))),
    }
}

fn begin(start: &BytesStart<'_>) -> Element {
    Element {
        name: start.local_name().as_ref().to_owned(),
        ..Element::default()
    }
}

/// Line ends as XML 1.0 section 2.11 wants them.
fn normalized(text: &str) -> Cow<'_, str> {
    if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(text)
    }
}

fn append(open: &mut [Element], text: &str) -> Result<(), S3Error> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim_matches(['\u{feff}', ' ', '\t', '\n']).is_empty() => {}
        None => return Err(malformed("there is text outside of its root")),
    }
    Ok(())
}

/// A character reference, or one of XML's five own entities. There are no others, so nothing expands.
fn resolve(reference: &BytesRef<'_>) -> Result<String, S3Error> {
    let bad = || malformed("a reference in it cannot be resolved");
    // XML has no such character, but S3's keys do, and lists of them write it so.
    if matches!(&**reference, "#x0" | "#0") {
        return Ok("\0".to_owned());
    }
    if let Some(c) = reference.resolve_char_ref().map_err(|_| bad())? {
        return Ok(c.to_string());
    }
    match &**reference {
        "amp" => Ok("&".to_owned()),
        "lt" => Ok("<".to_owned()),
        "gt" => Ok(">".to_owned()),
        "quot" => Ok("\"".to_owned()),
        "apos" => Ok("'".to_owned()),
        _ => Err(bad()),
    }
}

fn malformed(why: &str) -> S3Error {
    S3Error::new(
        S3Code::MalformedXML,
        format!("The XML cannot be read: {why}."),
    )
}
