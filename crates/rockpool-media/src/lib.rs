//! Pure functions over media bytes: what they are. No IO, no async, no knowledge of members or stores.
//!
//! - `sniff`: the media type of content, decided from its bytes

mod sniff;

pub use sniff::{MediaType, SNIFF_BYTES, sniff};
