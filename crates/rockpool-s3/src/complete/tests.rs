use super::*;

const MD5: &str = "d41d8cd98f00b204e9800998ecf8427e";

fn read(parts: &str) -> Result<Vec<CompletePart>, S3Code> {
    let text = format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>");
    read_parts(text.as_bytes()).map_err(|error| error.code())
}

#[test]
fn etags_come_with_and_without_quotes() {
    for etag in [
        MD5.to_owned(),
        format!("\"{MD5}\""),
        format!("&quot;{MD5}&quot;"),
        format!(" &#34;{MD5}&#34;\n"),
    ] {
        let parts = read(&format!(
            "<Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part>"
        ));
        assert_eq!(parts.unwrap()[0].etag.to_string(), MD5, "{etag}");
    }
}

#[test]
fn checksums_of_parts_are_read() {
    let parts = read(&format!(
        "<Part><ETag>{MD5}</ETag><ChecksumCRC32>AAAAAA==</ChecksumCRC32><PartNumber>7</PartNumber></Part>"
    ))
    .unwrap();
    assert_eq!(parts[0].number, 7);
    let checksum = parts[0].checksum.as_ref().unwrap();
    assert_eq!(checksum.algorithm(), ChecksumAlgorithm::Crc32);
}

#[test]
fn lists_that_cannot_be_meant_are_refused() {
    for (parts, code) in [
        (String::new(), S3Code::MalformedXML),
        ("<Part/>".to_owned(), S3Code::MalformedXML),
        (
            format!("<Part><PartNumber>x</PartNumber><ETag>{MD5}</ETag></Part>"),
            S3Code::MalformedXML,
        ),
        (
            "<Part><PartNumber>1</PartNumber></Part>".to_owned(),
            S3Code::MalformedXML,
        ),
        (
            "<Part><PartNumber>1</PartNumber><ETag>abc</ETag></Part>".to_owned(),
            S3Code::InvalidPart,
        ),
    ] {
        assert_eq!(read(&parts).unwrap_err(), code, "{parts}");
    }
}

#[test]
fn ten_thousand_parts_with_checksums_fit_into_a_document() {
    let part = format!(
        "<Part><PartNumber>10000</PartNumber><ETag>&quot;{MD5}&quot;</ETag><ChecksumSHA256>{}=</ChecksumSHA256></Part>",
        "A".repeat(43)
    );
    assert!(part.len() * 10_000 < crate::settings::S3Settings::default().max_document_bytes);
    assert_eq!(read(&part.repeat(10_000)).unwrap().len(), 10_000);
}
