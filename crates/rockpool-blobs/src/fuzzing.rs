//! For the fuzz targets alone: what providers answer, with what must hold of it. All of it panics when it does not hold.
pub use crate::s3::fuzzing::{error, listing};
