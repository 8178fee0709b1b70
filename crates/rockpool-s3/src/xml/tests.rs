use super::*;
use crate::error::S3Code;

fn read(text: &str) -> Element {
    parse(text.as_bytes(), "Delete").unwrap()
}

fn refused(text: &str) {
    assert_eq!(
        parse(text.as_bytes(), "Delete").unwrap_err().code(),
        S3Code::MalformedXML,
        "{text}"
    );
}

#[test]
fn a_document_has_a_namespace_and_escaped_text() {
    let document = Xml::document("ListBucketResult", |xml| {
        xml.text("Prefix", "a<b>&\"c'\u{1}\r\t😀");
        xml.exact("Key", "a<b>&\"c'\u{1}\r\t😀");
        xml.value("MaxKeys", 5);
        xml.optional("Marker", None);
        xml.element("Owner", |xml| xml.text("ID", "member"));
    });
    insta::assert_snapshot!(document, @r#"<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Prefix>a&lt;b&gt;&amp;&quot;c'�&#xd;	😀</Prefix><Key>a&lt;b&gt;&amp;&quot;c'&#x1;&#xd;	😀</Key><MaxKeys>5</MaxKeys><Owner><ID>member</ID></Owner></ListBucketResult>"#);
}

#[test]
fn what_is_written_exactly_is_read_back() {
    let text = "\0tab\tline\ncr\r quote\" <>& ' \u{1}\u{1f}\u{7f}\u{85} é😀\u{fffe}";
    let document = Xml::plain_document("Delete", |xml| xml.exact("Key", text));
    assert_eq!(read(&document).child_text("Key"), Some(text));
}

#[test]
fn echoed_text_has_nothing_that_xml_forbids() {
    let text: String = (0..0x300).filter_map(char::from_u32).collect();
    let document = Xml::plain_document("Delete", |xml| xml.text("Key", &text));
    assert!(!document.contains("&#x1;") && !document.contains('\u{1}'));
    let kept = text.replace(|c: char| c < ' ' && !"\t\n\r".contains(c), "\u{fffd}");
    assert_eq!(read(&document).child_text("Key"), Some(&*kept));
}

#[test]
fn namespaces_declarations_comments_and_space_do_not_matter() {
    for text in [
        "<Delete><Quiet>true</Quiet></Delete>",
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\n  <Quiet>true</Quiet>\n</Delete>\n",
        "\u{feff}<s3:Delete xmlns:s3=\"x\"><!-- - --><s3:Quiet>true</s3:Quiet><Empty/></s3:Delete>",
    ] {
        assert_eq!(read(text).child_text("Quiet"), Some("true"), "{text}");
    }
}

#[test]
fn references_are_resolved_beyond_the_basic_plane() {
    let element = read(
        "<Delete><Key>a&#x1F600;b&#128512;&quot;&amp;&lt;&gt;&apos;<![CDATA[<&>]]></Key></Delete>",
    );
    assert_eq!(element.child_text("Key"), Some("a😀b😀\"&<>'<&>"));
}

#[test]
fn line_ends_become_one_character_but_references_stay() {
    let element = read("<Delete><Key>a\r\nb\rc&#13;d</Key></Delete>");
    assert_eq!(element.child_text("Key"), Some("a\nb\nc\rd"));
}

#[test]
fn malformed_documents_are_refused() {
    for text in [
        "",
        "text",
        "<Delete>",
        "<Delete><Key></Delete></Key>",
        "<Other/>",
        "<Delete/><Delete/>",
        "<Delete>&unknown;</Delete>",
        "<Delete>&#xD800;</Delete>",
        "<!DOCTYPE d [<!ENTITY a \"b\">]><Delete>&a;</Delete>",
        "<Delete/>trailing",
    ] {
        refused(text);
    }
    assert_eq!(
        parse(b"<Delete>\xff</Delete>", "Delete")
            .unwrap_err()
            .code(),
        S3Code::MalformedXML
    );
}

#[test]
fn depth_and_number_of_elements_are_bounded() {
    refused(&format!("<Delete>{}", "<a>".repeat(100_000)));
    refused(&format!("<Delete>{}</Delete>", "<a/>".repeat(60_000)));
    let parts = "<Part><A/><B/><C/><D/></Part>".repeat(10_000);
    assert_eq!(
        read(&format!("<Delete>{parts}</Delete>")).children.len(),
        10_000
    );
}
