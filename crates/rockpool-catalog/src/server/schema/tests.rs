use super::{Survey, mysql};

fn survey(columns: &[(&str, &str)]) -> Survey {
    Survey::of(columns.iter().copied())
}

#[test]
fn a_database_is_judged_by_its_tables() {
    assert_eq!(survey(&[]), Survey::Empty);
    assert_eq!(survey(&[("name_map", "hash")]), Survey::Empty);
    assert_eq!(
        survey(&[
            ("schema_version", "application"),
            ("members", "id"),
            ("other", "x")
        ]),
        Survey::Catalog
    );
    assert_eq!(
        survey(&[("schema_version", "version"), ("accounts", "id")]),
        Survey::Foreign("`accounts`, `schema_version`".to_owned())
    );
    assert_eq!(
        survey(&[("a", "x"), ("b", "x"), ("c", "x"), ("d", "x"), ("e", "x")]),
        Survey::Foreign("`a`, `b`, `c`, `d` and others".to_owned())
    );
}

#[test]
fn servers_that_are_too_old_are_known_by_their_version() {
    for (version, fits) in [
        ("10.11.19-MariaDB-0+deb12u1", true),
        ("5.5.5-10.6.1-MariaDB", true),
        ("10.5.29-MariaDB", false),
        ("11.8.2-MariaDB-log", true),
        ("8.0.36", true),
        ("8.4.0-commercial", true),
        ("5.7.44-log", false),
        ("nonsense", false),
    ] {
        assert_eq!(mysql::refuse_old(version).is_ok(), fits, "{version}");
    }
}
