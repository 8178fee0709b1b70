use std::path::PathBuf;

use super::CatalogAddress;

fn refusal(text: &str) -> String {
    text.parse::<CatalogAddress>().unwrap_err()
}

#[test]
fn every_engine_has_its_address() {
    let sqlite = "sqlite:some/catalog.db".parse::<CatalogAddress>().unwrap();
    assert_eq!(
        sqlite,
        CatalogAddress::Sqlite(PathBuf::from("some/catalog.db"))
    );
    for (text, shown) in [
        (
            "mysql://me:secret@db.example/pool",
            "mysql://db.example/pool",
        ),
        (
            "mariadb://me@[::1]:3307/pool?ssl-mode=REQUIRED",
            "mariadb://[::1]:3307/pool",
        ),
        (
            "mysql://me@localhost/pool?socket=/run/mysqld/mysqld.sock",
            "mysql://localhost/pool",
        ),
        (
            "postgres://me:secret@db.example:5433/pool?sslmode=verify-full",
            "postgres://db.example:5433/pool",
        ),
        (
            "postgresql://me@%2Frun%2Fpostgresql/pool",
            "postgresql://%2Frun%2Fpostgresql/pool",
        ),
    ] {
        let address = text.parse::<CatalogAddress>().unwrap();
        assert_eq!(address.to_string(), shown);
        assert!(!format!("{address:?}").contains("me"), "{address:?}");
    }
}

#[test]
fn what_is_wrong_is_told_without_secrets() {
    for (text, word) in [
        ("", "sqlite:"),
        ("sqlite:", "path"),
        ("redis://h/0", "postgres://"),
        ("mysql://me:secret@host", "database"),
        ("postgres://host/pool", "user"),
        ("mysql://me:secret@host/pool?sslmod=on", "`sslmod`"),
        ("postgres://me:secret@host/pool?options=-c", "`options`"),
        ("mysql://me:secret@host:port/pool", "port"),
        (
            "mysql://me:secret@host/pool?ssl-mode=sometimes",
            "sometimes",
        ),
    ] {
        let words = refusal(text);
        assert!(words.contains(word), "{text}: {words}");
        assert!(!words.contains("secret"), "{text}: {words}");
    }
}
