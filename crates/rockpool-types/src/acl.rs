//! S3's canned ACLs.
use std::{fmt, str::FromStr};

use crate::Invalid;

/// A canned ACL (S3 user guide, "Canned ACL"). What counts in a pool is whether the world may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Acl {
    /// Only the member's own keys, or a URL that they signed, read the object.
    #[default]
    Private,
    /// Everybody reads.
    PublicRead,
    /// Everybody reads. Writes by strangers are refused all the same.
    PublicReadWrite,
    /// Whoever has an account reads. In a pool: as [`Acl::Private`].
    AuthenticatedRead,
    /// The bucket's owner reads; here that is the writer. As [`Acl::Private`].
    BucketOwnerRead,
    /// The bucket's owner has full control; here that is the writer. As [`Acl::Private`].
    BucketOwnerFullControl,
    /// Amazon's image service reads. As [`Acl::Private`].
    AwsExecRead,
}

impl Acl {
    /// All of them, in the order of their stored numbers.
    pub const ALL: [Self; 7] = [
        Self::Private,
        Self::PublicRead,
        Self::PublicReadWrite,
        Self::AuthenticatedRead,
        Self::BucketOwnerRead,
        Self::BucketOwnerFullControl,
        Self::AwsExecRead,
    ];

    /// Whether the world may read the object.
    pub const fn is_public(self) -> bool {
        matches!(self, Self::PublicRead | Self::PublicReadWrite)
    }

    /// The name in the `x-amz-acl` header.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::PublicRead => "public-read",
            Self::PublicReadWrite => "public-read-write",
            Self::AuthenticatedRead => "authenticated-read",
            Self::BucketOwnerRead => "bucket-owner-read",
            Self::BucketOwnerFullControl => "bucket-owner-full-control",
            Self::AwsExecRead => "aws-exec-read",
        }
    }

    /// The number in the catalog.
    pub const fn to_code(self) -> i64 {
        self as i64
    }

    /// The ACL of a number in the catalog; `None` when there is no such.
    pub fn from_code(code: i64) -> Option<Self> {
        usize::try_from(code)
            .ok()
            .and_then(|i| Self::ALL.get(i).copied())
    }
}

impl FromStr for Acl {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL
            .into_iter()
            .find(|acl| acl.as_str() == text)
            .ok_or_else(|| {
                Invalid::new(
                    "ACL",
                    format!("`{text}` is not a canned ACL such as `public-read` or `private`"),
                )
            })
    }
}

impl fmt::Display for Acl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
