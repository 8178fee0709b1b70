//! The S3 face: signatures, XML and one error table over hyper.

#[cfg_attr(not(test), expect(dead_code, reason = "the operations follow"))]
mod auth;
#[cfg_attr(not(test), expect(dead_code, reason = "the operations follow"))]
mod body;
