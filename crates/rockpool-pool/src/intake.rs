//! A body into the spool, its digests and its blob.
