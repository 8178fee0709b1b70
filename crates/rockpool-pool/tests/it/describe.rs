//! Adopted blobs, whose media type nobody knows yet.
use std::fs;

use rockpool_pool::Described;
use rockpool_types::ObjectKey;

use crate::check::World;

/// Makes every blob one that nobody has looked into.
fn forget_types(world: &World) {
    world.sql(
        "INSERT INTO media_types (id, name) VALUES (99, ''); UPDATE blobs SET media_type = 99",
    );
}

#[tokio::test]
async fn blobs_are_looked_into_once() {
    let world = World::new().await;
    forget_types(&world);
    let done = world.pool.pool.describe_blobs(None).await.unwrap();
    assert_eq!((done.described, done.failed), (3, 0));
    assert!(done.next.is_some(), "it need not begin anew");
    let key = ObjectKey::new("shared").unwrap();
    let object = world.pool.pool.find_object(&world.ada, &key).await.unwrap();
    assert_eq!(object.blob.media_type, "text/plain");
    let again = world.pool.pool.describe_blobs(done.next).await.unwrap();
    assert_eq!((again.described, again.failed), (0, 0));
}

#[tokio::test]
async fn what_cannot_be_read_is_tried_again() {
    let world = World::new().await;
    fs::remove_file(world.file(&world.bob, "shared too").await).unwrap();
    forget_types(&world);
    let expected = |described, failed| Described {
        next: None,
        described,
        failed,
    };
    let pool = &world.pool.pool;
    assert_eq!(pool.describe_blobs(None).await.unwrap(), expected(2, 1));
    assert_eq!(pool.describe_blobs(None).await.unwrap(), expected(0, 1));
}
