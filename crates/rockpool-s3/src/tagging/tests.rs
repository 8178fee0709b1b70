use super::*;

fn code(text: &str) -> Result<usize, S3Code> {
    from_header(text)
        .map(|tags| tags.len())
        .map_err(|error| error.code())
}

#[test]
fn tags_in_a_header_are_pairs_within_limits() {
    let many = |n: usize| {
        let pairs: Vec<String> = (0..n).map(|i| format!("k{i}=v")).collect();
        pairs.join("&")
    };
    assert_eq!(code(""), Ok(0));
    assert_eq!(code("a=b&c=d"), Ok(2));
    assert_eq!(code(&many(10)), Ok(10));
    for bad in [
        "a=b&a=c",
        "=b",
        &many(11),
        &format!("{}=v", "k".repeat(129)),
        &format!("k={}", "v".repeat(257)),
        "a=%ff",
    ] {
        assert_eq!(code(bad), Err(S3Code::InvalidTag), "{bad}");
    }
    assert_eq!(
        code(&format!("{}={}", "é".repeat(128), "é".repeat(256))),
        Ok(1)
    );
}

#[test]
fn tags_in_a_document_need_key_and_value() {
    let document = |tags: &str| {
        let text = format!("<Tagging><TagSet>{tags}</TagSet></Tagging>");
        from_document(text.as_bytes()).map_err(|error| error.code())
    };
    assert_eq!(document("").unwrap().len(), 0);
    let tags = document("<Tag><Key>a&amp;</Key><Value/></Tag>").unwrap();
    assert_eq!(tags["a&"], "");
    assert_eq!(
        document("<Tag><Key>a</Key></Tag>"),
        Err(S3Code::MalformedXML)
    );
    let none = from_document(b"<Tagging/>").map_err(|error| error.code());
    assert_eq!(none, Err(S3Code::MalformedXML));
}
