//! Uploads by HTML forms.
use base64::{Engine, engine::general_purpose::STANDARD};
use md5::{Digest, Md5};

use crate::world::{Answer, Client, World};

const TYPE: [(&str, &str); 1] = [("content-type", "multipart/form-data; boundary=BOUNDARY")];

/// The fields of a form with a policy over them, which lets the file have up to 10 bytes.
fn signed(client: &Client<'_>, fields: &[(&str, &str)]) -> Vec<(String, String)> {
    let signer = client.signer.as_ref().unwrap();
    let now = client.world.pool.pool.now();
    let date = now.to_amz_date();
    let mut all: Vec<(String, String)> = fields
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    for (name, value) in [
        ("x-amz-algorithm", "AWS4-HMAC-SHA256".to_owned()),
        ("x-amz-credential", signer.credential(&date[..8])),
        ("x-amz-date", date.clone()),
    ] {
        all.push((name.to_owned(), value));
    }
    let conditions: Vec<String> = all
        .iter()
        .map(|(name, _)| format!("[\"starts-with\", \"${name}\", \"\"]"))
        .collect();
    let expires = now.plus(std::time::Duration::from_secs(60)).to_iso8601();
    let policy = format!(
        "{{\"expiration\": \"{expires}\", \"conditions\": [{{\"bucket\": \"alice\"}}, [\"content-length-range\", 2, 10], {}]}}",
        conditions.join(", ")
    );
    let policy = STANDARD.encode(policy);
    let signature = signer.sign_policy(&date[..8], &policy);
    all.push(("policy".to_owned(), policy));
    all.push(("x-amz-signature".to_owned(), signature));
    all
}

fn form(fields: &[(String, String)], file_name: &str, file: &str) -> String {
    let mut text = String::new();
    for (name, value) in fields {
        text.push_str(&format!(
            "--BOUNDARY\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        ));
    }
    text.push_str(&format!(
        "--BOUNDARY\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{file_name}\"\r\nContent-Type: text/plain\r\n\r\n{file}\r\n\
         --BOUNDARY\r\nContent-Disposition: form-data; name=\"submit\"\r\n\r\nUpload\r\n--BOUNDARY--\r\n"
    ));
    text
}

async fn post(world: &World, body: String) -> Answer {
    world.stranger().send("POST /alice", &TYPE, body).await
}

#[tokio::test]
async fn a_form_puts_an_object_with_its_fields() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    let fields = [
        ("key", "up/${filename}"),
        ("Content-Type", "image/png"),
        ("acl", "private"),
        ("x-amz-meta-a", "1"),
        ("success_action_status", "201"),
    ];
    let body = form(&signed(&alice, &fields), "C:\\\\pics\\\\a.png", "hello");
    let answer = post(&world, body).await.status_is(201);
    assert_eq!(answer.tag("Key"), "up/a.png");
    assert_eq!(answer.tag("Bucket"), "alice");
    let etag = format!("\"{}\"", hex::encode(Md5::digest("hello")));
    assert_eq!(answer.header("etag"), Some(&*etag));
    assert_eq!(
        answer.header("location"),
        Some("http://s3.test:23278/alice/up/a.png")
    );
    let found = alice.get("/alice/up/a.png").await.ok();
    assert_eq!(found.text(), "hello");
    assert_eq!(found.header("content-type"), Some("image/png"));
    assert_eq!(found.header("x-amz-meta-a"), Some("1"));
    world
        .stranger()
        .get("/alice/up/a.png")
        .await
        .fails(403, "AccessDenied");
}

#[tokio::test]
async fn a_form_says_what_is_answered() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    for (name, value, status, location) in [
        ("success_action_status", "200", 200, None),
        ("success_action_status", "500", 204, None),
        ("x-amz-meta-a", "1", 204, None),
        (
            "success_action_redirect",
            "https://social.example/done?a=b",
            303,
            Some(
                "https://social.example/done?a=b&bucket=alice&key=k&etag=%225d41402abc4b2a76b9719d911017c592%22",
            ),
        ),
        ("success_action_redirect", "javascript:alert(1)", 204, None),
    ] {
        let fields = signed(&alice, &[("key", "k"), (name, value)]);
        let answer = post(&world, form(&fields, "a", "hello")).await;
        let answer = answer.status_is(status);
        let location = location.unwrap_or("http://s3.test:23278/alice/k");
        assert_eq!(answer.header("location"), Some(location));
    }
}

#[tokio::test]
async fn a_form_keeps_to_its_policy_or_stores_nothing() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    world.member("bob").await;
    let good = signed(&alice, &[("key", "k")]);
    let with = |name: &str, value: &str| {
        let mut fields = good.clone();
        fields.retain(|(n, _)| n != name);
        fields.push((name.to_owned(), value.to_owned()));
        fields
    };
    let unsigned = vec![("key".to_owned(), "k".to_owned())];
    let no_key = signed(&alice, &[("acl", "private")]);
    for (fields, file, status, code) in [
        (unsigned, "hello", 403, "AccessDenied"),
        (no_key, "hello", 400, "UserKeyMustBeSpecified"),
        (with("acl", "public-read"), "hello", 403, "AccessDenied"),
        (
            with("x-amz-signature", &"0".repeat(64)),
            "hello",
            403,
            "SignatureDoesNotMatch",
        ),
        (good.clone(), "01234567890", 400, "EntityTooLarge"),
        (good.clone(), "0", 400, "EntityTooSmall"),
        (with("content-md5", "AAAA"), "hello", 403, "AccessDenied"),
        (
            with("x-ignore-much", &"y".repeat(20_000)),
            "hello",
            400,
            "MaxPostPreDataLengthExceeded",
        ),
    ] {
        let answer = post(&world, form(&fields, "a", file)).await;
        answer.fails(status, code);
    }
    let digest = signed(
        &alice,
        &[("key", "k"), ("x-amz-checksum-crc32", "AAAAAA==")],
    );
    post(&world, form(&digest, "a", "hello"))
        .await
        .fails(400, "BadDigest");
    world
        .stranger()
        .send("POST /bob", &TYPE, form(&good, "a", "hello"))
        .await
        .fails(403, "AccessDenied");
    alice.get("/alice/k").await.fails(404, "NoSuchKey");
    assert!(world.pool.stored("").await.is_empty());
    post(&world, form(&good, "a", "hello")).await.status_is(204);
}

#[tokio::test]
async fn forms_that_cannot_be_read_are_refused() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    let whole = form(&signed(&alice, &[("key", "k")]), "a", "hello");
    let cut = whole[..whole.len() - 150].to_owned();
    let no_file = whole[..whole.find("name=\"file\"").unwrap()].to_owned()
        + "name=\"x\"\r\n\r\n\r\n--BOUNDARY--\r\n";
    let endless = format!("--BOUNDARY\r\nX-Long: {}", "a".repeat(1 << 20));
    for (body, code) in [
        (String::new(), "IncompleteBody"),
        (cut, "IncompleteBody"),
        (no_file, "InvalidArgument"),
        (endless, "MaxPostPreDataLengthExceeded"),
        ("a".repeat(1 << 20), "MaxPostPreDataLengthExceeded"),
        (
            "--BOUNDARY\r\n\0\r\n\r\n".to_owned(),
            "MalformedPOSTRequest",
        ),
    ] {
        post(&world, body).await.fails(400, code);
    }
    let headers = [("content-type", "multipart/form-data")];
    world
        .stranger()
        .send("POST /alice", &headers, "x")
        .await
        .fails(400, "MalformedPOSTRequest");
    alice.get("/alice/k").await.fails(404, "NoSuchKey");
}
