//! Slimming as a stream: of a page's HTML, what previews are made of, and nothing else.
//!
//! Pages of any length cost a bounded amount of memory, and no more of them is read than a preview takes.
//!
//! - `charset`: to UTF-8
//! - `rules`: which elements and attributes stay; `classes`: microformats
//! - `rewrite`: the rules, carried out on the stream
//! - `card_json`: JSON-LD and oEmbed, made small and led through the shield
//! - `wishes`: what the page asks of robots

pub(crate) mod card_json;
mod charset;
mod classes;
mod rewrite;
mod rules;
pub(crate) mod wishes;

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use lol_html::{
    MemorySettings, OutputSink,
    send::{DocumentContentHandlers, ElementContentHandlers, HtmlRewriter, Settings},
};
use url::Url;

use crate::target::ShieldedLinks;

use self::{charset::Utf8Stream, rewrite::Rewrite, wishes::Wishes};

/// The most that is read of a page, in bytes of UTF-8. Some sites have half a megabyte of scripts before their title.
const MAX_SCAN_BYTES: usize = 2 << 20;
/// The most that is read from the beginning of the body on. Titles of last resort and `rel=me` links are there.
const MAX_BODY_SCAN_BYTES: usize = 256 << 10;
/// The most that becomes of a page.
const MAX_OUT_BYTES: usize = 128 << 10;
/// The most memory of the parser: more than the longest tag that is understood.
const MAX_PARSER_BYTES: usize = 1 << 20;

/// Whether a page needs to be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Appetite {
    /// There may be more that matters.
    More,
    /// What matters is in hand.
    Enough,
}

/// A page while it is slimmed. Dropping it loses what has been read.
pub(crate) struct Slimmer {
    text: Utf8Stream,
    rewriter: Option<HtmlRewriter<'static, Output>>,
    rewrite: Arc<Mutex<Rewrite>>,
    out: Output,
    scanned: usize,
    /// Where the body began, in bytes scanned.
    body_at: Option<usize>,
}

/// A slimmed page.
#[derive(Debug)]
pub(crate) struct Slimmed {
    /// HTML in UTF-8.
    pub(crate) html: Bytes,
    /// What it asks of robots.
    pub(crate) wishes: Wishes,
}

impl Slimmer {
    /// Begins with a page that is at `url` and came with this `Content-Type`.
    pub(crate) fn new(url: &Url, content_type: Option<&str>, links: ShieldedLinks) -> Self {
        let rewrite = Arc::new(Mutex::new(Rewrite::new(url.clone(), links)));
        let out = Output::default();
        Self {
            text: Utf8Stream::new(content_type, url),
            rewriter: Some(HtmlRewriter::new(handlers(&rewrite), out.clone())),
            rewrite,
            out,
            scanned: 0,
            body_at: None,
        }
    }

    /// Takes the next piece of the page.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Appetite {
        let mut text = String::new();
        self.text.push(bytes, &mut text);
        self.feed(&text)
    }

    /// Whether the head is over, so that what matters most has been read.
    pub(crate) const fn has_head(&self) -> bool {
        self.body_at.is_some()
    }

    /// Ends the page, wherever it has got to.
    pub(crate) fn finish(mut self) -> Slimmed {
        let mut text = String::new();
        self.text.finish(&mut text);
        self.feed(&text);
        // An error here says that the parser's memory ran out: what is written stands.
        let _ = self.rewriter.take().map(HtmlRewriter::end);
        let mut html = std::mem::take(&mut *lock(&self.out.0));
        truncate(&mut html, MAX_OUT_BYTES);
        let wishes = lock(&self.rewrite).wishes;
        Slimmed {
            html: Bytes::from(html),
            wishes,
        }
    }

    fn feed(&mut self, text: &str) -> Appetite {
        let Some(rewriter) = &mut self.rewriter else {
            return Appetite::Enough;
        };
        let room = MAX_SCAN_BYTES.saturating_sub(self.scanned);
        let scanned = &text[..text.floor_char_boundary(room)];
        // What does not fit is looked at by nobody, and counts as what was.
        self.scanned = MAX_SCAN_BYTES.min(self.scanned + text.len());
        let text = scanned;
        if rewriter.write(text.as_bytes()).is_err() {
            // The parser must not be touched again; what it wrote before stands.
            self.rewriter = None;
            return Appetite::Enough;
        }
        if self.body_at.is_none() && lock(&self.rewrite).in_body() {
            self.body_at = Some(self.scanned);
        }
        let body = self.body_at.map_or(0, |begin| self.scanned - begin);
        let enough = self.scanned >= MAX_SCAN_BYTES
            || body >= MAX_BODY_SCAN_BYTES
            || lock(&self.out.0).len() >= MAX_OUT_BYTES;
        if enough {
            Appetite::Enough
        } else {
            Appetite::More
        }
    }
}

/// The parser, with the rules behind it.
fn handlers(rewrite: &Arc<Mutex<Rewrite>>) -> Settings<'static, 'static> {
    let (elements, texts) = (rewrite.clone(), rewrite.clone());
    let memory = MemorySettings::new()
        .with_preallocated_parsing_buffer_size(1 << 10)
        .with_max_allowed_memory_usage(MAX_PARSER_BYTES);
    let every: lol_html::Selector = "*".parse().expect("`*` is a selector");
    Settings::new_send()
        .with_memory_settings(memory)
        .with_strict(false)
        .append_element_content_handler((
            std::borrow::Cow::Owned(every),
            ElementContentHandlers::default().element(
                move |element: &mut lol_html::send::Element<'_, '_>| {
                    let again = elements.clone();
                    lock(&elements).element(element, again);
                    Ok(())
                },
            ),
        ))
        .append_document_content_handler(
            DocumentContentHandlers::default()
                .text(move |chunk: &mut lol_html::html_content::TextChunk<'_>| {
                    lock(&texts).text(chunk);
                    Ok(())
                })
                .comments(|comment: &mut lol_html::html_content::Comment<'_>| {
                    comment.remove();
                    Ok(())
                }),
        )
}

/// Where the parser writes to.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl OutputSink for Output {
    fn handle_chunk(&mut self, chunk: &[u8]) {
        lock(&self.0).extend_from_slice(chunk);
    }
}

/// What is locked is used by one task at a time: the lock is never waited for, and a panic leaves nothing half done
/// that would outlive the page.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Cuts UTF-8 at a boundary of characters.
fn truncate(text: &mut Vec<u8>, max: usize) {
    if text.len() > max {
        let mut end = max;
        while end > 0 && text[end] & 0xC0 == 0x80 {
            end -= 1;
        }
        text.truncate(end);
    }
}

#[cfg(test)]
mod tests;
