use super::Dialect;

#[test]
fn placeholders_are_numbered_where_they_must_be() {
    let sql = "SELECT a FROM t WHERE a = ? AND b IN (?, ?)";
    assert_eq!(Dialect::Sqlite.placeholders(sql), sql);
    assert_eq!(Dialect::MySql.placeholders(sql), sql);
    assert_eq!(
        Dialect::Postgres.placeholders(sql),
        "SELECT a FROM t WHERE a = $1 AND b IN ($2, $3)"
    );
    assert_eq!(Dialect::Postgres.placeholders("SELECT 1"), "SELECT 1");
}
