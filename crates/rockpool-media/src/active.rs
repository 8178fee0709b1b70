//! Media types that a browser would run.

/// Subtypes that a browser renders as a page, runs as a script or hands to a plug-in, whatever their top-level type.
const ACTIVE_SUBTYPES: &[&str] = &[
    "cache-manifest",
    "ecmascript",
    "hta",
    "html",
    "javascript",
    "jscript",
    "livescript",
    "mathml",
    "rfc822",
    "svg",
    "vbscript",
    "wasm",
    "x-component",
    "x-ecmascript",
    "x-javascript",
    "x-mixed-replace",
    "x-shockwave-flash",
    "x-vbscript",
    "xhtml",
    "xml",
    "xml-dtd",
    "xsl",
    "xslt",
];

/// Whether content of this media type could act in the reader's browser when it is opened as a page or loaded as a
/// script: HTML, SVG and everything else that is XML, JavaScript in all its names, archives of pages. Parameters and
/// letter case do not count.
pub fn is_active(media_type: &str) -> bool {
    let essence = media_type.split([';', ',']).next().unwrap_or_default();
    let essence = essence.trim().to_ascii_lowercase();
    let Some((kind, subtype)) = essence.split_once('/') else {
        return false;
    };
    kind == "multipart"
        || subtype.ends_with("+xml")
        || subtype.starts_with("javascript1.")
        || ACTIVE_SUBTYPES.contains(&subtype)
}

#[cfg(test)]
mod tests;
