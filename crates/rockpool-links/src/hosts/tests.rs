use super::{Hosts, Meaning};

fn hosts(front: &str) -> Hosts {
    Hosts::new(&front.parse().unwrap()).unwrap()
}

#[test]
fn each_host_has_its_meaning() {
    let hosts = hosts("https://links.example").with(Meaning::Cache, "fedi.links.example");
    for (host, meaning) in [
        ("links.example", Some(Meaning::Front)),
        ("LINKS.Example:8443", Some(Meaning::Front)),
        ("links.example.", Some(Meaning::Front)),
        ("h.links.example", Some(Meaning::Insecure)),
        ("x.links.example", Some(Meaning::Exclude)),
        ("hx.links.example", Some(Meaning::InsecureExclude)),
        ("fedi.links.example", Some(Meaning::Cache)),
        ("www.links.example", None),
        ("127.0.0.1:80", None),
        ("[::1]", None),
        ("", None),
    ] {
        assert_eq!(hosts.meaning(host), meaning, "{host}");
    }
}

#[test]
fn a_name_can_be_another_one() {
    let hosts = hosts("https://links.example").with(Meaning::Insecure, "plain.example");
    assert_eq!(hosts.meaning("plain.example"), Some(Meaning::Insecure));
    assert_eq!(hosts.meaning("h.links.example"), None);
    assert_eq!(
        hosts.url(Meaning::Insecure).unwrap(),
        "https://plain.example/"
    );
    assert_eq!(hosts.url(Meaning::Cache), None);
}

#[test]
fn the_port_of_the_front_is_that_of_all() {
    let hosts = hosts("http://links.example:8080");
    assert_eq!(
        hosts.url(Meaning::Exclude).unwrap(),
        "http://x.links.example:8080/"
    );
}

#[test]
fn a_front_is_a_bare_host_with_a_name() {
    for bad in [
        "https://127.0.0.1",
        "https://[::1]/",
        "https://links.example/under/",
        "https://links.example/?x",
        "https://me@links.example/",
        "ftp://links.example/",
        "data:,",
    ] {
        assert!(Hosts::new(&bad.parse().unwrap()).is_none(), "{bad}");
    }
}
