//! Varnish with xkey: lifetimes, and purges by surrogate key, as at a CDN.
use std::{net::SocketAddr, time::Duration};

use http::{Method, StatusCode};
use rockpool_types::ObjectKey;
use rockpool_web::{WebSettings, bucket_key, object_key};

use super::server::Server;
use crate::{
    origin::{Origin, Served},
    world::{World, blob_surrogate, hex_path, settings},
};

/// Obeys and removes `Surrogate-Control`, and forgets by `Surrogate-Key`, as a CDN does.
fn configuration(origin: SocketAddr) -> String {
    let (host, port) = (origin.ip(), origin.port());
    format!(
        r#"vcl 4.1;
        import std;
        import xkey;
        backend default {{ .host = "{host}"; .port = "{port}"; }}
        sub vcl_recv {{
          set req.http.host = "pool.example";
          if (req.method == "PURGE") {{
            return (synth(200, "purged " + xkey.purge(req.http.surrogate-key)));
          }}
        }}
        sub vcl_backend_response {{
          set beresp.http.xkey = beresp.http.surrogate-key;
          if (beresp.http.surrogate-control ~ "max-age=[0-9]+") {{
            set beresp.ttl = std.duration(
              regsub(beresp.http.surrogate-control, ".*max-age=([0-9]+).*", "\1s"), 0s);
            unset beresp.http.surrogate-control;
          }}
        }}
        sub vcl_deliver {{
          set resp.http.x-hits = obj.hits;
          set resp.http.x-ttl = obj.ttl;
        }}"#
    )
}

async fn varnish(origin: &Origin) -> Server {
    let configuration = configuration(origin.address);
    Server::start(
        "varnishd",
        "varnish varnish-modules gcc libc6-dev",
        ("edge.vcl", &configuration),
        |directory| {
            let at = |name: &str| directory.join(name).display().to_string();
            let (work, vcl, socket) = (at("work"), at("edge.vcl"), at("edge.sock"));
            [
                "-F",
                "-j",
                "none",
                "-T",
                "none",
                "-s",
                "malloc,32m",
                "-n",
                &work,
                "-f",
                &vcl,
                "-a",
                &socket,
            ]
            .map(str::to_owned)
            .to_vec()
        },
    )
    .await
}

async fn purge(edge: &Server, key: &str) {
    let method = Method::from_bytes(b"PURGE").unwrap();
    let reply = edge.ask(method, "/", &[("surrogate-key", key)]).await;
    assert_eq!(reply.status, StatusCode::OK);
}

async fn names(settings: WebSettings) -> (World, Origin, Server) {
    let world = World::with(settings).await;
    let origin = Origin::start(Served::Names(world.redirector.clone())).await;
    let edge = varnish(&origin).await;
    (world, origin, edge)
}

#[tokio::test(flavor = "multi_thread")]
async fn varnish_keeps_a_name_as_long_as_it_is_told() {
    let mut longer = settings();
    longer.name_cdn_max_age = Some(Duration::from_secs(86_400));
    for (settings, seconds) in [(settings(), 300.0), (longer, 86_400.0)] {
        let (world, origin, edge) = names(settings).await;
        world.put("a.png", "bytes").await;
        world.kit.clock.advance(Duration::from_secs(300));
        let path = "/mastodon.example/a.png";
        let cold = edge.get(path, &[]).await;
        assert_eq!(cold.status, StatusCode::MOVED_PERMANENTLY);
        let warm = edge.get(path, &[]).await;
        assert_eq!(warm.header("x-hits"), "1");
        assert_eq!(warm.header("location"), cold.header("location"));
        assert_eq!(warm.header("surrogate-control"), "");
        let ttl: f64 = warm.header("x-ttl").parse().unwrap();
        assert!((seconds - 30.0..=seconds).contains(&ttl), "{ttl}");
        assert_eq!(origin.take_asked().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn varnish_forgets_one_name_a_bucket_or_a_blob_by_its_key() {
    let (world, origin, edge) = names(settings()).await;
    let bucket = world.entry.bucket().name.clone();
    let (a, b) = ("/mastodon.example/a", "/mastodon.example/b");
    let old = world.put("a", "old").await;
    world.put("b", "other").await;
    world.kit.clock.advance(Duration::from_secs(300));
    let ask_both = async || {
        let (of_a, of_b) = (edge.get(a, &[]).await, edge.get(b, &[]).await);
        assert_eq!(of_b.status, StatusCode::MOVED_PERMANENTLY);
        (
            of_a.header("location").to_owned(),
            origin.take_asked().len(),
        )
    };
    let (location, asked) = ask_both().await;
    assert_eq!((location.ends_with(&old.to_hex()), asked), (true, 2));
    let new = world.put("a", "new").await;
    let (location, asked) = ask_both().await;
    assert_eq!((location.ends_with(&old.to_hex()), asked), (true, 0));
    purge(&edge, &object_key(&bucket, &ObjectKey::new("a").unwrap())).await;
    let (location, asked) = ask_both().await;
    assert_eq!((location.ends_with(&new.to_hex()), asked), (true, 1));
    purge(&edge, &bucket_key(&bucket)).await;
    assert_eq!(ask_both().await.1, 2);
    purge(&edge, &blob_surrogate(&new)).await;
    assert_eq!(ask_both().await.1, 1);
    // What it remembers of an absent name goes the same way.
    let late = "/mastodon.example/late";
    assert_eq!(edge.get(late, &[]).await.status, StatusCode::NOT_FOUND);
    world.put("late", "here").await;
    assert_eq!(edge.get(late, &[]).await.status, StatusCode::NOT_FOUND);
    purge(
        &edge,
        &object_key(&bucket, &ObjectKey::new("late").unwrap()),
    )
    .await;
    let reply = edge.get(late, &[]).await;
    assert_eq!(reply.status, StatusCode::MOVED_PERMANENTLY);
}

#[tokio::test(flavor = "multi_thread")]
async fn varnish_keeps_a_blob_until_it_is_purged_and_cuts_ranges_itself() {
    let world = World::start().await;
    let bytes: Vec<u8> = (0..200_000u32).map(|i| (i % 241) as u8).collect();
    let hash = world.put("film.bin", bytes.clone()).await;
    let origin = Origin::start(Served::Blobs(vec![world.blob_server.clone()])).await;
    let edge = varnish(&origin).await;
    let path = hex_path(&hash);
    let part = edge.get(&path, &[("range", "bytes=100-199")]).await;
    assert_eq!(part.status, StatusCode::PARTIAL_CONTENT);
    assert!(part.body == bytes[100..200]);
    let whole = edge.get(&path, &[]).await;
    assert!(whole.body == bytes);
    let ttl: f64 = whole.header("x-ttl").parse().unwrap();
    assert!(ttl > 31_000_000.0, "{ttl}");
    let etag = whole.header("etag").to_owned();
    let unchanged = edge.get(&path, &[("if-none-match", &etag)]).await;
    assert_eq!(unchanged.status, StatusCode::NOT_MODIFIED);
    assert_eq!(origin.take_asked(), ["GET"]);
    purge(&edge, &blob_surrogate(&hash)).await;
    assert!(edge.get(&path, &[]).await.body == bytes);
    assert_eq!(origin.take_asked(), ["GET"]);
}
