//! All digests of a body in one pass.
use md5::Md5;
use rockpool_types::{BlobHash, Checksum, ChecksumAlgorithm};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use xxhash_rust::{xxh3::Xxh3, xxh64::Xxh64};

use crate::{Declared, PoolError};

/// Digests under way: SHA-512 and MD5 always, others as asked.
pub(crate) struct Digests {
    sha512: Sha512,
    md5: Md5,
    others: Vec<(ChecksumAlgorithm, Other)>,
}

enum Other {
    Crc(crc_fast::Digest),
    Sha1(Sha1),
    Sha256(Sha256),
    XxHash64(Xxh64),
    XxHash3(Box<Xxh3>),
    /// SHA-512 and MD5 are there anyway.
    Shared,
}

impl Digests {
    /// Starts with no bytes; `algorithms` beside the two that are always there, twice is as once.
    pub(crate) fn new(algorithms: impl IntoIterator<Item = ChecksumAlgorithm>) -> Self {
        let mut others: Vec<(ChecksumAlgorithm, Other)> = Vec::new();
        for algorithm in algorithms {
            if others.iter().all(|(known, _)| *known != algorithm) {
                others.push((algorithm, Other::new(algorithm)));
            }
        }
        Self {
            sha512: Sha512::new(),
            md5: Md5::new(),
            others,
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.sha512.update(bytes);
        self.md5.update(bytes);
        for (_, other) in &mut self.others {
            match other {
                Other::Crc(crc) => crc.update(bytes),
                Other::Sha1(sha) => sha.update(bytes),
                Other::Sha256(sha) => sha.update(bytes),
                Other::XxHash64(hash) => hash.update(bytes),
                Other::XxHash3(hash) => hash.update(bytes),
                Other::Shared => {}
            }
        }
    }

    pub(crate) fn finish(self) -> Digested {
        let hash: [u8; 64] = self.sha512.finalize().into();
        let md5: [u8; 16] = self.md5.finalize().into();
        let others = self
            .others
            .into_iter()
            .map(|(algorithm, other)| (algorithm, other.finish(algorithm, &hash, &md5)))
            .collect();
        Digested {
            hash: BlobHash::from_bytes(hash),
            md5,
            others,
        }
    }
}

impl Other {
    fn new(algorithm: ChecksumAlgorithm) -> Self {
        match algorithm {
            ChecksumAlgorithm::Crc32 | ChecksumAlgorithm::Crc32c | ChecksumAlgorithm::Crc64Nvme => {
                crc_of(algorithm).map_or(Self::Shared, |crc| Self::Crc(crc_fast::Digest::new(crc)))
            }
            ChecksumAlgorithm::Sha1 => Self::Sha1(Sha1::new()),
            ChecksumAlgorithm::Sha256 => Self::Sha256(Sha256::new()),
            ChecksumAlgorithm::Sha512 | ChecksumAlgorithm::Md5 => Self::Shared,
            ChecksumAlgorithm::XxHash64 => Self::XxHash64(Xxh64::new(0)),
            ChecksumAlgorithm::XxHash3 | ChecksumAlgorithm::XxHash128 => {
                Self::XxHash3(Box::new(Xxh3::new()))
            }
        }
    }

    fn finish(self, algorithm: ChecksumAlgorithm, sha512: &[u8; 64], md5: &[u8; 16]) -> Vec<u8> {
        match self {
            Self::Crc(crc) => crc_bytes(algorithm, crc.finalize()),
            Self::Sha1(sha) => sha.finalize().to_vec(),
            Self::Sha256(sha) => sha.finalize().to_vec(),
            Self::XxHash64(hash) => hash.digest().to_be_bytes().to_vec(),
            Self::XxHash3(hash) if algorithm == ChecksumAlgorithm::XxHash128 => {
                hash.digest128().to_be_bytes().to_vec()
            }
            Self::XxHash3(hash) => hash.digest().to_be_bytes().to_vec(),
            Self::Shared if algorithm == ChecksumAlgorithm::Md5 => md5.to_vec(),
            Self::Shared => sha512.to_vec(),
        }
    }
}

/// The digests of a whole body.
#[derive(Clone, Debug)]
pub(crate) struct Digested {
    pub(crate) hash: BlobHash,
    pub(crate) md5: [u8; 16],
    others: Vec<(ChecksumAlgorithm, Vec<u8>)>,
}

impl Digested {
    /// The additional checksum of that algorithm over all bytes, when it was asked for.
    pub(crate) fn checksum(&self, algorithm: ChecksumAlgorithm) -> Option<Checksum> {
        let (_, value) = self.others.iter().find(|(known, _)| *known == algorithm)?;
        Checksum::new(algorithm, value.clone()).ok()
    }

    /// Compares with what the client declared. A declared digest that was not computed counts as wrong.
    pub(crate) fn check(&self, declared: &[Declared]) -> Result<(), PoolError> {
        let fits = |digest: &Declared| match digest {
            Declared::ContentMd5(md5) => *md5 == self.md5,
            Declared::PayloadSha256(sha) => self
                .checksum(ChecksumAlgorithm::Sha256)
                .is_some_and(|own| own.value() == sha),
            Declared::Checksum(checksum) => self
                .checksum(checksum.algorithm())
                .is_some_and(|own| own.value() == checksum.value()),
        };
        match declared.iter().find(|digest| !fits(digest)) {
            Some(wrong) => Err(PoolError::DigestMismatch(wrong.clone())),
            None => Ok(()),
        }
    }
}

/// The algorithm that a declared digest needs.
pub(crate) fn algorithm_of(declared: &Declared) -> ChecksumAlgorithm {
    match declared {
        Declared::ContentMd5(_) => ChecksumAlgorithm::Md5,
        Declared::PayloadSha256(_) => ChecksumAlgorithm::Sha256,
        Declared::Checksum(checksum) => checksum.algorithm(),
    }
}

/// The composite checksum of a multipart upload: the algorithm over the parts' raw checksums, one after the
/// other (S3 user guide, "Checking object integrity": composite checksums).
pub(crate) fn composite(algorithm: ChecksumAlgorithm, parts: &[&Checksum]) -> Option<Checksum> {
    let mut digests = Digests::new([algorithm]);
    for part in parts {
        digests.update(part.value());
    }
    digests.finish().checksum(algorithm)
}

fn crc_of(algorithm: ChecksumAlgorithm) -> Option<crc_fast::CrcAlgorithm> {
    match algorithm {
        ChecksumAlgorithm::Crc32 => Some(crc_fast::CrcAlgorithm::Crc32IsoHdlc),
        ChecksumAlgorithm::Crc32c => Some(crc_fast::CrcAlgorithm::Crc32Iscsi),
        ChecksumAlgorithm::Crc64Nvme => Some(crc_fast::CrcAlgorithm::Crc64Nvme),
        _ => None,
    }
}

fn crc_bytes(algorithm: ChecksumAlgorithm, value: u64) -> Vec<u8> {
    value.to_be_bytes()[8 - algorithm.length()..].to_vec()
}

#[cfg(test)]
mod tests;
