//! The digests that S3 clients declare and ask for.
use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use crate::Invalid;

/// An algorithm of S3's additional checksums (S3 user guide, "Checking object integrity").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each name says it all")]
pub enum ChecksumAlgorithm {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha1,
    Sha256,
    Sha512,
    Md5,
    XxHash64,
    XxHash3,
    XxHash128,
}

impl ChecksumAlgorithm {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Crc32,
        Self::Crc32c,
        Self::Crc64Nvme,
        Self::Sha1,
        Self::Sha256,
        Self::Sha512,
        Self::Md5,
        Self::XxHash64,
        Self::XxHash3,
        Self::XxHash128,
    ];

    /// The name in headers and XML, e.g. `CRC32C`; the header is `x-amz-checksum-` and it in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
            Self::Sha512 => "SHA512",
            Self::Md5 => "MD5",
            Self::XxHash64 => "XXHASH64",
            Self::XxHash3 => "XXHASH3",
            Self::XxHash128 => "XXHASH128",
        }
    }

    /// The header that carries it, e.g. `x-amz-checksum-crc32c`.
    pub const fn header(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
            Self::Sha512 => "x-amz-checksum-sha512",
            Self::Md5 => "x-amz-checksum-md5",
            Self::XxHash64 => "x-amz-checksum-xxhash64",
            Self::XxHash3 => "x-amz-checksum-xxhash3",
            Self::XxHash128 => "x-amz-checksum-xxhash128",
        }
    }

    /// The length of its value in bytes.
    pub const fn length(self) -> usize {
        match self {
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64Nvme | Self::XxHash64 | Self::XxHash3 => 8,
            Self::Md5 | Self::XxHash128 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }
}

impl FromStr for ChecksumAlgorithm {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL
            .into_iter()
            .find(|a| a.as_str().eq_ignore_ascii_case(text))
            .ok_or_else(|| Invalid::new("checksum algorithm", format!("`{text}` is not known")))
    }
}

impl fmt::Display for ChecksumAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a checksum of an object covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ChecksumKind {
    /// All bytes of the object.
    FullObject,
    /// The checksums of so many parts, one after the other.
    Composite(u32),
}

/// A checksum's value.
///
/// - as long as its algorithm says, also when it was deserialized
/// - serialized with its value in base64
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "Form", try_from = "Form")]
pub struct Checksum {
    algorithm: ChecksumAlgorithm,
    value: Vec<u8>,
    kind: ChecksumKind,
}

impl Checksum {
    /// A checksum over all bytes.
    ///
    /// # Errors
    /// When `value` has not the algorithm's length.
    pub fn new(algorithm: ChecksumAlgorithm, value: Vec<u8>) -> Result<Self, Invalid> {
        if value.len() != algorithm.length() {
            return Err(Invalid::new(
                "checksum",
                format!("{algorithm} has {} bytes", algorithm.length()),
            ));
        }
        Ok(Self {
            algorithm,
            value,
            kind: ChecksumKind::FullObject,
        })
    }

    /// Reads a header's base64, over all bytes.
    ///
    /// # Errors
    /// When it is not base64 or has not the algorithm's length.
    pub fn from_base64(algorithm: ChecksumAlgorithm, text: &str) -> Result<Self, Invalid> {
        let value = STANDARD
            .decode(text)
            .map_err(|_| Invalid::new("checksum", format!("`{text}` is not base64")))?;
        Self::new(algorithm, value)
    }

    /// The same value, said to cover `kind`.
    #[must_use]
    pub fn with_kind(mut self, kind: ChecksumKind) -> Self {
        self.kind = kind;
        self
    }

    /// Its algorithm.
    pub const fn algorithm(&self) -> ChecksumAlgorithm {
        self.algorithm
    }

    /// Its raw value.
    pub fn value(&self) -> &[u8] {
        &self.value
    }

    /// What it covers.
    pub const fn kind(&self) -> ChecksumKind {
        self.kind
    }

    /// The value as headers and XML have it: base64, and `-N` behind it for a composite of N parts.
    pub fn to_base64(&self) -> String {
        let text = STANDARD.encode(&self.value);
        match self.kind {
            ChecksumKind::FullObject => text,
            ChecksumKind::Composite(parts) => format!("{text}-{parts}"),
        }
    }
}

/// A checksum as it is serialized.
#[derive(Serialize, Deserialize)]
struct Form {
    algorithm: ChecksumAlgorithm,
    value: String,
    kind: ChecksumKind,
}

impl From<Checksum> for Form {
    fn from(checksum: Checksum) -> Self {
        Self {
            algorithm: checksum.algorithm,
            value: STANDARD.encode(checksum.value),
            kind: checksum.kind,
        }
    }
}

impl TryFrom<Form> for Checksum {
    type Error = Invalid;

    fn try_from(form: Form) -> Result<Self, Invalid> {
        Ok(Self::from_base64(form.algorithm, &form.value)?.with_kind(form.kind))
    }
}
