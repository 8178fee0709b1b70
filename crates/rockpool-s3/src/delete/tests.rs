use super::*;

fn read(objects: &str) -> Result<Order, S3Code> {
    let text = format!("<Delete>{objects}</Delete>");
    read_order(text.as_bytes()).map_err(|error| error.code())
}

#[test]
fn an_order_keeps_keys_exactly_and_in_order() {
    let order = read(
        "<Quiet>true</Quiet><Object><Key> a/&#x1F600;&amp;😀</Key></Object>\
         <Object><Key>b</Key><VersionId>null</VersionId></Object>\
         <Object><Key>b</Key><VersionId/></Object>",
    )
    .unwrap();
    assert!(order.quiet);
    let keys: Vec<&str> = order
        .keys
        .iter()
        .map(|wanted| wanted.key.as_str())
        .collect();
    assert_eq!(keys, [" a/😀&😀", "b", "b"]);
    assert!(order.keys.iter().all(|wanted| wanted.target.is_ok()));
}

#[test]
fn a_bad_key_is_its_own_error() {
    let long = "k".repeat(1025);
    let order = read(&format!(
        "<Object><Key>{long}</Key></Object><Object><Key/></Object>\
         <Object><Key>v</Key><VersionId>x</VersionId></Object>\
         <Object><Key>s</Key><Size>1</Size></Object><Object><Key>good</Key></Object>"
    ))
    .unwrap();
    let codes: Vec<Option<S3Code>> = order
        .keys
        .iter()
        .map(|wanted| wanted.target.as_ref().err().map(S3Error::code))
        .collect();
    assert_eq!(
        codes,
        [
            Some(S3Code::KeyTooLongError),
            Some(S3Code::InvalidArgument),
            Some(S3Code::NoSuchVersion),
            Some(S3Code::NotImplemented),
            None
        ]
    );
    assert!(!order.quiet);
}

#[test]
fn one_to_a_thousand_keys_are_taken() {
    let object = "<Object><Key>k</Key></Object>";
    assert_eq!(read(&object.repeat(1000)).unwrap().keys.len(), 1000);
    assert_eq!(
        read(&object.repeat(1001)).unwrap_err(),
        S3Code::MalformedXML
    );
    assert_eq!(read("").unwrap_err(), S3Code::MalformedXML);
    assert_eq!(
        read("<Object><VersionId>null</VersionId></Object>").unwrap_err(),
        S3Code::MalformedXML
    );
}

#[test]
fn a_thousand_long_escaped_keys_fit_into_a_document() {
    let object = format!(
        "<Object><Key>{}</Key></Object>",
        "&amp;".repeat(512) + &"k".repeat(512)
    );
    let bytes = object.len() * 1000;
    assert!(bytes < crate::settings::S3Settings::default().max_document_bytes);
    assert_eq!(read(&object.repeat(1000)).unwrap().keys.len(), 1000);
}
