//! Starts MariaDB and PostgreSQL with a database each, prints a line of JSON about both, and keeps them until its input
//! ends or it is killed.
use std::io;

use rockpool_testkit::{Database, MariaDb, PostgreSql};

fn main() -> io::Result<()> {
    let (mariadb, postgresql) = (MariaDb::start(), PostgreSql::start());
    let both = [
        (mariadb.pid(), mariadb.fresh_database()),
        (postgresql.pid(), postgresql.fresh_database()),
    ];
    let told = both.map(|(pid, database)| tell(pid, &database));
    println!("[{}]", told.join(", "));
    io::copy(&mut io::stdin(), &mut io::sink()).map(|_| ())
}

fn tell(pid: Option<u32>, database: &Database) -> String {
    format!(
        r#"{{"pid": {}, "url": "{}", "socket_url": "{}"}}"#,
        pid.unwrap_or_default(),
        database.url,
        database.socket_url
    )
}
