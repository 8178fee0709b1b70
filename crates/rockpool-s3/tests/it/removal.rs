//! Removing objects.
use base64::{Engine, engine::general_purpose::STANDARD};
use md5::{Digest, Md5};

use crate::world::{Answer, Client, World};

async fn delete_many(client: &Client<'_>, document: &str) -> Answer {
    client
        .send("POST /alice?delete", &[], document.to_owned())
        .await
}

#[tokio::test]
async fn a_removal_is_answered_alike_whether_the_key_was_there() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    alice.put("/alice/k", "x").await;
    for _ in 0..2 {
        let answer = alice.send("DELETE /alice/k", &[], "").await;
        assert!(answer.status_is(204).body.is_empty());
    }
    alice.get("/alice/k").await.fails(404, "NoSuchKey");
}

#[tokio::test]
async fn a_removal_goes_by_its_condition() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    let put = alice.put("/alice/k", "x").await;
    let wrong = [("if-match", "\"other\"")];
    alice
        .send("DELETE /alice/k", &wrong, "")
        .await
        .fails(412, "PreconditionFailed");
    // Conditions that the pool does not know are not passed over.
    let unknown = [("x-amz-if-match-size", "7")];
    alice
        .send("DELETE /alice/k", &unknown, "")
        .await
        .fails(501, "NotImplemented");
    let right = [("if-match", put.header("etag").unwrap())];
    alice
        .send("DELETE /alice/k", &right, "")
        .await
        .status_is(204);
}

#[tokio::test]
async fn many_keys_are_removed_at_once_with_a_result_for_each() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    for key in ["a", "b%3C%26", "%F0%9F%98%80", "kept"] {
        alice.put(&format!("/alice/{key}"), "x").await;
    }
    let long = "k".repeat(1025);
    let document = format!(
        "<?xml version=\"1.0\"?><Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
         <Object><Key>a</Key></Object><Object><Key>b&lt;&amp;</Key></Object>\
         <Object><Key>&#x1F600;</Key></Object><Object><Key>a</Key></Object>\
         <Object><Key>absent</Key></Object><Object><Key>{long}</Key></Object>\
         <Object><Key>kept</Key><ETag>\"00000000000000000000000000000000\"</ETag></Object></Delete>"
    );
    let answer = delete_many(&alice, &document).await.ok();
    let deleted = answer.tags("Deleted").join("");
    assert_eq!(
        deleted,
        "<Key>a</Key><Key>b&lt;&amp;</Key><Key>😀</Key><Key>a</Key><Key>absent</Key>"
    );
    assert_eq!(
        answer.tags("Code"),
        ["KeyTooLongError", "PreconditionFailed"]
    );
    let left = alice.get("/alice").await.ok();
    assert_eq!(left.tags("Key"), ["kept"]);
}

#[tokio::test]
async fn a_key_that_xml_cannot_hold_is_removed_and_the_answer_readable() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    for (raw, in_xml) in [("a%01", "a&#x1;"), ("b%01", "b\u{1}")] {
        alice.put(&format!("/alice/{raw}"), "x").await;
        let document = format!("<Delete><Object><Key>{in_xml}</Key></Object></Delete>");
        let answer = delete_many(&alice, &document).await.ok();
        let shown = answer.tag("Deleted");
        assert!(shown.ends_with("\u{fffd}</Key>"), "{shown:?}");
    }
    assert!(alice.get("/alice").await.ok().tags("Key").is_empty());
}

#[tokio::test]
async fn a_quiet_removal_answers_errors_alone() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    alice.put("/alice/a", "x").await;
    let document = "<Delete><Quiet>true</Quiet><Object><Key>a</Key></Object>\
        <Object><Key>b</Key><VersionId>x</VersionId></Object></Delete>";
    let answer = delete_many(&alice, document).await.ok();
    assert!(answer.tags("Deleted").is_empty());
    assert_eq!(answer.tags("Code"), ["NoSuchVersion"]);
    alice.get("/alice/a").await.fails(404, "NoSuchKey");
}

#[tokio::test]
async fn a_thousand_keys_are_taken_and_one_more_is_not() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    alice.put("/alice/key-999", "x").await;
    let object = |i: usize| format!("<Object><Key>key-{i:03}</Key></Object>");
    let document = |n| {
        format!(
            "<Delete>{}</Delete>",
            (0..n).map(object).collect::<String>()
        )
    };
    delete_many(&alice, &document(1001))
        .await
        .fails(400, "MalformedXML");
    alice.get("/alice/key-999").await.ok();
    let answer = delete_many(&alice, &document(1000)).await.ok();
    assert_eq!(answer.tags("Deleted").len(), 1000);
    alice.get("/alice/key-999").await.fails(404, "NoSuchKey");
}

#[tokio::test]
async fn a_document_that_does_not_fit_its_digest_removes_nothing() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    alice.put("/alice/a", "x").await;
    let document = "<Delete><Object><Key>a</Key></Object></Delete>";
    let md5 = STANDARD.encode(Md5::digest("other"));
    let headers = [("content-md5", md5.as_str())];
    alice
        .send("POST /alice?delete", &headers, document)
        .await
        .fails(400, "BadDigest");
    let headers = [("x-amz-checksum-crc32", "AAAAAA==")];
    alice
        .send("POST /alice?delete", &headers, document)
        .await
        .fails(400, "BadDigest");
    alice.get("/alice/a").await.ok();
    for bad in ["", "<Delete>", "<!DOCTYPE a><Delete/>", "{}"] {
        delete_many(&alice, bad).await.fails(400, "MalformedXML");
    }
    let big = "x".repeat(5 << 20);
    delete_many(&alice, &big)
        .await
        .fails(400, "MaxMessageLengthExceeded");
}
