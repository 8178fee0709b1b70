//! How long copies are kept, and what happens when sites fail.
use std::time::Duration;

use crate::{
    site::Page,
    world::{MISSKEY, World, ask},
};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// Waits for what goes on in the background.
async fn soon(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..500 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what}");
}

#[tokio::test]
async fn a_stale_copy_is_passed_on_while_a_new_one_is_fetched() {
    let world = World::new().await;
    let page = |title: &str| {
        Page::html(&format!("<title>{title}</title>")).with("cache-control", "max-age=600")
    };
    world.site.put("/", page("old"));
    world.get("/", MISSKEY).await;
    world.site.put("/", page("new"));
    world.hand.advance(11 * MINUTE);
    let stale = world.get("/", MISSKEY).await;
    assert_eq!(stale.header("upstream-cache"), "STALE");
    assert!(stale.text().contains("old"));
    soon("a new copy is fetched", || world.site.asked("/") == 2).await;
    let mut last = world.get("/", MISSKEY).await;
    for _ in 0..100 {
        if last.header("upstream-cache") == "HIT" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        last = world.get("/", MISSKEY).await;
    }
    assert!(last.text().contains("new"), "{last:?}");
    assert_eq!(world.site.asked("/"), 2);
}

#[tokio::test]
async fn a_site_that_falls_over_keeps_its_card() {
    let world = World::new().await;
    world.site.put("/", Page::html("<title>T</title>"));
    world.get("/", MISSKEY).await;
    world.site.put("/", Page::status(500));
    world.hand.advance(72 * HOUR);
    let stale = world.get("/", MISSKEY).await;
    assert_eq!(stale.status, 203);
    assert_eq!(stale.header("upstream-cache"), "STALE");
    assert!(stale.text().contains("<title>T"));
    assert_eq!(stale.header("cache-control"), "public, max-age=300");
    world.get("/", MISSKEY).await;
    assert_eq!(world.site.asked("/"), 2, "it is left alone for a while");
    world.hand.advance(8 * 24 * HOUR);
    assert_eq!(
        world.get("/", MISSKEY).await.status,
        502,
        "nothing is kept for ever"
    );
}

#[tokio::test]
async fn a_page_that_is_gone_is_gone() {
    let world = World::new().await;
    world.site.put("/", Page::html("<title>T</title>"));
    world.get("/", MISSKEY).await;
    world.site.put("/", Page::status(410));
    world.hand.advance(72 * HOUR);
    let gone = world.get("/", MISSKEY).await;
    assert_eq!(gone.status, 410);
    assert_eq!(gone.text(), "No preview: the site answers 410.\n");
}

#[tokio::test]
async fn an_unchanged_page_is_not_sent_again() {
    let world = World::new().await;
    world
        .site
        .put("/", Page::html("<title>T</title>").with("etag", "\"v1\""));
    let first = world.get("/", MISSKEY).await;
    let sent = world.site.sent();
    world.hand.advance(49 * HOUR);
    let again = world.get("/", MISSKEY).await;
    assert_eq!(world.site.last()["if-none-match"], "\"v1\"");
    assert_eq!(world.site.sent(), sent);
    assert_eq!(again.body, first.body);
    assert_eq!(again.header("upstream-cache"), "MISS");
    assert_eq!(
        world.get("/", MISSKEY).await.header("upstream-cache"),
        "HIT"
    );
}

#[tokio::test]
async fn failures_are_remembered_for_minutes() {
    let world = World::new().await;
    world.site.put("/", Page::status(500));
    let failed = world.get("/", MISSKEY).await;
    assert_eq!(failed.status, 502);
    assert_eq!(failed.header("cache-control"), "public, max-age=60");
    world.site.put("/", Page::html("<title>T</title>"));
    assert_eq!(world.get("/", MISSKEY).await.status, 502);
    assert_eq!(world.site.asked("/"), 1);
    world.hand.advance(6 * MINUTE);
    assert_eq!(world.get("/", MISSKEY).await.status, 203);
}

#[tokio::test]
async fn a_site_that_asks_for_time_gets_it() {
    let world = World::new().await;
    world
        .site
        .put("/a", Page::status(429).with("retry-after", "1800"));
    world.site.put("/b", Page::html("<title>T</title>"));
    let refused = world.get("/a", MISSKEY).await;
    assert_eq!(
        (refused.status.as_u16(), refused.header("retry-after")),
        (503, "1800")
    );
    let other = world.get("/b", MISSKEY).await;
    assert_eq!(other.status, 503, "all of the site is left alone");
    assert_eq!(world.site.asked("/b"), 0);
    world.hand.advance(20 * MINUTE);
    assert_eq!(world.get("/a", MISSKEY).await.status, 503);
    assert_eq!(world.site.asked("/a"), 1);
}

