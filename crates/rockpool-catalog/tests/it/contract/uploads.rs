//! Multipart uploads and their parts.
use rockpool_catalog::{Catalog, Part, PartBytes, PutPart, Upload, UploadId};
use rockpool_types::{Acl, Checksum, ChecksumAlgorithm, ObjectAttributes};

use crate::world::{Content, World, at, object_key};

/// An upload's id; greater numbers come later.
pub(crate) fn upload_id(number: u32) -> UploadId {
    UploadId::new(&format!("{number:032x}")).unwrap()
}

/// An upload that was started so many seconds after the beginning of time.
pub(crate) fn upload(world: &World, id: &UploadId, key: &str, seconds: i64) -> Upload {
    Upload {
        id: id.clone(),
        bucket: world.bucket.id,
        key: object_key(key),
        acl: Acl::PublicRead,
        attributes: ObjectAttributes {
            content_type: Some("video/mp4".into()),
            user_metadata: [("a".to_owned(), "b".to_owned())].into(),
            ..ObjectAttributes::default()
        },
        checksum: Some((ChecksumAlgorithm::Crc64Nvme, true)),
        created_at: at(seconds),
    }
}

/// A part, staged under that key or inline.
pub(crate) fn part(number: u32, staged: Option<&str>) -> Part {
    let content = Content(number.into());
    Part {
        number,
        size: content.size(),
        md5: content.md5(),
        hash: content.hash(),
        checksum: Some(Checksum::new(ChecksumAlgorithm::Crc32c, vec![0, 1, 2, 3]).unwrap()),
        bytes: staged.map_or_else(
            || PartBytes::Inline(vec![7; 3]),
            |key| PartBytes::Staged(key.to_owned()),
        ),
        modified_at: at(9),
    }
}

fn kept(replaced: Option<&str>) -> PutPart {
    PutPart::Kept {
        replaced: replaced.map(str::to_owned),
    }
}

pub(crate) async fn an_upload_comes_back_as_it_was_started(catalog: Catalog) {
    let alice = World::new(&catalog, "alice").await;
    let bob = World::new(&catalog, "bob").await;
    let started = upload(&alice, &upload_id(1), "ä/b", 3);
    let plain = Upload {
        checksum: None,
        attributes: ObjectAttributes::default(),
        ..upload(&alice, &upload_id(2), "ä/b", 3)
    };
    for upload in [&started, &plain] {
        assert!(catalog.insert_upload(upload.clone()).await.unwrap());
        let found = catalog.find_upload(alice.bucket.id, &upload.id).await;
        assert_eq!(found.unwrap().as_ref(), Some(upload));
        let elsewhere = catalog.find_upload(bob.bucket.id, &upload.id).await;
        assert_eq!(elsewhere.unwrap(), None);
    }
    assert!(catalog.remove_member(bob.member.id).await.unwrap());
    let late = catalog
        .insert_upload(upload(&bob, &upload_id(3), "a", 3))
        .await;
    assert!(!late.unwrap());
    assert!(!catalog.remove_member(alice.member.id).await.unwrap());
}

pub(crate) async fn parts_are_kept_replaced_and_listed(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    let id = upload_id(1);
    assert_eq!(
        catalog.put_part(&id, part(1, None)).await.unwrap(),
        PutPart::UploadGone
    );
    catalog
        .insert_upload(upload(&world, &id, "a", 1))
        .await
        .unwrap();
    for (sent, expected) in [
        (part(10_000, Some("x")), kept(None)),
        (part(2, None), kept(None)),
        (part(2, Some("y")), kept(None)),
        (part(2, Some("z")), kept(Some("y"))),
        (part(2, Some("z")), kept(None)),
        (part(2, None), kept(Some("z"))),
    ] {
        assert_eq!(catalog.put_part(&id, sent).await.unwrap(), expected);
    }
    let bare = Part {
        bytes: PartBytes::Inline(vec![]),
        ..part(2, None)
    };
    let listed = catalog.list_parts(&id, 0, 10).await.unwrap();
    assert_eq!(listed, [bare.clone(), part(10_000, Some("x"))]);
    assert_eq!(catalog.list_parts(&id, 0, 1).await.unwrap(), [bare]);
    assert_eq!(catalog.list_parts(&id, 2, 10).await.unwrap().len(), 1);
    assert_eq!(
        catalog.read_part_bytes(&id, 2).await.unwrap(),
        Some(vec![7; 3])
    );
    assert_eq!(catalog.read_part_bytes(&id, 10_000).await.unwrap(), None);
    assert_eq!(catalog.read_part_bytes(&id, 3).await.unwrap(), None);
}

pub(crate) async fn removal_answers_the_staging_keys(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    let id = upload_id(1);
    catalog
        .insert_upload(upload(&world, &id, "a", 1))
        .await
        .unwrap();
    for part in [part(2, Some("b")), part(1, Some("a")), part(3, None)] {
        catalog.put_part(&id, part).await.unwrap();
    }
    let staged = catalog.remove_upload(&id).await.unwrap();
    assert_eq!(staged, Some(vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!(catalog.remove_upload(&id).await.unwrap(), None);
    assert_eq!(catalog.list_parts(&id, 0, 10).await.unwrap(), []);
    assert_eq!(
        catalog.put_part(&id, part(1, None)).await.unwrap(),
        PutPart::UploadGone
    );
}

pub(crate) async fn old_uploads_come_oldest_first(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    for (number, seconds) in [(1, 30), (2, 10), (3, 20), (4, 40)] {
        let started = upload(&world, &upload_id(number), "a", seconds);
        catalog.insert_upload(started).await.unwrap();
    }
    let ids = async |before, limit| {
        let found = catalog.list_old_uploads(at(before), limit).await.unwrap();
        found.into_iter().map(|u| u.id).collect::<Vec<_>>()
    };
    assert_eq!(
        ids(40, 10).await,
        [upload_id(2), upload_id(3), upload_id(1)]
    );
    assert_eq!(ids(99, 2).await, [upload_id(2), upload_id(3)]);
    assert_eq!(ids(10, 2).await, []);
}

pub(crate) async fn staged_keys_are_accounted_for(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    let id = upload_id(1);
    catalog
        .insert_upload(upload(&world, &id, "a", 1))
        .await
        .unwrap();
    let staged: Vec<String> = (1..=700).map(|n| format!("staging/{n}")).collect();
    for (number, key) in (1..).zip(&staged).step_by(3) {
        catalog
            .put_part(&id, part(number, Some(key)))
            .await
            .unwrap();
    }
    let known = catalog.known_staged(staged).await.unwrap();
    let expected: Vec<bool> = (0..700).map(|n| n % 3 == 0).collect();
    assert_eq!(known, expected);
    assert!(catalog.known_staged(vec![]).await.unwrap().is_empty());
}
