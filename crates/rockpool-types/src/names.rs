//! Names of members, buckets, hosts and access keys.
use std::{fmt, str::FromStr};

use crate::Invalid;

/// Bucket names that would hide a path of the pool host.
const RESERVED: &[&str] = &[
    "blobs",
    "blob2",
    "private",
    "staging",
    "healthz",
    "readyz",
    "metrics",
    "rivet",
    "admin",
    "index.html",
    "robots.txt",
    "favicon.ico",
];

fn check_name(what: &'static str, text: &str) -> Result<(), Invalid> {
    if text.is_empty() || text.len() > 255 {
        return Err(Invalid::new(what, "1 to 255 characters expected"));
    }
    if !text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    {
        return Err(Invalid::new(
            what,
            format!("`{text}` may have letters, digits, `.`, `_` and `-` only"),
        ));
    }
    if !text.as_bytes()[0].is_ascii_alphanumeric() {
        return Err(Invalid::new(
            what,
            format!("`{text}` must begin with a letter or a digit"),
        ));
    }
    if RESERVED.contains(&text) {
        return Err(Invalid::new(
            what,
            format!("`{text}` is reserved for a path of the pool host"),
        ));
    }
    Ok(())
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $what:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $type(String);

        impl $type {
            /// Takes `text` when it fits the rules of this type.
            ///
            /// # Errors
            /// Says which rule `text` breaks.
            pub fn new(text: impl Into<String>) -> Result<Self, Invalid> {
                let text = text.into();
                let check: fn(&'static str, &str) -> Result<(), Invalid> = $check;
                check($what, &text)?;
                Ok(Self(text))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = Invalid;
            fn from_str(text: &str) -> Result<Self, Invalid> {
                Self::new(text)
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($type), "({})"), self.0)
            }
        }
    };
}

name! {
    /// The name of a member, which its first bucket bears too.
    ///
    /// - 1 to 255 of `A-Z a-z 0-9 . _ -`, the first a letter or a digit
    /// - case-sensitive
    /// - never a path of the pool host's own (`blobs`, `healthz`, ...)
    MemberName, "member name", check_name
}

name! {
    /// The name of a bucket, unique in the pool. Wider than Amazon's rule, because Fediverse servers
    /// have long had buckets with one or two letters, capitals and underscores.
    ///
    /// - 1 to 255 of `A-Z a-z 0-9 . _ -`, the first a letter or a digit
    /// - case-sensitive
    /// - never a path of the pool host's own (`blobs`, `healthz`, ...)
    BucketName, "bucket name", check_name
}

name! {
    /// The public half of a key pair.
    ///
    /// - 1 to 128 printable ASCII characters without `/`, `,`, `:`, `=` and space, which signatures use
    ///   as separators
    AccessKeyId, "access key id", |what, text| {
        let fits = (1..=128).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_graphic() && !b"/,:=".contains(&b));
        if fits { Ok(()) } else {
            Err(Invalid::new(what, "1 to 128 printable characters without `/`, `,`, `:`, `=` and space expected"))
        }
    }
}

name! {
    /// A DNS host name (RFC 1123), in lower case, without a port.
    HostName, "host name", |what, text| {
        let label = |l: &str| !l.is_empty() && l.len() <= 63 && !l.starts_with('-') && !l.ends_with('-')
            && l.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if text.len() <= 253 && text.split('.').all(label) { Ok(()) } else {
            Err(Invalid::new(what, format!("`{text}` is not a host name in lower case without a port")))
        }
    }
}

impl From<&MemberName> for BucketName {
    /// The name of the member's first bucket; the two follow one rule.
    fn from(name: &MemberName) -> Self {
        Self(name.0.clone())
    }
}
