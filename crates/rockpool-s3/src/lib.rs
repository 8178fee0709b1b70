//! The S3 face: signatures, XML and one error table over hyper.
