//! poolmgr's two public layouts of blob URLs, and its layout of the blob store.
use crate::{BlobHash, ObjectKey};

/// A path under the blob host that names a blob, in one of poolmgr's two layouts.
///
/// - hex: `blobs/<h[0]>/<h[1..4]>/<h>`; it is also the blob's key in the blob store
/// - base64: `blob2/<b[0..16]>/<b[16..78]>/<b[78..86]><ext>`, with the extension of the object's key
///
/// Neither form begins with a slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobPath {
    hash: BlobHash,
}

impl BlobPath {
    /// The longest extension that the base64 layout keeps, in characters, its dot included.
    const MAX_EXTENSION: usize = 9;

    /// The hex layout.
    pub fn hex(hash: &BlobHash) -> String {
        let h = hash.to_hex();
        format!("blobs/{}/{}/{h}", &h[..1], &h[1..4])
    }

    /// The base64 layout, with the extension that `key` has.
    pub fn base64(hash: &BlobHash, key: &ObjectKey) -> String {
        let b = hash.to_base64();
        format!(
            "blob2/{}/{}/{}{}",
            &b[..16],
            &b[16..78],
            &b[78..],
            Self::extension(key.as_str())
        )
    }

    /// Reads either layout, without a leading slash. `None` when `path` names no blob.
    pub fn parse(path: &str) -> Option<Self> {
        let mut parts = path.split('/');
        let (layout, first, second, last) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let hash = match layout {
            "blobs" => {
                let hash: BlobHash = last.parse().ok()?;
                (Self::hex(&hash) == path).then_some(hash)?
            }
            "blob2" => {
                let (tail, extension) = last.split_at_checked(8)?;
                (Self::extension(extension) == extension).then_some(())?;
                (first.len() == 16 && second.len() == 62).then_some(())?;
                BlobHash::from_base64(&format!("{first}{second}{tail}")).ok()?
            }
            _ => return None,
        };
        Some(Self { hash })
    }

    /// The blob that this path names.
    pub fn hash(&self) -> BlobHash {
        self.hash
    }

    /// poolmgr's extension of a key: from the first dot of its last segment, cut from the left at the
    /// next dot until it is `.` and 2 to 8 letters, digits or dots; empty when nothing fits.
    fn extension(key: &str) -> &str {
        let name = key.rsplit('/').next().unwrap_or(key);
        let mut rest = name;
        while let Some(dot) = rest.find('.') {
            let extension = &rest[dot..];
            let fits = (3..=Self::MAX_EXTENSION).contains(&extension.len())
                && extension[1..]
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'.');
            if fits {
                return extension;
            }
            rest = &rest[dot + 1..];
        }
        ""
    }
}
