//! JSON that cards are made of, kept small and led through the shield: JSON-LD in pages (<https://schema.org>) and oEmbed
//! documents (<https://oembed.com>).
use serde_json::{Map, Value};
use url::Url;

use crate::target::ShieldedLinks;

/// The longest JSON that is understood.
pub(crate) const MAX_INPUT_BYTES: usize = 256 << 10;
/// The longest text of a field that stays.
const MAX_TEXT_BYTES: usize = 2 << 10;
/// The most members of a list that stay.
const MAX_LIST: usize = 16;
/// How deep objects may lie in each other.
const MAX_DEPTH: usize = 6;
/// The longest JSON-LD that stays.
const MAX_OUTPUT_BYTES: usize = 32 << 10;

/// Fields that are long and that no card shows.
const BULK: &[&str] = &[
    "articleBody",
    "text",
    "transcript",
    "review",
    "reviews",
    "comment",
    "comments",
    "itemListElement",
    "hasPart",
    "potentialAction",
    "recipeInstructions",
    "recipeIngredient",
    "mentions",
    "sameAs",
    "speakable",
];

/// Fields that lead to pictures, which servers fetch.
const PICTURES: &[&str] = &["image", "thumbnailUrl", "thumbnail", "logo", "photo"];

/// Of a page's JSON-LD, what cards use, safe to stand in a `script` element. `None`: it is none, or too much.
pub(super) fn slim_json_ld(text: &str, base: &Url, links: &ShieldedLinks) -> Option<String> {
    let value: Value = serde_json::from_str(text.trim()).ok()?;
    let slim = slim(value, base, links, 0)?;
    let text = serde_json::to_string(&slim).ok()?;
    // `</script` and `<!--` would end or confuse the element (HTML, "Restrictions for contents of script elements").
    let text = text.replace('<', "\\u003c");
    (text.len() <= MAX_OUTPUT_BYTES).then_some(text)
}

fn slim(value: Value, base: &Url, links: &ShieldedLinks, depth: usize) -> Option<Value> {
    match value {
        Value::Object(_) | Value::Array(_) if depth >= MAX_DEPTH => None,
        Value::Object(fields) => {
            let kept: Map<String, Value> = fields
                .into_iter()
                .filter(|(name, _)| !BULK.contains(&name.as_str()))
                .filter_map(|(name, value)| {
                    let mut value = slim(value, base, links, depth + 1)?;
                    if PICTURES.contains(&name.as_str()) {
                        shield_pictures(&mut value, base, links);
                    }
                    Some((name, value))
                })
                .collect();
            Some(Value::Object(kept))
        }
        Value::Array(list) => {
            let kept = list.into_iter().take(MAX_LIST);
            let kept = kept.filter_map(|value| slim(value, base, links, depth + 1));
            Some(Value::Array(kept.collect()))
        }
        Value::String(text) if text.len() > MAX_TEXT_BYTES => None,
        value => Some(value),
    }
}

/// Leads pictures through the shield: URLs, `ImageObject`s, and lists of them.
fn shield_pictures(value: &mut Value, base: &Url, links: &ShieldedLinks) {
    match value {
        Value::String(text) => {
            let url = base.join(text.trim()).ok();
            if let Some(shielded) = url.and_then(|url| links.shielded(&url)) {
                *text = shielded;
            }
        }
        Value::Array(list) => {
            for value in list {
                shield_pictures(value, base, links);
            }
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                if matches!(name.as_str(), "url" | "contentUrl" | "thumbnailUrl") {
                    shield_pictures(value, base, links);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// An oEmbed document in JSON with its pictures led through the shield. `None`: it is none.
pub(crate) fn shield_oembed(text: &[u8], base: &Url, links: &ShieldedLinks) -> Option<Vec<u8>> {
    let mut value: Value = serde_json::from_slice(text).ok()?;
    let fields = value.as_object_mut()?;
    let is_photo = fields.get("type").and_then(Value::as_str) == Some("photo");
    for name in ["thumbnail_url", "url"] {
        if let Some(value) = fields.get_mut(name)
            && (name == "thumbnail_url" || is_photo)
        {
            shield_pictures(value, base, links);
        }
    }
    serde_json::to_vec(&value).ok()
}

#[cfg(test)]
mod tests;
