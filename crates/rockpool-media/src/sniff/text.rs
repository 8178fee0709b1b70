//! Text, and what browsers make of it: markup wherever they would find it (WHATWG MIME Sniffing section 7.1, wider),
//! playlists, captions, JSON, scripts, or plain text.
use std::borrow::Cow;

use serde::de::IgnoredAny;

use super::{MediaType, SNIFF_BYTES};

mod markup;
mod script;
#[cfg(test)]
mod tests;

pub(super) fn sniff(head: &[u8]) -> Option<MediaType> {
    let cut = head.len() >= SNIFF_BYTES;
    if let Some(text) = decode_utf16(head) {
        return Some(markup::sniff(&text).unwrap_or("text/plain"));
    }
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    // Browsers find markup also in what is not clean text further on.
    if let Some(media_type) = markup::sniff(&String::from_utf8_lossy(head)) {
        return Some(media_type);
    }
    let text = clean_text(head, cut)?;
    if text.is_empty() {
        return None;
    }
    Some(if has_line(text, "#EXTM3U") {
        "application/vnd.apple.mpegurl"
    } else if has_line(text, "WEBVTT") {
        "text/vtt"
    } else if is_json(text, cut) {
        "application/json"
    } else if script::is_script(text) {
        "text/javascript"
    } else {
        "text/plain"
    })
}

/// UTF-16 text by its byte order mark, or by markup's first character between zeros.
fn decode_utf16(head: &[u8]) -> Option<Cow<'static, str>> {
    let (little, bytes) = match head {
        [0xff, 0xfe, bytes @ ..] => (true, bytes),
        [0xfe, 0xff, bytes @ ..] => (false, bytes),
        [b'<', 0, second, 0, ..] if *second != 0 => (true, head),
        [0, b'<', 0, second, ..] if *second != 0 => (false, head),
        _ => return None,
    };
    let units: Vec<u16> = bytes
        .chunks_exact(2)
        .map(|pair| match little {
            true => u16::from_le_bytes([pair[0], pair[1]]),
            false => u16::from_be_bytes([pair[0], pair[1]]),
        })
        .collect();
    Some(String::from_utf16_lossy(&units).into())
}

/// `head` as UTF-8 without control characters; a character that the end of the head cuts in two is left off.
fn clean_text(head: &[u8], cut: bool) -> Option<&str> {
    let text = match str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if cut && error.error_len().is_none() => {
            str::from_utf8(&head[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    // "Binary data bytes" of WHATWG MIME Sniffing section 3.
    let binary = |c: char| matches!(c, '\0'..='\x08' | '\x0b' | '\x0e'..='\x1a' | '\x1c'..='\x1f');
    (!text.contains(binary)).then_some(text)
}

/// Whether the first line begins with `mark` as a word of its own.
fn has_line(text: &str, mark: &str) -> bool {
    text.strip_prefix(mark)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
}

/// Whether it is an object or array, whole or, if `cut`, as far as it can be seen.
fn is_json(text: &str, cut: bool) -> bool {
    if !text.trim_start().starts_with(['{', '[']) {
        return false;
    }
    match serde_json::from_str::<IgnoredAny>(text) {
        Ok(_) => true,
        Err(error) => cut && error.is_eof(),
    }
}
