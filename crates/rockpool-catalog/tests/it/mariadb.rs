//! MariaDB: the contract, what every server must bear, and what is its own.
use rockpool_testkit::MariaDb;

use crate::servers::{self, fresh, server_suite, unusable};

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
