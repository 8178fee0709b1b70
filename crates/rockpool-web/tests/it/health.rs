//! Health.
use std::time::Duration;

use http::{Method, StatusCode};
use http_body_util::BodyExt;
use rockpool_testkit::Fault;
use rockpool_web::Health;

use crate::world::World;

#[tokio::test]
async fn a_node_that_works_is_alive_and_ready_on_every_face() {
    let world = World::start().await;
    for path in ["/healthz", "/readyz"] {
        let name = world.get_name(path).await;
        let blob = world.blob(Method::GET, path, &[]).await;
        for reply in [name, blob] {
            assert_eq!(reply.status, StatusCode::OK, "{path}");
            assert_eq!(reply.header("cache-control"), "no-store");
        }
    }
}

#[tokio::test]
async fn other_faces_can_mount_health() {
    let world = World::start().await;
    let health = Health::new(world.kit.pool.clone(), Duration::from_secs(5));
    let answer = health.respond(&Method::GET, "/healthz").await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "alive\n");
    assert!(health.respond(&Method::GET, "/healthz/x").await.is_none());
    assert!(health.respond(&Method::PUT, "/healthz").await.is_none());
}

#[tokio::test]
async fn a_node_whose_store_is_away_or_silent_lives_but_is_not_ready() {
    let world = World::start().await;
    let health = Health::new(world.kit.pool.clone(), Duration::from_millis(20));
    for fault in [
        Fault::ProbeFails,
        Fault::ProbeWaits(Duration::from_secs(600)),
    ] {
        world.kit.store.add(fault.clone());
        let answer = health.respond(&Method::GET, "/readyz").await.unwrap();
        assert_eq!(
            answer.status(),
            StatusCode::SERVICE_UNAVAILABLE,
            "{fault:?}"
        );
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        assert!(String::from_utf8_lossy(&body).starts_with("Not ready"));
        let answer = health.respond(&Method::GET, "/healthz").await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        // What one probe found answers for a second; then the node is probed anew.
        let answer = health.respond(&Method::HEAD, "/readyz").await.unwrap();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        world.kit.clock.advance(Duration::from_secs(1));
        let answer = health.respond(&Method::GET, "/readyz").await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        world.kit.clock.advance(Duration::from_secs(1));
    }
}
