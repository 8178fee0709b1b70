use rusty_s3::actions::{ListObjectsV2, ListObjectsV2Response};

use super::Pages;
use crate::StoreKey;

/// A page with those names, and a token for the next.
fn page(names: &[&str], token: Option<&str>) -> ListObjectsV2Response {
    let contents: String = names
        .iter()
        .map(|name| {
            format!(
                "<Contents><Key>{name}</Key><Size>1</Size><ETag>x</ETag>\
                 <LastModified>2026-11-23T08:30:00.000Z</LastModified></Contents>"
            )
        })
        .collect();
    let token =
        token.map(|token| format!("<NextContinuationToken>{token}</NextContinuationToken>"));
    let text = format!(
        "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{contents}{}</ListBucketResult>",
        token.unwrap_or_default()
    );
    ListObjectsV2::parse_response(&text).unwrap()
}

fn take(pages: &mut Pages, names: &[&str], token: Option<&str>) -> Result<bool, &'static str> {
    pages.take(page(names, token), |name| StoreKey::new(name).ok())
}

#[test]
fn pages_that_lead_to_each_other_are_not_followed_for_ever() {
    let mut pages = Pages::default();
    let followed = (0..1_000_000)
        .take_while(|n| take(&mut pages, &[], Some(["a", "b"][n % 2])) == Ok(true))
        .count();
    assert_eq!(followed, 10_000);
}

#[test]
fn a_page_without_an_item_of_ours_is_passed_over() {
    let mut pages = Pages::default();
    assert_eq!(take(&mut pages, &["no key of ours"], Some("a")), Ok(true));
    assert_eq!(take(&mut pages, &["blobs/a"], Some("b")), Ok(true));
    assert_eq!(take(&mut pages, &["blobs/b"], None), Ok(false));
    let keys: Vec<&str> = pages.items.iter().map(|item| item.key.as_str()).collect();
    assert_eq!(keys, ["blobs/a", "blobs/b"]);
}

#[test]
fn pages_out_of_order_are_refused() {
    let mut pages = Pages::default();
    assert_eq!(take(&mut pages, &["blobs/b"], Some("a")), Ok(true));
    assert!(take(&mut pages, &["blobs/a"], None).is_err());
}
