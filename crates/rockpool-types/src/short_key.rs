//! The short form that poolmgr keeps of long keys, in pools that were adopted from it.
use sha2::{Digest, Sha256};

use crate::ObjectKey;

/// The longest name that poolmgr keeps whole. It counts in units of UTF-16, as Java does.
const MAX_UNITS: usize = 255;

/// Bytes of a SHA-256 in hexadecimal, and the two characters that frame it.
const FRAMED_DIGEST: usize = 1 + 64 + 1;

impl ObjectKey {
    /// The form in which poolmgr kept this key: the key's beginning, `~`, the SHA-256 of all of it in hexadecimal, `$`,
    /// and by how many units of UTF-16 it is longer than 255. `None`: it is not longer, and was kept as it is.
    ///
    /// The whole key cannot be told from the short form. A key whose beginning would end within a character has none:
    /// what poolmgr kept of it was damaged.
    pub fn short_form(&self) -> Option<Self> {
        // No key of so few bytes is too long, and that is nearly all.
        if self.as_bytes().len() <= MAX_UNITS {
            return None;
        }
        let text = self.as_str();
        let beyond = text.encode_utf16().count().checked_sub(MAX_UNITS)?;
        if beyond == 0 {
            return None;
        }
        let beyond = beyond.to_string();
        let beginning = prefix_of_units(text, MAX_UNITS - FRAMED_DIGEST - beyond.len())?;
        let digest = hex::encode(Sha256::digest(text.as_bytes()));
        Self::new(format!("{beginning}~{digest}${beyond}")).ok()
    }

    /// Whether it looks like what [`Self::short_form`] makes.
    pub fn is_short_form(&self) -> bool {
        let text = self.as_str();
        let Some((start, beyond)) = text.rsplit_once('$') else {
            return false;
        };
        let is_digest = |digest: &str| {
            let is_hex = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
            digest.len() == 64 && digest.bytes().all(is_hex)
        };
        text.encode_utf16().count() == MAX_UNITS
            && start.rsplit_once('~').is_some_and(|(_, d)| is_digest(d))
            && beyond.bytes().all(|b| b.is_ascii_digit())
            && beyond.parse::<u32>().is_ok_and(|beyond| beyond > 0)
    }
}

/// The beginning of that many units of UTF-16; `None` when that ends within a character.
fn prefix_of_units(text: &str, units: usize) -> Option<&str> {
    let mut left = units;
    for (at, character) in text.char_indices() {
        if left == 0 {
            return Some(&text[..at]);
        }
        left = left.checked_sub(character.len_utf16())?;
    }
    Some(text)
}
