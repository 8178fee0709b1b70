//! Multipart uploads.
use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use md5::{Digest, Md5};
use rockpool_s3::S3Settings;
use rockpool_testkit::Fault;

use crate::world::{Answer, Client, World};

async fn create(client: &Client<'_>, key: &str, headers: &[(&str, &str)]) -> String {
    let line = format!("POST /alice/{key}?uploads=1");
    client.send(&line, headers, "").await.ok().tag("UploadId")
}

async fn put_part(client: &Client<'_>, key: &str, id: &str, number: u32, body: &str) -> String {
    let target = format!("/alice/{key}?partNumber={number}&uploadId={id}");
    let answer = client.put(&target, body.to_owned()).await;
    answer.header("etag").unwrap().to_owned()
}

async fn complete(
    client: &Client<'_>,
    key: &str,
    id: &str,
    parts: &[(u32, &str)],
    headers: &[(&str, &str)],
) -> Answer {
    let parts: String = parts
        .iter()
        .map(|(number, etag)| {
            format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>")
        })
        .collect();
    let body = format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>");
    let line = format!("POST /alice/{key}?uploadId={id}");
    client.send(&line, headers, body).await
}

#[tokio::test]
async fn parts_of_any_size_in_any_order_become_an_object() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    let headers = [("content-type", "video/x-own"), ("x-amz-meta-a", "1")];
    let id = create(&alice, "k", &headers).await;
    let three = put_part(&alice, "k", &id, 3, "").await;
    let two = put_part(&alice, "k", &id, 2, "cd").await;
    put_part(&alice, "k", &id, 1, "sent again").await;
    let one = put_part(&alice, "k", &id, 1, "ab").await;

    let escaped = one.replace('"', "&quot;");
    let parts = [
        (1, escaped.as_str()),
        (2, two.trim_matches('"')),
        (3, &three),
    ];
    let answer = complete(&alice, "k", &id, &parts, &[]).await.ok();
    let md5s = ["ab", "cd", ""].map(|part| Md5::digest(part).to_vec());
    let etag = format!("{}-3", hex::encode(Md5::digest(md5s.concat())));
    assert_eq!(answer.tag("ETag"), format!("&quot;{etag}&quot;"));
    assert_eq!(answer.tag("Key"), "k");
    assert_eq!(answer.tag("Location"), "http://s3.test:23278/alice/k");

    let found = alice.get("/alice/k").await.ok();
    assert_eq!(found.text(), "abcd");
    assert_eq!(found.header("etag"), Some(&*format!("\"{etag}\"")));
    assert_eq!(found.header("content-type"), Some("video/x-own"));
    assert_eq!(found.header("x-amz-meta-a"), Some("1"));
    assert_eq!(found.header("x-amz-mp-parts-count"), None);

    let again = complete(&alice, "k", &id, &parts, &[]).await.ok();
    assert_eq!(again.tag("ETag"), format!("&quot;{etag}&quot;"));
}

#[tokio::test]
async fn parts_of_an_object_can_be_read_one_by_one() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    let id = create(&alice, "k", &[]).await;
    let one = put_part(&alice, "k", &id, 1, "abc").await;
    let two = put_part(&alice, "k", &id, 7, "de").await;
    let parts = [(1, one.as_str()), (7, &two)];
    complete(&alice, "k", &id, &parts, &[]).await.ok();
    for (number, range, text) in [(1, "bytes 0-2/5", "abc"), (2, "bytes 3-4/5", "de")] {
        let found = alice.get(&format!("/alice/k?partNumber={number}")).await;
        let found = found.status_is(206);
        assert_eq!(found.text(), text);
        assert_eq!(found.header("content-range"), Some(range));
        assert_eq!(found.header("x-amz-mp-parts-count"), Some("2"));
    }
    alice
        .get("/alice/k?partNumber=3")
        .await
        .fails(416, "InvalidPartNumber");
    let asked = [("x-amz-object-attributes", "ObjectParts")];
    let found = alice.send("GET /alice/k?attributes", &asked, "").await.ok();
    assert_eq!(found.tags("Size"), ["3", "2"]);
    assert_eq!(found.tag("PartsCount"), "2");
}

