//! How far scrubs have come.
use rockpool_catalog::{Catalog, Scrub};

use crate::world::at;

pub(crate) async fn a_scrub_is_claimed_by_one_and_goes_on_where_it_was(catalog: Catalog) {
    assert_eq!(catalog.list_scrubs().await.unwrap(), []);
    let claim = async |owner, now, until| {
        let claimed = catalog.claim_scrub("main", owner, at(now), at(until)).await;
        claimed.unwrap()
    };
    let begun = Scrub::begin("main", at(1));
    assert_eq!(claim(1, 1, 10).await, Some(begun.clone()));
    assert_eq!(claim(2, 9, 99).await, None, "another is at it");
    assert_eq!(claim(1, 9, 20).await, Some(begun.clone()), "its own");
    let going = Scrub {
        after: Some("blobs/a/abc/def".to_owned()),
        blobs: 64,
        read_bytes: 1 << 40,
        findings: 1,
        ..begun
    };
    let save = async |scrub: &Scrub, owner, until| {
        let saved = catalog.save_scrub(scrub, owner, at(until)).await;
        saved.unwrap()
    };
    assert!(!save(&going, 2, 99).await);
    assert!(save(&going, 1, 30).await);
    assert!(save(&going, 1, 30).await, "the same again");
    assert_eq!(claim(2, 29, 99).await, None);

    // Its node died.
    assert_eq!(claim(2, 30, 50).await, Some(going.clone()));
    assert!(!save(&going, 1, 99).await);
    let done = Scrub {
        after: None,
        finished_at: Some(at(31)),
        ..going
    };
    assert!(save(&done, 2, 31).await);
    assert_eq!(catalog.list_scrubs().await.unwrap(), [done]);
    let other = catalog.claim_scrub("far", 1, at(5), at(6)).await.unwrap();
    assert_eq!(other, Some(Scrub::begin("far", at(5))));
    assert_eq!(catalog.list_scrubs().await.unwrap().len(), 2);
}
