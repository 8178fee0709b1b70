//! What a provider answers, for the fuzz targets alone.
use reqwest::{StatusCode, header::HeaderMap};
use rusty_s3::actions::ListObjectsV2;

use super::{
    answer::{element, judge},
    list::Pages,
};
use crate::StoreKey;

/// The pages of a listing: what is read of them is in order, whatever they say.
pub fn listing(pages: &[&str]) {
    let mut listing = Pages::default();
    for page in pages {
        let Ok(page) = ListObjectsV2::parse_response(page) else {
            break;
        };
        let most = listing.items.len() + page.contents.len();
        let goes_on = listing.take(page, |name| StoreKey::new(name).ok());
        assert!(listing.items.len() <= most);
        assert!(
            listing.items.is_sorted_by(|a, b| a.key < b.key),
            "out of order"
        );
        if goes_on != Ok(true) {
            break;
        }
    }
}

/// An answer that is no success.
pub fn error(status: u16, headers: &HeaderMap, body: &str) {
    let Ok(status) = StatusCode::from_u16(status) else {
        return;
    };
    let said = format!("{:?}", judge("fuzzing", "bucket", status, headers, body));
    // A code, a message and our own words, each character escaped at worst.
    assert!(said.len() < 20_000, "{} bytes", said.len());
    for name in ["Code", "Message"] {
        let text = element(body, name).unwrap_or_default();
        assert!(text.chars().count() <= 300 && !text.contains(char::is_control));
    }
}