#[tokio::test]
async fn a_completion_that_does_not_fit_is_refused_and_can_be_mended() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    let id = create(&alice, "k", &[]).await;
    let one = put_part(&alice, "k", &id, 1, "ab").await;
    let two = put_part(&alice, "k", &id, 2, "cd").await;
    let other = format!("\"{}\"", hex::encode([0; 16]));
    let cases: [(&[(u32, &str)], &str); 5] = [
        (&[(1, &other)], "InvalidPart"),
        (&[(1, "nonsense")], "InvalidPart"),
        (&[(1, &one), (3, &two)], "InvalidPart"),
        (&[(2, &two), (1, &one)], "InvalidPartOrder"),
        (&[], "MalformedXML"),
    ];
    for (parts, code) in cases {
        let answer = complete(&alice, "k", &id, parts, &[]).await;
        answer.fails(400, code);
    }
    let parts = [(1, one.as_str()), (2, &two)];
    let size = [("x-amz-mp-object-size", "5")];
    let answer = complete(&alice, "k", &id, &parts, &size).await;
    assert_eq!(answer.status.as_u16(), 400, "{answer:?}");
    let exists = [("if-match", "*")];
    complete(&alice, "k", &id, &parts, &exists)
        .await
        .fails(404, "NoSuchKey");
    alice.get("/alice/k").await.fails(404, "NoSuchKey");
    let size = [("x-amz-mp-object-size", "4")];
    complete(&alice, "k", &id, &parts, &size).await.ok();
}

#[tokio::test]
async fn a_whole_objects_checksum_is_checked_at_completion() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    let headers = [
        ("x-amz-checksum-algorithm", "CRC32"),
        ("x-amz-checksum-type", "FULL_OBJECT"),
    ];
    let id = create(&alice, "k", &headers).await;
    let one = put_part(&alice, "k", &id, 1, "hel").await;
    let two = put_part(&alice, "k", &id, 2, "lo").await;
    let parts = [(1, one.as_str()), (2, &two)];
    let wrong = [("x-amz-checksum-crc32", "AAAAAA==")];
    complete(&alice, "k", &id, &parts, &wrong)
        .await
        .fails(400, "BadDigest");
    let crc = STANDARD.encode([0x36, 0x10, 0xa6, 0x86]);
    let right = [("x-amz-checksum-crc32", crc.as_str())];
    let answer = complete(&alice, "k", &id, &parts, &right).await.ok();
    assert_eq!(answer.tag("ChecksumCRC32"), crc);
    assert_eq!(answer.tag("ChecksumType"), "FULL_OBJECT");
}

#[tokio::test]
async fn uploads_and_parts_are_listed_in_pages() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    let mut ids = vec![
        create(&alice, "a", &[]).await,
        create(&alice, "b/1", &[]).await,
        create(&alice, "b/2", &[]).await,
        create(&alice, "a", &[]).await,
    ];
    let page = alice.get("/alice?uploads&delimiter=%2F").await.ok();
    assert_eq!(page.tags("Key"), ["a", "a"]);
    assert_eq!(page.tags("CommonPrefixes"), ["<Prefix>b/</Prefix>"]);

    let mut found = Vec::new();
    let mut place = String::new();
    loop {
        let page = alice
            .get(&format!("/alice?uploads&max-uploads=1{place}"))
            .await
            .ok();
        found.extend(page.tags("UploadId"));
        if page.tag("IsTruncated") == "false" {
            break;
        }
        let (key, id) = (page.tag("NextKeyMarker"), page.tag("NextUploadIdMarker"));
        let key = key.replace('/', "%2F");
        place = format!("&key-marker={key}&upload-id-marker={id}");
    }
    found.sort();
    ids.sort();
    assert_eq!(found, ids);

    let id = create(&alice, "k", &[]).await;
    for number in [9, 1, 5] {
        put_part(&alice, "k", &id, number, "x").await;
    }
    let target = format!("/alice/k?uploadId={id}&max-parts=2");
    let first = alice.get(&target).await.ok();
    assert_eq!(first.tags("PartNumber"), ["1", "5"]);
    assert_eq!(first.tag("IsTruncated"), "true");
    let last = alice.get(&format!("{target}&part-number-marker=5")).await;
    let last = last.ok();
    assert_eq!(last.tags("PartNumber"), ["9"]);
    assert_eq!(last.tag("IsTruncated"), "false");
}

