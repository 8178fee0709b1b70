//! The digests that the headers of a request declare for its body.
use base64::{Engine, engine::general_purpose::STANDARD};
use http::HeaderMap;
use rockpool_types::{Checksum, ChecksumAlgorithm};

use super::BodyFault;

/// What a client declared, or announced for a trailer.
#[derive(Debug, Default)]
pub(super) struct Digests {
    content_md5: Option<[u8; 16]>,
    /// At most one, in a header or in a trailer.
    checksum: Option<Checksum>,
    /// The checksum that `x-amz-trailer` announces.
    announced: Option<ChecksumAlgorithm>,
}

impl Digests {
    /// Reads `Content-MD5` and the one `x-amz-checksum-*` header. The other headers of that prefix (`-mode`,
    /// `-algorithm`, `-type`) and `x-amz-sdk-checksum-algorithm` declare no digest.
    pub(super) fn read(headers: &HeaderMap) -> Result<Self, BodyFault> {
        let mut digests = Self::read_without_checksum(headers)?;
        for algorithm in ChecksumAlgorithm::ALL {
            let name = algorithm.header();
            let invalid = || BodyFault::InvalidChecksum(name);
            let Some(text) = single_value(headers, name).map_err(|()| invalid())? else {
                continue;
            };
            let checksum = Checksum::from_base64(algorithm, text).map_err(|_| invalid())?;
            if digests.checksum.replace(checksum).is_some() {
                return Err(BodyFault::SeveralChecksums);
            }
        }
        Ok(digests)
    }

    /// Reads `Content-MD5` alone.
    pub(super) fn read_without_checksum(headers: &HeaderMap) -> Result<Self, BodyFault> {
        let invalid = || BodyFault::InvalidContentMd5;
        let content_md5 = match single_value(headers, "content-md5").map_err(|()| invalid())? {
            None => None,
            Some(text) => {
                let bytes = STANDARD.decode(text).map_err(|_| invalid())?;
                Some(bytes.try_into().map_err(|_| invalid())?)
            }
        };
        Ok(Self {
            content_md5,
            ..Self::default()
        })
    }

    /// Reads `x-amz-trailer`. S3 takes one checksum, and nothing else.
    pub(super) fn read_announcement(&mut self, headers: &HeaderMap) -> Result<(), BodyFault> {
        for value in headers.get_all("x-amz-trailer") {
            let value = String::from_utf8_lossy(value.as_bytes());
            for name in value.split(',').map(str::trim).filter(|n| !n.is_empty()) {
                let algorithm = ChecksumAlgorithm::ALL
                    .into_iter()
                    .find(|a| a.header().eq_ignore_ascii_case(name))
                    .ok_or_else(|| BodyFault::UnknownTrailer(name.to_owned()))?;
                let before = self.announced.replace(algorithm);
                if before.is_some() || self.checksum.is_some() {
                    return Err(BodyFault::SeveralChecksums);
                }
            }
        }
        Ok(())
    }

    /// Takes the checksum that came in a trailer.
    pub(super) fn take_trailer(&mut self, checksum: Checksum) {
        self.checksum = Some(checksum);
    }

    pub(super) fn content_md5(&self) -> Option<[u8; 16]> {
        self.content_md5
    }

    pub(super) fn checksum(&self) -> Option<&Checksum> {
        self.checksum.as_ref()
    }

    pub(super) fn announced(&self) -> Option<ChecksumAlgorithm> {
        self.announced
    }
}

/// The only value of a header. `Err`: it came twice or is not ASCII.
pub(super) fn single_value<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, ()> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(|text| Some(text.trim())).map_err(|_| ()),
        (Some(_), Some(_)) => Err(()),
    }
}
