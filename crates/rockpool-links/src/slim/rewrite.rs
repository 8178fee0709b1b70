//! The rules, carried out on the stream of a page's elements and texts.
use std::{
    borrow::Cow,
    sync::{Arc, Mutex},
};

use html_escape::{decode_html_entities, encode_double_quoted_attribute};
use lol_html::{
    html_content::{Attribute, ContentType, EndTag, TextChunk, TextType},
    send::Element,
};
use url::Url;

use crate::target::ShieldedLinks;

use super::{
    card_json,
    classes::microformat_classes,
    lock,
    rules::{Content, Fate, Link, URL_ATTRIBUTES, content_of, fate, is_of_head, link, may_keep},
    wishes::Wishes,
};

/// The attribute by which a site takes an element out of what the shield passes on; jort.link's, which sites know.
const REMOVE_MARK: &str = "data-jortlink-remove";
/// The longest attribute that stays.
const MAX_ATTRIBUTE_BYTES: usize = 8 << 10;
/// The most text of a title.
const MAX_TITLE_BYTES: usize = 2 << 10;
/// The most text of a body.
const MAX_TEXT_BYTES: usize = 8 << 10;
/// The most pictures of a body.
const MAX_PICTURES: usize = 8;

/// A page on its way through the rules.
pub(super) struct Rewrite {
    /// What relative URLs are relative to.
    base: Url,
    links: ShieldedLinks,
    /// What the page asks of robots, so far.
    pub(super) wishes: Wishes,
    in_body: bool,
    charset_told: bool,
    title: usize,
    text: usize,
    /// Whether the text so far ends with white space.
    spaced: bool,
    pictures: usize,
    /// How many elements that are dropped are open here.
    dropping: usize,
    /// The JSON-LD that is being read.
    json: Option<String>,
}

impl Rewrite {
    pub(super) fn new(url: Url, links: ShieldedLinks) -> Self {
        Self {
            base: url,
            links,
            wishes: Wishes::default(),
            in_body: false,
            charset_told: false,
            title: 0,
            text: 0,
            spaced: true,
            pictures: 0,
            dropping: 0,
            json: None,
        }
    }

    /// Whether the head is over.
    pub(super) const fn in_body(&self) -> bool {
        self.in_body
    }

    /// Decides on an element. `again` is this very value, for what has to wait until the element ends.
    pub(super) fn element(&mut self, element: &mut Element<'_, '_>, again: Arc<Mutex<Self>>) {
        if element.removed() {
            return; // it is inside of one that is dropped
        }
        self.dropping = 0;
        let tag = element.tag_name();
        if !self.in_body && !is_of_head(&tag) {
            self.in_body = true;
        }
        if element.has_attribute(REMOVE_MARK) {
            self.drop_element(element, again);
            return;
        }
        if tag == "base" {
            self.read_base(element);
        }
        if tag == "script" && is_json_ld(element) {
            self.begin_json(element, again);
            return;
        }
        match self.fate_of(&tag, element) {
            Fate::Drop => return self.drop_element(element, again),
            Fate::Unwrap => return element.remove_and_keep_content(),
            Fate::Keep => {}
        }
        let stays = match tag.as_str() {
            "meta" => self.meta(element),
            "link" => self.link(element),
            "img" => self.picture(element),
            _ => true,
        };
        if !stays {
            element.remove();
            return;
        }
        self.make_absolute(element);
        slim_attributes(element);
        self.tell_charset(&tag, element);
    }

    fn fate_of(&self, tag: &str, element: &Element<'_, '_>) -> Fate {
        let fate = fate(tag);
        if fate == Fate::Drop {
            return fate;
        }
        let rel = element.get_attribute("rel").unwrap_or_default();
        let is_me = rel
            .split_ascii_whitespace()
            .any(|word| word.eq_ignore_ascii_case("me"));
        let speaks = is_me
            || element.has_attribute("itemprop")
            || element.has_attribute("itemscope")
            || element
                .get_attribute("class")
                .is_some_and(|class| microformat_classes(&class).is_some());
        let full = self.text >= MAX_TEXT_BYTES && self.in_body && !is_of_head(tag) && tag != "body";
        match fate {
            _ if speaks => Fate::Keep,
            Fate::Keep if full => Fate::Unwrap,
            fate => fate,
        }
    }