#[tokio::test]
async fn an_upload_that_ended_is_no_more() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    let bob = world.member("bob").await;
    let id = create(&alice, "k", &[]).await;
    put_part(&alice, "k", &id, 1, "x").await;
    let part = format!("/alice/k?partNumber=1&uploadId={id}");
    bob.send(&format!("PUT {part}"), &[], "y")
        .await
        .fails(403, "AccessDenied");
    let elsewhere = format!("PUT /bob/k?partNumber=1&uploadId={id}");
    bob.send(&elsewhere, &[], "y")
        .await
        .fails(404, "NoSuchUpload");

    let abort = format!("DELETE /alice/k?uploadId={id}");
    alice.send(&abort, &[], "").await.status_is(204);
    alice.send(&abort, &[], "").await.fails(404, "NoSuchUpload");
    alice
        .send(&format!("PUT {part}"), &[], "x")
        .await
        .fails(404, "NoSuchUpload");
    alice
        .get("/alice/k?uploadId=nonsense")
        .await
        .fails(404, "NoSuchUpload");
    for number in ["0", "10001", "x"] {
        let line = format!("PUT /alice/k?partNumber={number}&uploadId={id}");
        alice
            .send(&line, &[], "x")
            .await
            .fails(400, "InvalidArgument");
    }
}

#[tokio::test]
async fn parts_can_be_copied_from_objects() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    alice.put("/alice/source", "0123456789").await;
    let id = create(&alice, "k", &[]).await;
    let copy = |number: u32, range: Option<&'static str>| {
        let (alice, id) = (alice.clone(), id.clone());
        async move {
            let mut headers = vec![("x-amz-copy-source", "alice/source")];
            headers.extend(range.map(|range| ("x-amz-copy-source-range", range)));
            let line = format!("PUT /alice/k?partNumber={number}&uploadId={id}");
            alice.send(&line, &headers, "").await
        }
    };
    let one = copy(1, Some("bytes=2-4")).await.ok().tag("ETag");
    let two = copy(2, None).await.ok().tag("ETag");
    copy(3, Some("bytes=2-10")).await.fails(416, "InvalidRange");
    copy(3, Some("bytes=2-"))
        .await
        .fails(400, "InvalidArgument");
    let parts = [(1, one.as_str()), (2, &two)];
    complete(&alice, "k", &id, &parts, &[]).await.ok();
    assert_eq!(alice.get("/alice/k").await.text(), "2340123456789");
}

#[tokio::test]
async fn a_completion_that_takes_its_time_answers_at_once_and_says_later_what_became_of_it() {
    let settings = S3Settings {
        patience: Duration::ZERO,
        ..S3Settings::default()
    };
    let world = World::with(settings).await;
    let alice = world.member("alice").await;
    let id = create(&alice, "k", &[]).await;
    let one = put_part(&alice, "k", &id, 1, "ab").await;
    let parts = [(1, one.as_str())];
    let wait = || Fault::PutWaits(Duration::from_millis(300));
    world.pool.store.add(wait());
    let abort = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let line = format!("DELETE /alice/k?uploadId={id}");
        alice.send(&line, &[], "").await.status_is(204);
    };
    let (late, ()) = tokio::join!(complete(&alice, "k", &id, &parts, &[]), abort);
    let late = late.status_is(200);
    assert!(late.text().starts_with("<?xml"), "{late:?}");
    assert_eq!(late.tag("Code"), "NoSuchUpload");
    let id_in_body = late.tag("RequestId");
    assert_eq!(late.header("x-amz-request-id"), Some(&*id_in_body));

    let id = create(&alice, "k", &[]).await;
    let one = put_part(&alice, "k", &id, 1, "cd").await;
    world.pool.store.add(wait());
    let parts = [(1, one.as_str())];
    let done = complete(&alice, "k", &id, &parts, &[]).await.ok();
    assert!(done.tag("ETag").ends_with("-1&quot;"), "{done:?}");
    assert_eq!(alice.get("/alice/k").await.text(), "cd");
}
