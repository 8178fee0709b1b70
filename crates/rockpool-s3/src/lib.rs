//! The S3 face: signatures, XML and one error table over hyper.

#[expect(dead_code, reason = "the operations that ask for signatures follow")]
mod auth;
#[expect(dead_code, reason = "the operations that read bodies follow")]
mod body;
