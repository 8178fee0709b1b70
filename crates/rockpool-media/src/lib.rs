//! Pure functions over media bytes: what they are. No IO, no async, no knowledge of members or stores.
//!
//! - `sniff`: the media type of content, decided from its bytes; below it a file for each family of formats
//! - `active`: whether a browser would run a type as a page or script

mod active;
mod sniff;

pub use active::is_active;
pub use sniff::{MediaType, SNIFF_BYTES, sniff};
