//! Pure functions over media bytes: what they are. No IO, no async, no knowledge of members or stores.
//!
//! - `sniff`: the media type of content, decided from its bytes
//! - `active`: media types that a browser would run

mod active;
mod sniff;

pub use active::is_active;
pub use sniff::{MediaType, SNIFF_BYTES, sniff};