    fn drop_element(&mut self, element: &mut Element<'_, '_>, again: Arc<Mutex<Self>>) {
        element.remove();
        if let Some(handlers) = element.end_tag_handlers() {
            self.dropping += 1;
            handlers.push(Box::new(move |_: &mut EndTag<'_>| {
                let mut page = lock(&again);
                page.dropping = page.dropping.saturating_sub(1);
                Ok(())
            }));
        }
    }

    /// Only the first `base` counts, as in browsers.
    fn read_base(&mut self, element: &Element<'_, '_>) {
        let base = attribute(element, "href").and_then(|href| self.base.join(&href).ok());
        if let Some(base) = base.filter(|base| matches!(base.scheme(), "http" | "https")) {
            self.base = base;
        }
    }

    /// Takes JSON-LD out of the page; at its end, what cards use of it is put there.
    fn begin_json(&mut self, element: &mut Element<'_, '_>, again: Arc<Mutex<Self>>) {
        element.remove_and_keep_content();
        self.json = Some(String::new());
        if let Some(handlers) = element.end_tag_handlers() {
            handlers.push(Box::new(move |end: &mut EndTag<'_>| {
                let mut page = lock(&again);
                let json = page.json.take().unwrap_or_default();
                if let Some(json) = card_json::slim_json_ld(&json, &page.base, &page.links) {
                    let script = format!("<script type=\"application/ld+json\">{json}</script>");
                    end.before(&script, ContentType::Html);
                }
                Ok(())
            }));
        }
    }

    /// Decides on a `meta` that may stay.
    fn meta(&mut self, element: &mut Element<'_, '_>) -> bool {
        let name = ["property", "name", "itemprop"]
            .iter()
            .find_map(|name| attribute(element, name));
        let (Some(name), Some(content)) = (name, attribute(element, "content")) else {
            // `charset` and `http-equiv` speak of the original, or to browsers.
            return false;
        };
        self.wishes.add_meta(&name, &content);
        if content.len() > MAX_ATTRIBUTE_BYTES {
            return false;
        }
        let url = || self.base.join(content.trim()).ok();
        let new = match content_of(&name) {
            Content::Text => None,
            Content::Picture => match url() {
                Some(url) if url.scheme() == "data" => return false,
                Some(url) => Some(self.links.shielded(&url).unwrap_or_else(|| url.into())),
                None => None,
            },
            Content::Url if content.contains("://") => None,
            Content::Url => url().map(String::from),
        };
        if let Some(new) = new {
            set_attribute(element, "content", &new);
        }
        true
    }

    /// Decides on a `link` that may stay.
    fn link(&self, element: &mut Element<'_, '_>) -> bool {
        let text = |name| attribute(element, name).unwrap_or_default();
        let kind = match content_of(&text("itemprop")) {
            Content::Picture => Link::Shield,
            Content::Url | Content::Text => link(&text("rel"), &text("type")),
        };
        let Ok(url) = self.base.join(text("href").trim()) else {
            return false;
        };
        match kind {
            Link::Drop => return false,
            _ if !matches!(url.scheme(), "http" | "https") => {
                return kind == Link::Keep && matches!(url.scheme(), "mailto" | "xmpp" | "tel");
            }
            Link::Shield => {
                let shielded = self.links.shielded(&url);
                set_attribute(element, "href", shielded.as_deref().unwrap_or(url.as_str()));
            }
            Link::Keep => {}
        }
        true
    }

    /// Decides on a picture of the body.
    fn picture(&mut self, element: &mut Element<'_, '_>) -> bool {
        let source = attribute(element, "src").filter(|source| !source.trim().is_empty());
        let url = source.and_then(|source| self.base.join(source.trim()).ok());
        let Some(url) = url.filter(|url| matches!(url.scheme(), "http" | "https")) else {
            return false;
        };
        self.pictures += 1;
        let shielded = self.links.shielded(&url);
        set_attribute(element, "src", shielded.as_deref().unwrap_or(url.as_str()));
        self.pictures <= MAX_PICTURES
    }

    /// Makes relative URLs absolute, as the copy stands at another place than the original; takes away what a browser
    /// would run.
    fn make_absolute(&self, element: &mut Element<'_, '_>) {
        for name in URL_ATTRIBUTES {
            let Some(value) = attribute(element, name) else {
                continue;
            };
            match Url::parse(value.trim()) {
                Ok(url) if matches!(url.scheme(), "javascript" | "data" | "vbscript") => {
                    element.remove_attribute(name);
                }
                Ok(_) => {}
                Err(_) => {
                    if let Ok(url) = self.base.join(value.trim()) {
                        set_attribute(element, name, url.as_str());
                    }
                }
            }
        }
    }

    /// Says once that the copy is in UTF-8, for software that does not look at headers.
    fn tell_charset(&mut self, tag: &str, element: &mut Element<'_, '_>) {
        const META: &str = "<meta charset=\"utf-8\">";
        match tag {
            _ if self.charset_told => {}
            "html" => {}
            "head" => {
                element.prepend(META, ContentType::Html);
                self.charset_told = true;
            }
            _ => {
                element.before(META, ContentType::Html);
                self.charset_told = true;
            }
        }
    }

    /// Decides on a piece of text.
    pub(super) fn text(&mut self, chunk: &mut TextChunk<'_>) {
        match chunk.text_type() {
            TextType::ScriptData => {
                if let Some(json) = &mut self.json
                    && json.len() + chunk.as_str().len() <= card_json::MAX_INPUT_BYTES
                {
                    json.push_str(chunk.as_str());
                } else if let Some(json) = &mut self.json {
                    // Half of it would be no JSON.
                    json.clear();
                    json.push('\0');
                }
                chunk.remove();
            }
            TextType::RCData => {
                let text = chunk.as_str();
                let kept = text.floor_char_boundary(MAX_TITLE_BYTES.saturating_sub(self.title));
                self.title += text.len();
                if kept < text.len() {
                    let kept = text[..kept].to_owned();
                    chunk.set_str(kept);
                }
            }
            TextType::Data if self.dropping == 0 => self.body_text(chunk),
            // What stands in elements that take markup for text would be markup outside of them.
            _ => chunk.remove(),
        }
    }

    /// Runs white space together, up to the most that a body may have.
    fn body_text(&mut self, chunk: &mut TextChunk<'_>) {
        if self.text >= MAX_TEXT_BYTES {
            chunk.remove();
            return;
        }
        let mut text = String::with_capacity(chunk.as_str().len().min(MAX_TEXT_BYTES));
        for c in chunk.as_str().chars() {
            if self.text + text.len() + c.len_utf8() > MAX_TEXT_BYTES {
                self.text = MAX_TEXT_BYTES;
                chunk.set_str(text);
                return;
            }
            if !c.is_ascii_whitespace() {
                text.push(c);
            } else if !self.spaced {
                text.push(if c == '\n' { '\n' } else { ' ' });
            }
            self.spaced = c.is_ascii_whitespace();
        }
        self.text += text.len();
        chunk.set_str(text);
    }
}

