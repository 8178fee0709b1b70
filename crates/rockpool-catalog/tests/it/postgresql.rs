//! PostgreSQL: the contract, what every server must bear, and what is its own.
use rockpool_testkit::PostgreSql;

use crate::servers::{self, fresh, server_suite, unusable};

server_suite!(PostgreSql);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_encoding_is_refused() {
    let (_, database) = fresh(PostgreSql::shared()).await;
    let latin = format!("{}_latin", database.name);
    let sql = format!("CREATE DATABASE {latin} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    servers::Server::sql(PostgreSql::shared(), "postgres", &sql);
    let (server, _) = database.url.rsplit_once('/').unwrap();
    let words = unusable(&format!("{server}/{latin}")).await;
    assert!(
        words.contains("LATIN1") && words.contains("UTF8"),
        "{words}"
    );
}
