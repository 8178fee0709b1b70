//! MariaDB: the contract, what every server must bear, and what is its own.
use rockpool_catalog::ListObjects;
use rockpool_testkit::MariaDb;

use crate::{
    servers::{self, fresh, server_suite, unusable},
    world::{Content, World},
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
    let rows_read = || -> u64 {
        let sql = "SELECT SUM(variable_value) FROM information_schema.global_status \
                   WHERE variable_name LIKE 'handler_read%'";
        server.sql("", sql).trim().parse().unwrap()
    };
    let before = rows_read();
    let listing = catalog.list_objects(ListObjects {
        bucket: world.bucket.id,
        prefix: "x/".to_owned(),
        delimiter: None,
        after: Some("x/15000".to_owned()),
        limit: 10,
    });
    assert_eq!(listing.await.unwrap().objects.len(), 10);
    let read = rows_read() - before;
    assert!(read < 1_000, "{read} rows were read");
}
