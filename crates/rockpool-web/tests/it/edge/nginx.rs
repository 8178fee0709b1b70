//! nginx with its slice module: Range and ETag as a segmenting edge needs them.
use std::{net::SocketAddr, time::Duration};

use http::{Method, StatusCode};
use rockpool_types::BlobHash;

use super::server::Server;
use crate::{
    origin::{Origin, Served},
    world::{World, hex_path, settings},
};

const SIZE: usize = 3_670_016;
const SLICE: usize = 1 << 20;

/// One process, nothing outside of its directory, slices of 1 MiB. Lifetimes are the origin's to say.
fn configuration(origin: SocketAddr, slice: bool) -> String {
    let (slicing, range, key) = if slice {
        (
            "slice 1m;",
            "proxy_set_header Range $slice_range;",
            "$uri$slice_range",
        )
    } else {
        ("", "", "$uri")
    };
    format!(
        "daemon off; master_process off; pid nginx.pid; error_log stderr warn;
         events {{ worker_connections 128; }}
         http {{
           access_log off;
           client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
           uwsgi_temp_path uwsgi; scgi_temp_path scgi;
           proxy_cache_path cache keys_zone=edge:1m;
           server {{
             listen unix:edge.sock;
             location / {{
               {slicing} {range}
               proxy_cache edge; proxy_cache_key {key};
               proxy_http_version 1.1; proxy_set_header Host pool.example;
               add_header X-Cache $upstream_cache_status always;
               proxy_pass http://{origin};
             }}
           }}
         }}"
    )
}

async fn nginx(origin: SocketAddr, slice: bool) -> Server {
    let configuration = configuration(origin, slice);
    Server::start(
        "nginx",
        "nginx",
        ("nginx.conf", &configuration),
        |directory| {
            let directory = format!("{}/", directory.display());
            ["-p", &directory, "-c", "nginx.conf", "-e", "stderr"]
                .map(str::to_owned)
                .to_vec()
        },
    )
    .await
}

/// A blob of three and a half slices at two nodes in turn, behind nginx.
struct Sliced {
    _world: World,
    origin: Origin,
    edge: Server,
    hash: BlobHash,
    bytes: Vec<u8>,
}

impl Sliced {
    async fn start() -> Self {
        let world = World::start().await;
        let bytes: Vec<u8> = (0..SIZE as u32).map(|i| (i % 253) as u8).collect();
        let hash = world.put("film.bin", bytes.clone()).await;
        let other_node = rockpool_web::BlobServer::new(world.kit.pool.clone(), settings());
        let nodes = vec![world.blob_server.clone(), other_node];
        let origin = Origin::start(Served::Blobs(nodes)).await;
        Self {
            edge: nginx(origin.address, true).await,
            _world: world,
            origin,
            hash,
            bytes,
        }
    }

    fn path(&self) -> String {
        hex_path(&self.hash)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nginx_puts_a_blob_together_from_slices_of_several_nodes() {
    let it = Sliced::start().await;
    let cold = it.edge.get(&it.path(), &[]).await;
    assert_eq!(cold.status, StatusCode::OK);
    assert!(cold.body == it.bytes);
    assert_eq!(cold.header("content-length"), SIZE.to_string());
    let slices: Vec<String> = (0..4)
        .map(|i| format!("GET bytes={}-{}", i * SLICE, (i + 1) * SLICE - 1))
        .collect();
    assert_eq!(it.origin.take_asked(), slices);
    let warm = it.edge.get(&it.path(), &[]).await;
    assert!(warm.body == it.bytes);
    assert_eq!(warm.header("x-cache"), "HIT");
    assert_eq!(it.origin.take_asked(), [] as [&str; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nginx_fetches_only_the_slices_that_a_range_needs() {
    let it = Sliced::start().await;
    let across = [("range", "bytes=1048570-1048580")];
    let reply = it.edge.get(&it.path(), &across).await;
    assert_eq!(reply.status, StatusCode::PARTIAL_CONTENT);
    assert!(reply.body == it.bytes[1_048_570..=1_048_580]);
    let range = format!("bytes 1048570-1048580/{SIZE}");
    assert_eq!(reply.header("content-range"), range);
    assert_eq!(it.origin.take_asked().len(), 2);
    let end = format!("bytes={}-{}", SIZE - 5, SIZE + 5);
    let reply = it.edge.get(&it.path(), &[("range", &end)]).await;
    assert_eq!(reply.status, StatusCode::PARTIAL_CONTENT);
    assert!(reply.body == it.bytes[SIZE - 5..]);
    let beyond = format!("bytes={}-", SIZE + SLICE);
    let reply = it.edge.get(&it.path(), &[("range", &beyond)]).await;
    assert_eq!(reply.status, StatusCode::RANGE_NOT_SATISFIABLE);
}

#[tokio::test(flavor = "multi_thread")]
async fn nginx_answers_conditions_from_what_it_kept() {
    let it = Sliced::start().await;
    let etag = it.edge.get(&it.path(), &[]).await.header("etag").to_owned();
    it.origin.take_asked();
    let unchanged = it.edge.get(&it.path(), &[("if-none-match", &etag)]).await;
    assert_eq!(unchanged.status, StatusCode::NOT_MODIFIED);
    let headers = [("range", "bytes=0-9"), ("if-range", etag.as_str())];
    let part = it.edge.get(&it.path(), &headers).await;
    assert_eq!(part.status, StatusCode::PARTIAL_CONTENT);
    let headers = [("range", "bytes=0-9"), ("if-range", "\"other\"")];
    let whole = it.edge.get(&it.path(), &headers).await;
    assert_eq!(whole.status, StatusCode::OK);
    assert!(whole.body == it.bytes);
    let head = it.edge.ask(Method::HEAD, &it.path(), &[]).await;
    assert_eq!(head.status, StatusCode::OK);
    assert_eq!(head.header("content-length"), SIZE.to_string());
    assert_eq!(head.header("access-control-allow-origin"), "*");
    assert_eq!(it.origin.take_asked(), [] as [&str; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nginx_keeps_redirects_and_never_what_is_private() {
    let world = World::start().await;
    world.put("a.png", "bytes").await;
    world.kit.clock.advance(Duration::from_secs(300));
    world.put_private("s", "secret").await;
    let origin = Origin::start(Served::Names(world.redirector.clone())).await;
    let edge = nginx(origin.address, false).await;
    let path = "/mastodon.example/a.png";
    let cold = edge.get(path, &[]).await;
    let warm = edge.get(path, &[]).await;
    assert_eq!(cold.header("x-cache"), "MISS");
    assert_eq!(warm.header("x-cache"), "HIT");
    assert_eq!(warm.status, StatusCode::MOVED_PERMANENTLY);
    assert_eq!(warm.header("location"), cold.header("location"));
    for _ in 0..2 {
        let private = edge.get("/mastodon.example/s", &[]).await;
        assert_eq!(private.status, StatusCode::FORBIDDEN);
        assert_eq!(private.header("x-cache"), "MISS");
    }
}
