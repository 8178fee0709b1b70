//! MariaDB: the contract, what every server must bear, and what is its own.
use rockpool_catalog::{ListObjects, Scope};
use rockpool_testkit::MariaDb;

use crate::{
    servers::{self, fresh, server_suite, unusable},
    world::{Content, World, object_key},
};

server_suite!(MariaDb);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn columns_that_do_not_compare_byte_by_byte_are_refused() {
    let (_, database) = fresh(MariaDb::shared()).await;
    let sql =
        "ALTER TABLE header_sets MODIFY body VARCHAR(512) COLLATE utf8mb4_general_ci NOT NULL";
    servers::Server::sql(MariaDb::shared(), &database.name, sql);
    let words = unusable(&database.url).await;
    assert!(
        words.contains("header_sets.body") && words.contains("utf8mb4_bin"),
        "{words}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_without_transactions_are_refused() {
    let (_, database) = fresh(MariaDb::shared()).await;
    let sql = "ALTER TABLE store_usage ENGINE=Aria";
    servers::Server::sql(MariaDb::shared(), &database.name, sql);
    let words = unusable(&database.url).await;
    assert!(
        words.contains("store_usage") && words.contains("InnoDB"),
        "{words}"
    );
}

/// A node may die between two statements of a step.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_that_was_left_half_done_is_finished() {
    let (_, database) = fresh(MariaDb::shared()).await;
    let sql = "DROP TABLE store_usage; DROP TABLE parts; \
               UPDATE schema_version SET version = 0, migrator = 'dead', migrating_until = 1";
    servers::Server::sql(MariaDb::shared(), &database.name, sql);
    let catalog = servers::open(&database.url).await;
    assert_eq!(catalog.usage_of_store().await.unwrap(), (0, 0));
}

/// How many rows the server has read since it was started.
fn rows_read(server: &MariaDb) -> u64 {
    let sql = "SELECT SUM(variable_value) FROM information_schema.global_status \
               WHERE variable_name LIKE 'handler_read%'";
    server.sql("", sql).trim().parse().unwrap()
}

/// Its optimizer would rather begin with a table of few rows, and sort a whole bucket for a page of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_a_large_bucket_reads_no_more_than_a_page() {
    let server = MariaDb::start();
    let (catalog, database) = fresh(&server).await;
    let world = World::new(&catalog, "alice").await;
    world.store("first", Content(1)).await;
    let sql = "INSERT INTO objects (bucket_id, object_key, blob_id, modified_at, acl) \
               SELECT bucket_id, CONCAT('x/', seq), blob_id, modified_at, acl FROM objects, seq_1_to_20000; \
               ANALYZE TABLE objects, blobs, media_types, header_sets";
    server.sql(&database.name, sql);
    let before = rows_read(&server);
    let listing = catalog.list_objects(ListObjects {
        bucket: world.bucket.id,
        prefix: "x/".to_owned(),
        delimiter: None,
        after: Some("x/15000".to_owned()),
        limit: 10,
    });
    assert_eq!(listing.await.unwrap().objects.len(), 10);
    let read = rows_read(&server) - before;
    assert!(read < 1_000, "{read} rows were read");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_of_a_large_catalog_reads_no_more_than_its_pages() {
    let server = MariaDb::start();
    let (catalog, database) = fresh(&server).await;
    let world = World::new(&catalog, "alice").await;
    world.store("first", Content(1)).await;
    // A second scope has all the same digests.
    let sql = "INSERT INTO blobs (scope, digest_head, digest_tail, size, md5, media_type, state, refs) \
               SELECT b.scope, UNHEX(RPAD(HEX(s.seq * 7919 % 20011), 12, '0')), UNHEX(LPAD(HEX(s.seq), 116, '0')), \
                   b.size, b.md5, b.media_type, 1, 1 FROM blobs b, seq_1_to_20000 s; \
               INSERT INTO blobs (scope, digest_head, digest_tail, size, md5, media_type, state, refs) \
               SELECT 1, digest_head, digest_tail, size, md5, media_type, 1, 1 FROM blobs; \
               INSERT INTO objects (bucket_id, object_key, blob_id, modified_at, acl) \
               SELECT o.bucket_id, CONCAT('x/', s.seq), b.id, o.modified_at, o.acl \
                   FROM objects o, seq_1_to_20000 s JOIN blobs b ON b.id = s.seq + 1; \
               ANALYZE TABLE objects, blobs, buckets";
    server.sql(&database.name, sql);
    let private = Scope::Private(world.member.id);
    let first = catalog.list_blob_rows(private, None, 500).await.unwrap();
    let last = first.last().unwrap();
    let before = rows_read(&server);
    let after = Some((last.hash, last.id));
    let page = catalog.list_blob_rows(private, after, 10).await.unwrap();
    assert!(page.len() == 10 && page[0].hash > last.hash);
    let after = Some((world.bucket.id, object_key("x/15000")));
    let mappings = catalog.list_mappings(after, 10).await.unwrap();
    assert!(mappings.iter().all(|row| row.found.is_some()));
    let references = catalog.list_references(Some(page[0].id), 10).await;
    assert_eq!((mappings.len(), references.unwrap().len()), (10, 10));
    assert_eq!(catalog.list_scopes(None, 9).await.unwrap().len(), 2);
    let read = rows_read(&server) - before;
    assert!(read < 1_000, "{read} rows were read");
}