fn is_json_ld(element: &Element<'_, '_>) -> bool {
    attribute(element, "type").is_some_and(|media_type| {
        let essence = media_type.split(';').next().unwrap_or_default();
        essence.trim().eq_ignore_ascii_case("application/ld+json")
    })
}

/// An attribute with its character references resolved.
fn attribute(element: &Element<'_, '_>, name: &str) -> Option<String> {
    let raw = element.get_attribute(name)?;
    Some(match decode_html_entities(&raw) {
        Cow::Borrowed(_) => raw,
        Cow::Owned(text) => text,
    })
}

fn set_attribute(element: &mut Element<'_, '_>, name: &str, value: &str) {
    // The name is one that the element has, so it can be one.
    let _ = element.set_attribute(name, &encode_double_quoted_attribute(value));
}

/// Takes away the attributes that may not stay, and all but the first of those that are given several times: the first
/// is the one that browsers and the rules look at, but other software may take another.
fn slim_attributes(element: &mut Element<'_, '_>) {
    let class = element.get_attribute("class");
    let class = class.and_then(|class| microformat_classes(&class));
    let goes: Vec<String> = element
        .attributes()
        .iter()
        .filter(|attribute| {
            let long = attribute.value().len() > MAX_ATTRIBUTE_BYTES;
            long || !may_keep(&attribute.name())
        })
        .map(Attribute::name)
        .collect();
    for name in goes {
        element.remove_attribute(&name);
    }
    let mut names: Vec<String> = element.attributes().iter().map(Attribute::name).collect();
    names.sort_unstable();
    let again = names.windows(2).filter(|pair| pair[0] == pair[1]);
    for name in again.map(|pair| &pair[0]) {
        let first = element.get_attribute(name).unwrap_or_default();
        element.remove_attribute(name);
        // The element had it, so it can be a name.
        let _ = element.set_attribute(name, &first);
    }
    if let Some(class) = class {
        // The name is fine, so there is no error.
        let _ = element.set_attribute("class", &class);
    }
}