#[tokio::test]
async fn what_is_not_to_be_kept_is_kept_for_the_rush_alone() {
    let world = World::new().await;
    for (path, page) in [
        (
            "/header",
            Page::html("<title>T</title>").with("cache-control", "no-store"),
        ),
        (
            "/robots",
            Page::html("<title>T</title>").with("x-robots-tag", "noarchive"),
        ),
        (
            "/meta",
            Page::html("<meta name=robots content=noarchive><title>T</title>"),
        ),
    ] {
        world.site.put(path, page);
        world.get(path, MISSKEY).await;
        assert_eq!(
            world.get(path, MISSKEY).await.header("upstream-cache"),
            "HIT"
        );
        assert_eq!(world.site.asked(path), 1, "{path}");
        world.hand.advance(6 * MINUTE);
        world.site.put(path, Page::status(500));
        assert_eq!(world.get(path, MISSKEY).await.status, 502, "{path}");
    }
}

#[tokio::test]
async fn a_site_may_want_no_shield() {
    let world = World::new().await;
    for (path, page) in [
        (
            "/header",
            Page::html("").with("x-robots-tag", "rockpool-links: none"),
        ),
        (
            "/meta",
            Page::html("<meta name=rockpool-links content=none><title>T</title>"),
        ),
    ] {
        world.site.put(path, page);
        for _ in 0..2 {
            let reply = world.get(path, MISSKEY).await;
            assert_eq!(reply.status, 307);
            assert_eq!(
                reply.header("location"),
                format!("http://{}{path}", world.host())
            );
        }
        assert_eq!(world.site.asked(path), 1, "it is remembered");
    }
}

#[tokio::test]
async fn redirects_of_the_site_are_followed() {
    let world = World::new().await;
    world
        .site
        .put("/short", Page::status(301).with("location", "/long/page"));
    world.site.put(
        "/long/page",
        Page::html("<title>T</title><link rel=icon href=i.png>"),
    );
    let reply = world.get("/short", MISSKEY).await;
    assert_eq!(reply.status, 203);
    assert!(reply.text().contains("/long/i.png"));
}

#[tokio::test]
async fn each_site_on_the_way_is_asked_in_its_turn() {
    let world = World::new().await;
    let to = |host: &str, path: &str| {
        let location = format!("http://{host}.example.com:{}{path}", world.site.port);
        Page::status(302).with("location", &location)
    };
    world.site.put("/1", to("site", "/a"));
    world.site.put("/2", to("site", "/b"));
    world.site.put("/3", to("other", "/c"));
    world
        .site
        .put("/a", Page::status(429).with("retry-after", "1800"));
    world.site.put("/b", Page::html("<title>T</title>"));
    world.site.put("/c", Page::html("<title>T</title>"));
    let shortened = |number: u32| {
        let path = format!("/short.example.com:{}/{number}", world.site.port);
        let face = world.face.clone();
        async move { ask(&face, "h.links.example.org", &path, MISSKEY, &[]).await }
    };
    assert_eq!(shortened(1).await.status, 503);
    assert_eq!(shortened(2).await.status, 503);
    assert_eq!(world.site.asked("/2"), 1);
    assert_eq!(
        world.site.asked("/b"),
        0,
        "the site asked to be left alone, whoever leads there"
    );
    assert_eq!(shortened(3).await.status, 203, "the shortener did not");
}

#[tokio::test]
async fn what_cannot_be_reached_is_told() {
    let world = World::new().await;
    let unreachable = |path: &'static str| {
        let face = world.face.clone();
        async move { ask(&face, "h.links.example.org", path, MISSKEY, &[]).await }
    };
    // A port that nobody listens on, and one that is blocked.
    assert_eq!(unreachable("/site.example.com:9/").await.status, 403);
    assert_eq!(unreachable("/site.example.com:6666/").await.status, 403);
    assert_eq!(unreachable("/site.example.com:3/").await.status, 502);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_when_all_are_busy_is_told_to_come_back_soon() {
    let world = World::with(|settings| settings.manners.max_fetches = 1).await;
    let slow = Page {
        delay: Duration::from_millis(100),
        ..Page::html("<title>T</title>")
    };
    world.site.put("/", slow);
    let ask_site = |number: usize| {
        let path = format!("/site{number}.example.com:{}/", world.site.port);
        let face = world.face.clone();
        async move { ask(&face, "h.links.example.org", &path, MISSKEY, &[]).await }
    };
    let asking: Vec<_> = (0..40)
        .map(|number| tokio::spawn(ask_site(number)))
        .collect();
    let mut refused = Vec::new();
    for (number, reply) in asking.into_iter().enumerate() {
        let reply = reply.await.unwrap();
        if reply.status == 503 {
            assert_eq!(reply.header("retry-after"), "20");
            refused.push(number);
        } else {
            assert_eq!(reply.status, 203);
        }
    }
    assert!((8..40).contains(&refused.len()), "{refused:?} were refused");
    assert_eq!(world.site.asked("/"), 40 - refused.len());
    world.hand.advance(Duration::from_secs(21));
    let reply = ask_site(refused[0]).await;
    assert_eq!(reply.status, 203, "it is no failure of the site's");
}
