use super::*;

fn query(raw: &str) -> Query {
    Query::parse(raw).unwrap()
}

#[test]
fn a_parameter_is_there_with_and_without_a_value() {
    for raw in [
        "uploads",
        "uploads=",
        "uploads=1",
        "a=b&uploads",
        "&&uploads&",
    ] {
        assert!(query(raw).has("uploads"), "{raw}");
    }
    assert!(!query("uploadsx").has("uploads"));
}

#[test]
fn values_are_decoded_once_and_plus_is_a_space() {
    let query = query("prefix=a%2Fb+c%252F%2B&marker=%F0%9F%98%80");
    assert_eq!(query.get("prefix"), Some("a/b c%2F+"));
    assert_eq!(query.get("marker"), Some("😀"));
}

#[test]
fn bytes_that_are_not_utf8_are_refused() {
    assert_eq!(
        Query::parse("prefix=%ff").unwrap_err().code(),
        S3Code::InvalidURI
    );
}

#[test]
fn empty_values_count_as_absent_where_text_is_wanted() {
    let query = query("prefix=&delimiter=/");
    assert_eq!(query.text("prefix"), None);
    assert_eq!(query.get("prefix"), Some(""));
    assert_eq!(query.text("delimiter"), Some("/"));
}

#[test]
fn page_sizes_are_clamped_and_bad_ones_refused() {
    assert_eq!(query("").page_size("max-keys").unwrap(), 1000);
    assert_eq!(query("max-keys=").page_size("max-keys").unwrap(), 1000);
    assert_eq!(query("max-keys=0").page_size("max-keys").unwrap(), 0);
    assert_eq!(query("max-keys=5000").page_size("max-keys").unwrap(), 1000);
    for bad in ["-1", "x", "1.5", "4294967296"] {
        let query = query(&format!("max-keys={bad}"));
        assert_eq!(
            query.page_size("max-keys").unwrap_err().code(),
            S3Code::InvalidArgument,
            "{bad}"
        );
    }
}
