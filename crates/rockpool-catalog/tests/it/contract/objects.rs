//! Putting, finding, changing and removing objects.
use rockpool_catalog::{Catalog, PutOutcome, Usage};
use rockpool_types::{
    Checksum, ChecksumAlgorithm, Conditions, ETag, ETagCondition, ObjectAttributes,
};

use crate::world::{Content, World, at, object_key};

pub(crate) async fn an_object_comes_back_as_it_was_put(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    let mut put = world.private("ein/Schlüssel\u{10FFFF}", Content(7));
    put.etag = ETag::multipart([9; 16], 2);
    put.attributes = ObjectAttributes {
        content_type: Some("image/x-odd".into()),
        cache_control: Some("max-age=7".into()),
        content_disposition: Some("inline; filename=\"a.png\"".into()),
        user_metadata: [("a".to_owned(), "b".to_owned())].into(),
        tags: [("t".to_owned(), "u".to_owned())].into(),
        checksum: Some(Checksum::new(ChecksumAlgorithm::Crc32, vec![1, 2, 3, 4]).unwrap()),
        part_sizes: vec![5, 3],
        ..ObjectAttributes::default()
    };
    assert_eq!(
        world.put(put.clone()).await,
        PutOutcome::Mapped { known: false }
    );
    let object = catalog
        .find_object(put.bucket, &put.key)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(object.key, put.key);
    assert_eq!(object.etag, put.etag);
    assert_eq!(object.acl, put.acl);
    assert_eq!(object.modified_at, put.now);
    assert_eq!(object.attributes, put.attributes);
    assert_eq!(object.blob.scope, put.scope);
    assert_eq!(object.blob.hash, put.hash);
    assert_eq!(object.blob.size, put.size);
    assert_eq!(object.blob.md5, put.md5);
    assert_eq!(object.blob.media_type, put.media_type);
}

pub(crate) async fn equal_content_is_one_blob(catalog: Catalog) {
    let alice = World::new(&catalog, "alice").await;
    let bob = World::new(&catalog, "bob").await;
    alice.store("a", Content(7)).await;
    let known = bob.put(bob.public("b", Content(7))).await;
    assert_eq!(known, PutOutcome::Mapped { known: true });
    assert_eq!(catalog.usage_of_store().await.unwrap(), (1, 8));
    let one = Usage {
        objects: 1,
        object_bytes: 8,
    };
    assert_eq!(catalog.usage_of_member(alice.member.id).await.unwrap(), one);
    assert_eq!(catalog.usage_of_member(bob.member.id).await.unwrap(), one);
    let _ = (
        ETagCondition::Any,
        Conditions::default(),
        at(1),
        object_key("x"),
    );
}
