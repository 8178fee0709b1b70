//! Ranges, conditions, parts and overrides of reads.
use crate::world::{Answer, Client, World};

const TEXT: &str = "0123456789";

async fn world_with_object() -> World {
    let world = World::start().await;
    let alice = world.member("alice").await;
    alice.put("/alice/k", TEXT).await;
    alice.put("/alice/empty", "").await;
    world
}

fn stranger(world: &World) -> Client<'_> {
    world.stranger()
}

async fn get(world: &World, headers: &[(&str, &str)]) -> Answer {
    stranger(world).send("GET /alice/k", headers, "").await
}

#[tokio::test]
async fn ranges_are_exact_and_clamped_to_the_object() {
    let world = world_with_object().await;
    for (range, content_range, body) in [
        ("bytes=0-3", "bytes 0-3/10", "0123"),
        ("bytes=4-", "bytes 4-9/10", "456789"),
        ("bytes=-3", "bytes 7-9/10", "789"),
        ("bytes=0-", "bytes 0-9/10", TEXT),
        ("bytes=8-10", "bytes 8-9/10", "89"),
        ("bytes=0-99999999999999999999", "bytes 0-9/10", TEXT),
    ] {
        let found = get(&world, &[("range", range)]).await.status_is(206);
        assert_eq!(
            found.header("content-range"),
            Some(content_range),
            "{range}"
        );
        let length = body.len().to_string();
        assert_eq!(found.header("content-length"), Some(&*length), "{range}");
        assert_eq!(found.text(), body, "{range}");
        let head = stranger(&world)
            .send("HEAD /alice/k", &[("range", range)], "")
            .await
            .status_is(206);
        assert_eq!(head.header("content-length"), Some(&*length), "{range}");
    }
}

#[tokio::test]
async fn ranges_that_cannot_be_read_are_ignored() {
    let world = world_with_object().await;
    for range in [
        "bytes=a-b",
        "bytes=5-3",
        "bytes=0-1,3-4",
        "lines=1-2",
        "bytes",
    ] {
        let found = get(&world, &[("range", range)]).await.status_is(200);
        assert_eq!(found.text(), TEXT, "{range}");
        assert_eq!(found.header("content-range"), None, "{range}");
    }
}

#[tokio::test]
async fn a_range_beyond_the_object_is_unsatisfiable() {
    let world = world_with_object().await;
    for range in ["bytes=10-", "bytes=10-12", "bytes=-0"] {
        let found = get(&world, &[("range", range)]).await;
        let found = found.fails(416, "InvalidRange");
        assert_eq!(found.header("content-range"), Some("bytes */10"), "{range}");
    }
    let empty = stranger(&world);
    let range = [("range", "bytes=0-")];
    empty
        .send("GET /alice/empty", &range, "")
        .await
        .fails(416, "InvalidRange");
    assert_eq!(empty.get("/alice/empty").await.ok().text(), "");
}

#[tokio::test]
async fn conditions_decide_reads_as_http_says() {
    let world = world_with_object().await;
    let found = get(&world, &[]).await.ok();
    let etag = found.header("etag").unwrap().to_owned();
    let date = found.header("last-modified").unwrap().to_owned();
    let list = format!("\"other\", {etag}");
    let weak = format!("W/{etag}");
    let old = "Thu, 01 Jan 1970 00:00:01 GMT";
    for (name, value, status) in [
        ("if-match", etag.as_str(), 200),
        ("if-match", "*", 200),
        ("if-match", "\"other\"", 412),
        ("if-none-match", &etag, 304),
        ("if-none-match", &list, 304),
        ("if-none-match", &weak, 304),
        ("if-none-match", "\"other\"", 200),
        ("if-modified-since", &date, 304),
        ("if-modified-since", old, 200),
        ("if-modified-since", "nonsense", 200),
        ("if-unmodified-since", &date, 200),
        ("if-unmodified-since", old, 412),
    ] {
        let answer = get(&world, &[(name, value)]).await.status_is(status);
        if status == 304 {
            assert_eq!(answer.header("etag"), Some(&*etag), "{name}: {value}");
            assert_eq!(answer.header("last-modified"), Some(&*date));
            assert!(answer.body.is_empty());
        }
    }
}

#[tokio::test]
async fn if_range_sends_the_whole_when_the_object_changed() {
    let world = world_with_object().await;
    let found = get(&world, &[]).await.ok();
    let etag = found.header("etag").unwrap();
    let date = found.header("last-modified").unwrap();
    let weak = format!("W/{etag}");
    for (value, status) in [
        (etag, 206),
        (date, 206),
        ("\"other\"", 200),
        (&weak, 200),
        ("Thu, 01 Jan 1970 00:00:01 GMT", 200),
    ] {
        let headers = [("range", "bytes=0-3"), ("if-range", value)];
        get(&world, &headers).await.status_is(status);
    }
}

#[tokio::test]
async fn an_object_without_parts_is_its_own_first_part() {
    let world = world_with_object().await;
    let ask = |target: &'static str| {
        let world = &world;
        async move { stranger(world).send(target, &[], "").await }
    };
    let head = ask("HEAD /alice/k?partNumber=1").await.status_is(200);
    assert_eq!(head.header("content-length"), Some("10"));
    assert_eq!(head.header("x-amz-mp-parts-count"), None);
    ask("GET /alice/k?partNumber=2")
        .await
        .fails(416, "InvalidPartNumber");
    ask("GET /alice/k?partNumber=0")
        .await
        .fails(400, "InvalidArgument");
    let both = [("range", "bytes=0-1")];
    stranger(&world)
        .send("GET /alice/k?partNumber=1", &both, "")
        .await
        .fails(400, "InvalidRequest");
}

#[tokio::test]
async fn a_signer_says_how_an_object_is_shown() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    let private = [("x-amz-acl", "private"), ("content-type", "a/b")];
    alice.send("PUT /alice/k", &private, TEXT).await.ok();
    let target = "/alice/k?response-cache-control=no-store&response-content-disposition=attachment%3B%20filename%3D%22%C3%A9.zip%22&response-content-type=application%2Fzip";
    let url = alice.presign(&format!("GET {target}"), 60);
    let found = world.stranger().get(&url).await.ok();
    assert_eq!(found.text(), TEXT);
    assert_eq!(found.header("cache-control"), Some("no-store"));
    assert_eq!(found.header("content-type"), Some("application/zip"));
    assert_eq!(
        found.headers["content-disposition"].as_bytes(),
        "attachment; filename=\"é.zip\"".as_bytes()
    );
    world
        .stranger()
        .get(target)
        .await
        .fails(400, "InvalidRequest");
    let split = "/alice/k?response-content-type=a%0D%0Ab";
    alice.get(split).await.fails(400, "InvalidArgument");
}
