//! XML: writing S3's answers.
use std::fmt::Display;

mod read;
#[cfg(test)]
mod tests;

pub(crate) use read::{Element, parse};

/// The namespace of S3's documents.
const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// The XML declaration that every document begins with.
pub(crate) const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// A document that is being written: elements and text, escaped.
#[derive(Debug)]
pub(crate) struct Xml(String);

impl Xml {
    /// A document with a root element in S3's namespace, without the declaration.
    pub(crate) fn document(root: &str, content: impl FnOnce(&mut Self)) -> String {
        let mut xml = Self(String::with_capacity(512));
        xml.raw(&["<", root, " xmlns=\"", NAMESPACE, "\">"]);
        content(&mut xml);
        xml.raw(&["</", root, ">"]);
        xml.0
    }

    /// A document whose root has no namespace: S3's error document, without the declaration.
    pub(crate) fn plain_document(root: &str, content: impl FnOnce(&mut Self)) -> String {
        let mut xml = Self(String::with_capacity(512));
        xml.element(root, content);
        xml.0
    }

    /// An element with elements in it.
    pub(crate) fn element(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        self.raw(&["<", name, ">"]);
        content(self);
        self.raw(&["</", name, ">"]);
    }

    /// An element with text in it. Characters that XML forbids are replaced: where a client's own words are echoed, it
    /// matters more that it can read the rest.
    pub(crate) fn text(&mut self, name: &str, text: &str) {
        self.element(name, |xml| xml.characters(text));
    }

    /// An element with text that the client learns from it, so that nothing may be replaced. Clients that cannot read
    /// forbidden characters ask for `encoding-type=url`.
    pub(crate) fn exact(&mut self, name: &str, text: &str) {
        self.element(name, |xml| {
            escape(text, Forbidden::Referenced, &mut xml.0);
        });
    }

    /// Text in the element that is being written.
    pub(crate) fn characters(&mut self, text: &str) {
        escape(text, Forbidden::Replaced, &mut self.0);
    }

    /// An element with a number, a date or the like in it.
    pub(crate) fn value(&mut self, name: &str, value: impl Display) {
        self.text(name, &value.to_string());
    }

    /// An element with text in it, if there is any to put.
    pub(crate) fn optional(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    /// A grantee of an access control list, whose kind is an attribute.
    pub(crate) fn grantee(&mut self, kind: &str, content: impl FnOnce(&mut Self)) {
        self.raw(&[
            "<Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"",
            kind,
            "\">",
        ]);
        content(self);
        self.raw(&["</Grantee>"]);
    }

    fn raw(&mut self, pieces: &[&str]) {
        for piece in pieces {
            self.0.push_str(piece);
        }
    }
}

/// What becomes of characters that XML 1.0 forbids.
#[derive(Clone, Copy)]
enum Forbidden {
    /// They become U+FFFD, and the document can be read by all.
    Replaced,
    /// They become numeric references, as S3 writes them: lenient parsers read them, strict ones give up.
    Referenced,
}

fn escape(text: &str, forbidden: Forbidden, out: &mut String) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            // Allowed, but a parser would change it to a line feed.
            '\r' => out.push_str("&#xd;"),
            '\t' | '\n' => out.push(c),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => match forbidden {
                Forbidden::Replaced => out.push(char::REPLACEMENT_CHARACTER),
                Forbidden::Referenced => out.push_str(&format!("&#x{:x};", u32::from(c))),
            },
            c => out.push(c),
        }
    }
}
