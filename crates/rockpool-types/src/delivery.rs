//! How the public reads a bucket.
use std::{fmt, str::FromStr};

use crate::Invalid;

/// What a public read of an object answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum DeliveryMode {
    /// A redirect to the blob host, as poolmgr does.
    #[default]
    Redirect,
    /// A redirect to a blob path on the host that was asked, which a Content-Security-Policy allows.
    SameHost,
    /// The bytes at once.
    Direct,
}

impl DeliveryMode {
    /// All of them, in the order of their stored numbers.
    pub const ALL: [Self; 3] = [Self::Redirect, Self::SameHost, Self::Direct];

    /// The name in commands and settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Redirect => "redirect",
            Self::SameHost => "same-host",
            Self::Direct => "direct",
        }
    }

    /// The number in the catalog.
    pub const fn to_code(self) -> i64 {
        self as i64
    }

    /// The mode of a number in the catalog; `None` when there is no such.
    pub fn from_code(code: i64) -> Option<Self> {
        usize::try_from(code)
            .ok()
            .and_then(|i| Self::ALL.get(i).copied())
    }
}

impl FromStr for DeliveryMode {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL
            .into_iter()
            .find(|mode| mode.as_str() == text)
            .ok_or_else(|| {
                Invalid::new(
                    "delivery mode",
                    format!("`{text}` is none of `redirect`, `same-host`, `direct`"),
                )
            })
    }
}

impl fmt::Display for DeliveryMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
