//! A member's limits on the command line.
use std::{fmt, str::FromStr};

use clap::Args;
use rockpool_pool::MemberLimits;
use rockpool_types::ByteSize;

/// What a member may use unless it is said.
pub(crate) const DEFAULT_LIMITS: MemberLimits = MemberLimits {
    max_buckets: 10,
    max_bytes: None,
    max_objects: None,
};

/// A limit, or `none`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OrNone<T>(Option<T>);

impl<T: FromStr<Err: fmt::Display>> FromStr for OrNone<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Self(None)),
            text => match text.parse() {
                Ok(limit) => Ok(Self(Some(limit))),
                Err(error) => Err(format!("{error}; `none` lifts the limit")),
            },
        }
    }
}

/// What may be said of a member's limits; what is not said stays.
#[derive(Debug, Args)]
pub(crate) struct LimitOptions {
    /// The most bytes of objects, such as `50GB`, or `none`
    #[arg(long, value_name = "SIZE")]
    max_bytes: Option<OrNone<ByteSize>>,
    /// The most objects, or `none`
    #[arg(long, value_name = "N")]
    max_objects: Option<OrNone<u64>>,
    /// The most buckets, the first included
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    max_buckets: Option<u32>,
}

impl LimitOptions {
    /// What they make of limits.
    pub(crate) fn apply(&self, limits: MemberLimits) -> MemberLimits {
        MemberLimits {
            max_buckets: self.max_buckets.unwrap_or(limits.max_buckets),
            max_bytes: match self.max_bytes {
                Some(OrNone(size)) => size.map(ByteSize::as_u64),
                None => limits.max_bytes,
            },
            max_objects: match self.max_objects {
                Some(OrNone(count)) => count,
                None => limits.max_objects,
            },
        }
    }

    /// Whether they change nothing.
    pub(crate) const fn is_empty(&self) -> bool {
        self.max_bytes.is_none() && self.max_objects.is_none() && self.max_buckets.is_none()
    }
}
