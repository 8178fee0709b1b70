//! The keys by which a CDN is told to forget: `Surrogate-Key` values, at most 1,024 bytes each.
use rockpool_types::{BlobHash, BucketName, ObjectKey};
use sha2::{Digest, Sha256};

/// On every answer about a bucket's names: purge it when the bucket goes or its member is suspended.
pub fn bucket_key(bucket: &BucketName) -> String {
    format!("n-{bucket}")
}

/// On every answer about one name: purge it when the object is overwritten, removed or made private.
pub fn object_key(bucket: &BucketName, key: &ObjectKey) -> String {
    let digest = Sha256::digest(key.as_bytes());
    let name: String = digest[..8].iter().map(|b| format!("{b:02x}")).collect();
    format!("n-{bucket}-{name}")
}

/// On every answer with a blob's bytes or a redirect to them: purge it when the content has to vanish.
pub fn blob_key(hash: &BlobHash) -> String {
    format!("b-{}", &hash.to_hex()[..32])
}

#[cfg(test)]
mod tests;
