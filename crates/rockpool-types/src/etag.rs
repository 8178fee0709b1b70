//! S3's entity tags.
use std::{fmt, str::FromStr};

use crate::Invalid;

/// The ETag that the S3 face shows for an object (S3 API reference, "Object": ETag).
///
/// - of a single upload: the MD5 of the bytes, 32 hexadecimal digits
/// - of a multipart upload: the MD5 of the parts' MD5s, a hyphen, and the number of parts
/// - never has quotes here; HTTP headers add them
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ETag {
    md5: [u8; 16],
    parts: u32,
}

impl ETag {
    /// The ETag of bytes that came in one piece.
    pub const fn single(md5: [u8; 16]) -> Self {
        Self { md5, parts: 0 }
    }

    /// The ETag of a multipart upload: `md5` over the parts' MD5s, and their number, at least 1.
    pub const fn multipart(md5: [u8; 16], parts: u32) -> Self {
        Self { md5, parts }
    }

    /// The MD5 in it.
    pub const fn md5(&self) -> &[u8; 16] {
        &self.md5
    }

    /// The number of parts; 0 for a single upload.
    pub const fn parts(&self) -> u32 {
        self.parts
    }

    /// The ETag as HTTP headers have it, a strong tag in quotes.
    pub fn quoted(&self) -> String {
        format!("\"{self}\"")
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.md5))?;
        if self.parts > 0 {
            write!(f, "-{}", self.parts)
        } else {
            Ok(())
        }
    }
}

impl FromStr for ETag {
    type Err = Invalid;

    /// Reads it with or without quotes.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let bad = || Invalid::new("ETag", format!("`{text}` is not an ETag of this server"));
        let bare = text
            .strip_prefix('"')
            .and_then(|t| t.strip_suffix('"'))
            .unwrap_or(text);
        let (digits, parts) = match bare.split_once('-') {
            // No sign and no leading zero: each ETag has one spelling.
            Some((digits, parts)) if parts.starts_with(|c: char| matches!(c, '1'..='9')) => {
                (digits, parts.parse().map_err(|_| bad())?)
            }
            Some(_) => return Err(bad()),
            None => (bare, 0),
        };
        let mut md5 = [0; 16];
        hex::decode_to_slice(digits, &mut md5).map_err(|_| bad())?;
        Ok(Self { md5, parts })
    }
}
