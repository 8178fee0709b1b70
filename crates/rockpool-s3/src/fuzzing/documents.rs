//! XML documents.
use crate::{
    acl, complete, delete, tagging,
    xml::{self, Element},
};

/// The root elements of all documents that are read.
const ROOTS: [&str; 4] = [
    "Delete",
    "CompleteMultipartUpload",
    "AccessControlPolicy",
    "Tagging",
];

/// A document of any kind: what is read of it is written to be read again, and each kind has its bounds.
pub fn documents(bytes: &[u8]) {
    for root in ROOTS {
        if let Ok(element) = xml::parse(bytes, root)
            && let Some(written) = write(&element)
        {
            assert_eq!(
                xml::parse(written.as_bytes(), root).ok(),
                Some(element),
                "{written}"
            );
        }
    }
    if let Ok(order) = delete::read_order(bytes) {
        assert!((1..=1000).contains(&order.keys.len()));
    }
    if let Ok(parts) = complete::read_parts(bytes) {
        assert!(!parts.is_empty());
    }
    if let Ok(acl) = acl::from_document(bytes) {
        let again = acl::from_document(acl::document("owner", acl).as_bytes());
        assert_eq!(again.ok(), Some(acl));
    }
    if let Ok(tags) = tagging::from_document(bytes) {
        assert!(tags.len() <= 10);
    }
}

/// Writes an element that has a plain name, with its text in references.
fn write(element: &Element) -> Option<String> {
    let plain = element.name.bytes().all(|b| b.is_ascii_alphanumeric());
    let text: String = element
        .text
        .chars()
        .map(|c| format!("&#x{:x};", u32::from(c)))
        .collect();
    let children: Option<String> = element.children.iter().map(write).collect();
    let name = plain.then_some(&element.name)?;
    Some(format!("<{name}>{text}{}</{name}>", children?))
}
