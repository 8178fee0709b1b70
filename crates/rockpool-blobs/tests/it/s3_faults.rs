//! The S3 store against a provider that has a bad day.
use std::{
    collections::HashMap,
    sync::Mutex,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::{TryStreamExt, future::join_all};
use md5::{Digest, Md5};
use rockpool_blobs::{BlobStore, S3Store, Spool, StoreError};

use crate::{
    provider::{Provider, Reply, SECRET, error, ok},
    support::{key, keys, memory, pattern, read, spooled},
};

fn unavailable(result: Result<(), StoreError>) -> String {
    match result {
        Err(error @ StoreError::Unavailable { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

fn internal<T: std::fmt::Debug>(result: Result<T, StoreError>) -> String {
    match result {
        Err(error @ StoreError::Internal { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_put_is_one_request_of_known_length_with_its_digest_signed() {
    let provider = Provider::start(|_, _| ok("")).await;
    let store = provider.store();
    let large = pattern(1, 700_000);
    let contents = [
        (memory(&pattern(2, 1000)), pattern(2, 1000)),
        (spooled(&provider.spool(), &large), large),
        (memory(&pattern(1, 0)), pattern(1, 0)),
        (spooled(&provider.spool(), &[]), pattern(1, 0)),
    ];
    for (n, (content, bytes)) in contents.iter().enumerate() {
        store
            .put(&key("blobs/a"), content, "image/png")
            .await
            .unwrap();
        let requests = provider.requests();
        assert_eq!(requests.len(), n + 1);
        let request = &requests[n];
        assert_eq!(
            (request.method.as_str(), request.path()),
            ("PUT", "/pool/blobs/a")
        );
        assert!(request.body == *bytes);
        let length = bytes.len().to_string();
        let digest = STANDARD.encode(Md5::digest(bytes));
        for (name, expected) in [
            ("content-length", Some(length.as_str())),
            ("content-md5", Some(digest.as_str())),
            ("content-type", Some("image/png")),
            (
                "user-agent",
                Some(concat!("rockpool/", env!("CARGO_PKG_VERSION"))),
            ),
            ("transfer-encoding", None),
            ("x-amz-acl", None),
            ("cache-control", None),
        ] {
            assert_eq!(request.header(name), expected, "{name}");
        }
        let signed = "X-Amz-SignedHeaders=content-md5%3Bcontent-type%3Bhost&";
        assert!(request.target.contains(signed), "{}", request.target);
    }
}

#[tokio::test]
async fn only_items_below_the_public_prefix_are_for_the_world() {
    let provider = Provider::start(|_, _| ok("")).await;
    let store = provider.store_with(|settings| {
        settings.public_prefix = Some("blobs/".into());
        settings.prefix = Some(key("media/of/all"));
    });
    for name in ["blobs/a", "private/a"] {
        store
            .put(&key(name), &memory(&pattern(1, 1)), "a/b")
            .await
            .unwrap();
    }
    let requests = provider.requests();
    assert_eq!(requests[0].path(), "/pool/media/of/all/blobs/a");
    assert_eq!(requests[0].header("x-amz-acl"), Some("public-read"));
    let cached = Some("public, max-age=31536000, immutable");
    assert_eq!(requests[0].header("cache-control"), cached);
    assert!(requests[0].target.contains("%3Bhost%3Bx-amz-acl&"));
    assert_eq!(requests[1].header("x-amz-acl"), None);
    assert_eq!(requests[1].header("cache-control"), None);
}

#[tokio::test]
async fn what_fails_twice_and_then_works_has_worked() {
    let provider = Provider::start(|n, _| match n {
        0 => error(503, "SlowDown"),
        1 => Reply::Cut(Vec::new()),
        _ => ok(""),
    })
    .await;
    let bytes = pattern(1, 300_000);
    let content = spooled(&provider.spool(), &bytes);
    provider
        .store()
        .put(&key("a"), &content, "a/b")
        .await
        .unwrap();
    let requests = provider.requests();
    assert_eq!(requests.len(), 3);
    assert!(requests.iter().all(|request| request.body == bytes));
}

#[tokio::test]
async fn a_removal_with_a_deadline_is_tried_once_and_refused_by_the_provider_later() {
    let provider = Provider::start(|_, _| error(500, "InternalError")).await;
    let deadline = Instant::now() + Duration::from_millis(7900);
    let store = provider.store();
    unavailable(store.remove_before(&key("a"), deadline).await);
    let requests = provider.requests();
    assert_eq!(
        requests.len(),
        1,
        "the outcome of an earlier attempt is unknown"
    );
    let target = &requests[0].target;
    assert!(target.contains("X-Amz-Expires=7&"), "{target}");
    // A signature lasts a second at least.
    let near = Instant::now() + Duration::from_millis(900);
    unavailable(store.remove_before(&key("a"), near).await);
    assert_eq!(provider.requests().len(), 1);
}

#[tokio::test]
async fn what_never_works_ends_after_so_many_attempts() {
    let provider = Provider::start(|_, _| error(500, "InternalError")).await;
    let store = provider.store_with(|settings| settings.attempts = 3);
    let why = unavailable(store.remove(&key("a")).await);
    assert!(
        why.contains("InternalError: So it is. (3 attempts)"),
        "{why}"
    );
    assert_eq!(provider.requests().len(), 3);
}

#[tokio::test]
async fn a_provider_that_asks_to_wait_is_waited_for() {
    let provider = Provider::start(|n, _| match n {
        0 => Reply::Answer(429, "Retry-After: 1\r\n", Vec::new()),
        _ => ok(""),
    })
    .await;
    let start = Instant::now();
    provider.store().remove(&key("a")).await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs(1));
    assert_eq!(provider.requests().len(), 2);
}

#[tokio::test]
async fn a_wait_beyond_the_time_of_a_call_is_not_begun() {
    let provider = Provider::start(|_, _| Reply::Answer(503, "Retry-After: 3600\r\n", Vec::new()));
    let provider = provider.await;
    let start = Instant::now();
    unavailable(provider.store().remove(&key("a")).await);
    assert!(start.elapsed() < Duration::from_secs(5));
    assert_eq!(provider.requests().len(), 1);
}

#[tokio::test]
async fn a_silent_provider_is_given_up() {
    let provider = Provider::start(|_, _| Reply::Silence).await;
    let store = provider.store_with(|settings| {
        settings.stall_timeout = Duration::from_millis(100);
        settings.attempts = 2;
    });
    let why = unavailable(store.remove(&key("a")).await);
    assert!(why.contains("stood still for 100 ms"), "{why}");
    assert_eq!(provider.requests().len(), 2);
    // The time of the call ends it as well, however many attempts are left.
    let store = provider.store_with(|settings| settings.call_timeout = Duration::from_millis(200));
    let start = Instant::now();
    let why = unavailable(store.put(&key("a"), &memory(&pattern(1, 9)), "a/b").await);
    assert!(why.contains("it takes too long"), "{why}");
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_slow_upload_that_moves_is_not_given_up() {
    let provider = Provider::start_slow(Duration::from_millis(100), |_, _| ok("")).await;
    let store = provider.store_with(|settings| {
        settings.stall_timeout = Duration::from_millis(1500);
        settings.attempts = 1;
    });
    let bytes = pattern(1, 30 << 20);
    let content = spooled(&provider.spool(), &bytes);
    let start = Instant::now();
    store.put(&key("a"), &content, "a/b").await.unwrap();
    assert!(start.elapsed() > Duration::from_millis(1500));
    assert!(provider.requests()[0].body == bytes);
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_unavailable() {
    let provider = Provider::start(|_, _| ok("")).await;
    let store = provider.store_with(|settings| {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = closed.local_addr().unwrap();
        settings.endpoint = format!("http://{address}").parse().unwrap();
        settings.attempts = 2;
    });
    let why = unavailable(store.probe().await);
    assert!(why.contains("refused"), "{why}");
}

#[tokio::test]
async fn a_refusal_is_not_repeated_and_tells_no_secrets() {
    let provider = Provider::start(|_, _| error(403, "SignatureDoesNotMatch")).await;
    let store = provider.store();
    let said = [
        internal(store.put(&key("a"), &memory(&pattern(1, 9)), "a/b").await),
        internal(store.open(&key("a"), None).await.map(|_| ())),
        internal(store.remove(&key("a")).await),
        internal(store.list("", None, 1).await),
        internal(store.probe().await),
    ];
    assert_eq!(provider.requests().len(), said.len());
    for said in said {
        assert!(said.contains("SignatureDoesNotMatch: So it is."), "{said}");
        assert!(said.contains("correct the access key id"), "{said}");
        assert!(!said.contains("X-Amz-Signature"), "{said}");
    }
    assert!(!format!("{store:?} {:?}", provider.settings()).contains(SECRET));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let provider = Provider::start(|_, _| {
        Reply::Answer(
            307,
            "Location: http://127.0.0.1:1/elsewhere\r\n",
            Vec::new(),
        )
    })
    .await;
    let why = internal(provider.store().size(&key("a")).await);
    assert!(why.contains("correct the endpoint"), "{why}");
    assert_eq!(provider.requests().len(), 1);
}

#[tokio::test]
async fn a_missing_bucket_is_no_missing_item() {
    let provider = Provider::start(|_, request| match request.method.as_str() {
        "GET" => error(404, "NoSuchBucket"),
        _ => error(404, "NoSuchKey"),
    })
    .await;
    let store = provider.store();
    let why = internal(store.open(&key("a"), None).await.map(|_| ()));
    assert!(why.contains("make the bucket `pool`"), "{why}");
    assert_eq!(store.size(&key("a")).await.unwrap(), None);
    assert!(!store.copy(&key("a"), &key("b"), "a/b").await.unwrap());
    internal(store.put(&key("a"), &memory(&pattern(1, 9)), "a/b").await);
}

#[tokio::test]
async fn a_full_provider_is_full() {
    let provider = Provider::start(|_, _| error(507, "XMinioStorageFull")).await;
    let content = memory(&pattern(1, 9));
    let error = provider.store().put(&key("a"), &content, "a/b").await;
    assert!(matches!(error, Err(StoreError::Full { .. })), "{error:?}");
}

#[tokio::test]
async fn a_connection_that_is_cut_in_the_middle_of_an_item_ends_its_stream_with_an_error() {
    let provider = Provider::start(|_, _| {
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n";
        Reply::Cut([&head[..], &[b'x'; 600]].concat())
    })
    .await;
    let store = provider.store();
    let reader = store.open(&key("a"), None).await.unwrap().unwrap();
    assert_eq!(reader.size, 1000);
    let mut stream = reader.stream;
    let mut bytes = 0;
    let error = loop {
        match stream.try_next().await {
            Ok(Some(chunk)) => bytes += chunk.len(),
            Ok(None) => panic!("a clean end after {bytes} bytes"),
            Err(error) => break error,
        }
    };
    assert!(bytes <= 600, "{bytes}: {error}");
}

#[tokio::test]
async fn an_answer_with_other_bytes_than_asked_for_is_refused() {
    let check = async |status: u16, headers: &'static str, length: usize, fine: bool| {
        let body = move || Reply::Answer(status, headers, vec![b'x'; length]);
        let provider = Provider::start(move |_, _| body()).await;
        let store = provider.store();
        let opened = store.open(&key("a"), Some(5..15)).await;
        assert_eq!(opened.is_ok(), fine, "{status} {headers}");
        assert_eq!(provider.requests()[0].header("range"), Some("bytes=5-14"));
    };
    check(206, "Content-Range: bytes 5-14/100\r\n", 10, true).await;
    check(206, "Content-Range: bytes 5-14/100\r\n", 11, false).await;
    check(206, "Content-Range: bytes 0-9/100\r\n", 10, false).await;
    check(206, "Content-Range: bytes 5-14/*\r\n", 10, false).await;
    check(206, "", 10, false).await;
    check(200, "", 100, false).await;
    check(200, "", 10, false).await;
}

#[tokio::test]
async fn no_more_requests_are_made_at_once_than_allowed() {
    let provider =
        Provider::start(|_, _| Reply::After(Duration::from_millis(30), Box::new(ok("12345"))))
            .await;
    let store = provider.store_with(|settings| settings.max_connections = 3);
    let names: Vec<_> = (0..12).map(|n| key(&format!("a/{n}"))).collect();
    let sizes = join_all(names.iter().map(|name| store.size(name))).await;
    assert!(sizes.iter().all(|size| matches!(size, Ok(Some(5)))));
    assert_eq!(provider.most_at_once(), 3);
}

#[tokio::test]
async fn no_more_requests_are_made_a_second_than_allowed() {
    let provider = Provider::start(|n, _| match n {
        0..5 => error(503, "SlowDown"),
        _ => ok("12345"),
    })
    .await;
    let store = provider.store_with(|settings| settings.max_calls_per_second = Some(20));
    let names: Vec<_> = (0..15).map(|n| key(&format!("a/{n}"))).collect();
    let start = Instant::now();
    let sizes = join_all(names.iter().map(|name| store.size(name))).await;
    assert!(sizes.iter().all(|size| matches!(size, Ok(Some(5)))));
    // What is tried again counts too.
    assert_eq!(provider.requests().len(), 20);
    assert!(
        start.elapsed() >= Duration::from_millis(930),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn slow_readers_keep_nobody_from_writing() {
    let provider = Provider::start(|_, _| ok(vec![0; 3 << 20])).await;
    let store = provider.store_with(|settings| {
        settings.max_connections = 1;
        settings.call_timeout = Duration::from_secs(5);
    });
    let reader = store.open(&key("a"), None).await.unwrap().unwrap();
    store
        .put(&key("b"), &memory(&pattern(1, 9)), "a/b")
        .await
        .unwrap();
    // Its own kind wait until it is done.
    let third = key("c");
    let (bytes, second) = tokio::join!(
        reader
            .stream
            .try_fold(0, |sum, chunk| async move { Ok(sum + chunk.len()) }),
        read(&store, &third, None),
    );
    assert_eq!((bytes.unwrap(), second.unwrap().0), (3 << 20, 3 << 20));
}

#[tokio::test]
async fn a_provider_that_cannot_copy_is_copied_through_the_spool() {
    let objects = Mutex::new(HashMap::from([("/pool/a".to_owned(), vec![7; 400_000])]));
    let provider = Provider::start(move |_, request| {
        let mut objects = objects.lock().unwrap();
        match request.method.as_str() {
            _ if request.header("x-amz-copy-source").is_some() => error(501, "NotImplemented"),
            "PUT" => {
                objects.insert(request.path().to_owned(), request.body.clone());
                ok("")
            }
            _ => objects
                .get(request.path())
                .map_or(error(404, "NoSuchKey"), |b| ok(b.clone())),
        }
    })
    .await;
    let store = provider.store();
    assert!(store.copy(&key("a"), &key("b"), "image/png").await.unwrap());
    assert!(read(&store, &key("b"), None).await.unwrap().1 == [7; 400_000]);
    let asked = &provider.requests()[1];
    assert_eq!(asked.header("x-amz-copy-source"), Some("/pool/a"));
    assert_eq!(asked.header("x-amz-metadata-directive"), Some("REPLACE"));
    assert_eq!(asked.header("content-type"), Some("image/png"));
    assert!(
        asked
            .target
            .contains("x-amz-copy-source%3Bx-amz-metadata-directive&")
    );
}

#[tokio::test]
async fn an_error_behind_a_200_is_an_error() {
    let provider = Provider::start(|n, request| match (request.method.as_str(), n) {
        ("PUT", 1) => ok("<?xml version=\"1.0\"?> <Error><Code>SlowDown</Code></Error>"),
        ("PUT", _) => ok("<CopyObjectResult></CopyObjectResult>"),
        _ => ok("12345"),
    })
    .await;
    assert!(
        provider
            .store()
            .copy(&key("a"), &key("b"), "a/b")
            .await
            .unwrap()
    );
    assert_eq!(provider.requests().len(), 3);
}

/// A page of a listing.
fn page(names: &[&str], token: Option<&str>) -> Reply {
    let items: String = names
        .iter()
        .map(|name| {
            format!(
                "<Contents><Key>{name}</Key><LastModified>2026-11-23T08:30:00.000Z</LastModified>\
                 <ETag>\"e\"</ETag><Size>5</Size><StorageClass>STANDARD</StorageClass></Contents>"
            )
        })
        .collect();
    let more = token.map(|token| format!("<NextContinuationToken>{token}</NextContinuationToken>"));
    ok(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>pool</Name>\
         <IsTruncated>{}</IsTruncated>{items}{}</ListBucketResult>",
        token.is_some(),
        more.unwrap_or_default(),
    ))
}

#[tokio::test]
async fn a_listing_is_read_page_by_page_and_others_objects_are_left_out() {
    let provider = Provider::start(|_, request| {
        if request.target.contains("continuation-token=more") {
            page(&["media/b/c", "media/d"], None)
        } else {
            page(&["media/a", "media/b%2B", "media/b/"], Some("more"))
        }
    })
    .await;
    let store = provider.store_with(|settings| settings.prefix = Some(key("media")));
    let items = store.list("", Some(&key("Z")), 10).await.unwrap();
    let found: Vec<_> = items.iter().map(|item| item.key.as_str()).collect();
    assert_eq!(found, ["a", "b/c", "d"]);
    assert_eq!(items[0].size, 5);
    assert_eq!(
        items[0].modified_at.to_iso8601(),
        "2026-11-23T08:30:00.000Z"
    );
    let first = &provider.requests()[0].target;
    for part in [
        "prefix=media%2F&",
        "start-after=media%2FZ",
        "max-keys=10&",
        "list-type=2&",
    ] {
        assert!(first.contains(part), "{first}");
    }
    assert_eq!(keys(&store, "", 2).await, ["a", "b/c", "d"]);
}

#[tokio::test]
async fn a_listing_that_makes_no_sense_is_refused() {
    let check = async |reply: fn() -> Reply, expected: &str| {
        let provider = Provider::start(move |_, _| reply()).await;
        let why = internal(provider.store().list("", None, 10).await);
        assert!(why.contains(expected), "{why}");
    };
    check(|| page(&["b", "a"], None), "not in byte order").await;
    check(|| page(&["a", "b"], Some("same")), "not in byte order").await;
    check(|| page(&[], Some("same")), "does not go on").await;
    check(|| ok("<html>Welcome</html>"), "makes no sense").await;
}

#[tokio::test]
async fn a_probe_starts_an_upload_and_aborts_it() {
    let provider = Provider::start(|n, _| match n {
        0 => ok(
            "<InitiateMultipartUploadResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
             <Bucket>pool</Bucket><Key>k</Key><UploadId>id-1</UploadId>\
             </InitiateMultipartUploadResult>",
        ),
        _ => Reply::Answer(204, "", Vec::new()),
    })
    .await;
    provider.store().probe().await.unwrap();
    let requests = provider.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(
        (
            requests[0].method.as_str(),
            requests[0].header("content-length")
        ),
        ("POST", Some("0"))
    );
    assert_eq!(requests[1].method, "DELETE");
    assert!(requests[1].target.contains("uploadId=id-1"));
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let provider = runtime.block_on(Provider::start(|_, _| ok("")));
    let refused = |change: &dyn Fn(&mut rockpool_blobs::S3Settings)| {
        let mut settings = provider.settings();
        change(&mut settings);
        internal(S3Store::new(settings, provider.spool()))
    };
    refused(&|settings| settings.endpoint = "ftp://example.org".parse().unwrap());
    // A bucket before an address is no host name.
    refused(&|settings| settings.path_style = false);
    let directory = tempfile::tempdir().unwrap();
    let mut settings = provider.settings();
    settings.endpoint = "https://127.0.0.1:9".parse().unwrap();
    let https = S3Store::new(settings, Spool::open(directory.path()).unwrap());
    if let Err(error) = https {
        assert!(error.to_string().contains("ca-certificates"), "{error}");
    }
}
