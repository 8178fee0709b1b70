//! Who gets what.
use http::Request;

use crate::{
    site::Page,
    world::{FIREFOX, MASTODON, MISSKEY, World, ask, cache_host, send},
};

const FRONT: &str = "links.example.org";

#[tokio::test]
async fn people_are_sent_on() {
    let world = World::new().await;
    for (host, location) in [
        (FRONT, "https://example.com/a?b=c"),
        ("h.links.example.org:443", "http://example.com/a?b=c"),
        ("x.links.example.org", "https://example.com/a?b=c"),
        ("hx.links.example.org", "http://example.com/a?b=c"),
    ] {
        let reply = ask(&world.face, host, "/example.com/a?b=c", FIREFOX, &[]).await;
        assert_eq!(reply.status, 302, "{host}");
        assert_eq!(reply.header("location"), location);
        assert_eq!(reply.header("vary"), "User-Agent, Accept");
        assert_eq!(reply.header("referrer-policy"), "no-referrer");
    }
}

#[tokio::test]
async fn software_gets_a_slimmed_copy() {
    let world = World::new().await;
    world.site.put(
        "/a?b=c",
        Page::html("<title>T</title><script>x()</script><meta property=og:image content=/i.png>"),
    );
    let reply = world.get("/a?b=c", MISSKEY).await;
    assert_eq!(reply.status, 203);
    let host = world.host();
    assert_eq!(
        reply.text(),
        format!(
            "<meta charset=\"utf-8\"><title>T</title><meta property=og:image \
             content=\"https://h.links.example.org/{host}/i.png\">"
        )
    );
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("content-length", &reply.body.len().to_string()),
        ("link", &format!("<http://{host}/a?b=c>; rel=\"canonical\"")),
        ("upstream-cache", "MISS"),
        ("cache-control", "public, max-age=86400"),
        ("vary", "User-Agent, Accept"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(reply.header(name), value, "{name}");
    }
    assert!(reply.header("content-security-policy").contains("sandbox"));
    let asked = world.site.last();
    assert_eq!(
        asked["user-agent"],
        "rockpool-links/0 (+https://links.example.org/)"
    );
    assert!(asked["accept"].to_str().unwrap().starts_with("text/html"));
    let again = world.get("/a?b=c", MISSKEY).await;
    assert_eq!(again.header("upstream-cache"), "HIT");
    assert_eq!((again.status, &again.body), (reply.status, &reply.body));
    assert_eq!(world.site.asked("/a?b=c"), 1);
}

#[tokio::test]
async fn software_that_reads_nothing_but_a_200_gets_one() {
    let world = World::new().await;
    world.site.put("/", Page::html("<title>T</title>"));
    assert_eq!(world.get("/", MASTODON).await.status, 200);
    assert_eq!(world.get("/", MISSKEY).await.status, 203);
    assert_eq!(world.site.asked("/"), 1);
}

#[tokio::test]
async fn a_head_is_a_get_without_its_body() {
    let world = World::new().await;
    world.site.put("/", Page::html("<title>T</title>"));
    let path = format!("/{}/", world.host());
    let request = |method: &str| {
        Request::builder()
            .method(method)
            .uri(&path)
            .header("host", "h.links.example.org")
            .header("user-agent", MASTODON)
            .body(())
            .unwrap()
    };
    let head = send(&world.face, request("HEAD")).await;
    let get = send(&world.face, request("GET")).await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
    for name in ["content-length", "content-type", "etag"] {
        assert_eq!(head.header(name), get.header(name));
    }
    let options = send(&world.face, request("OPTIONS")).await;
    assert_eq!(
        (options.status.as_u16(), options.header("allow")),
        (204, "GET, HEAD, OPTIONS")
    );
    let post = send(&world.face, request("POST")).await;
    assert_eq!(
        (post.status.as_u16(), post.header("allow")),
        (405, "GET, HEAD, OPTIONS")
    );
}

#[tokio::test]
async fn what_is_known_already_is_not_sent_again() {
    let world = World::new().await;
    world.site.put("/", Page::html("<title>T</title>"));
    let etag = world.get("/", MISSKEY).await.header("etag").to_owned();
    let path = format!("/{}/", world.host());
    let known = [("if-none-match", etag.as_str())];
    let reply = ask(&world.face, "h.links.example.org", &path, MISSKEY, &known).await;
    assert_eq!((reply.status.as_u16(), reply.body.len()), (304, 0));
    assert_eq!(reply.header("etag"), etag);
}

#[tokio::test]
async fn software_gets_nothing_where_there_is_to_be_no_preview() {
    let world = World::new().await;
    let path = format!("/{}/", world.host());
    for host in ["x.links.example.org", "hx.links.example.org"] {
        let reply = ask(&world.face, host, &path, MASTODON, &[]).await;
        assert_eq!((reply.status.as_u16(), reply.body.len()), (204, 0));
    }
    assert_eq!(world.site.asked("/"), 0);
}

#[tokio::test]
async fn posts_stay_posts() {
    let world = World::new().await;
    for accept in [
        "application/activity+json, application/ld+json",
        "application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\"",
    ] {
        let headers = [("accept", accept)];
        let reply = ask(&world.face, FRONT, "/example.com/@me/1", MASTODON, &headers).await;
        assert_eq!(reply.status, 307);
        assert_eq!(reply.header("location"), "https://example.com/@me/1");
        assert_eq!(reply.header("vary"), "User-Agent, Accept");
    }
}

#[tokio::test]
async fn sites_that_need_no_shield_are_left_to_themselves() {
    let world = World::new().await;
    for (host, status) in [("big.example.net", 302), ("www.big.example.net", 302)] {
        let path = format!("/{host}/watch?v=1");
        let reply = ask(&world.face, FRONT, &path, MASTODON, &[]).await;
        assert_eq!(reply.status, status);
        assert_eq!(
            reply.header("location"),
            format!("https://{host}/watch?v=1")
        );
    }
}

#[tokio::test]
async fn a_cache_host_serves_everybody_alike() {
    let world = World::with(cache_host).await;
    let reply = ask(&world.face, FRONT, "/https://example.com/a?b", MISSKEY, &[]).await;
    assert_eq!(reply.status, 307);
    assert_eq!(
        reply.header("location"),
        "https://fedi.links.example.org/example.com/a?b"
    );
    world.site.put("/", Page::html("<title>T</title>"));
    let path = format!("/http://{}/", world.host());
    for user_agent in [MISSKEY, FIREFOX, MASTODON] {
        let reply = ask(
            &world.face,
            "fedi.links.example.org",
            &path,
            user_agent,
            &[],
        )
        .await;
        assert_eq!(
            (reply.status.as_u16(), reply.text().contains("<title>T")),
            (200, true)
        );
    }
    assert_eq!(world.site.asked("/"), 1);
}

#[tokio::test]
async fn nobody_decides_at_a_cache_host_what_a_cdn_keeps_for_all() {
    let world = World::with(cache_host).await;
    world.site.put("/", Page::html("<title>T</title>"));
    let path = format!("/http://{}/", world.host());
    for headers in [&[("accept", "application/activity+json")][..], &[]] {
        for user_agent in [MASTODON, FIREFOX] {
            let host = "fedi.links.example.org";
            let reply = ask(&world.face, host, &path, user_agent, headers).await;
            assert_eq!(reply.status, 200, "{user_agent} {headers:?}");
            assert!(reply.text().contains("<title>T"));
            assert!(!reply.headers.contains_key("vary"), "one copy for all");
        }
    }
    assert_eq!(world.site.asked("/"), 1);
}

#[tokio::test]
async fn other_hosts_are_not_ours() {
    let world = World::new().await;
    for host in ["example.com", "www.links.example.org", ""] {
        let reply = ask(&world.face, host, "/example.com/", MASTODON, &[]).await;
        assert_eq!(reply.status, 421, "{host}");
    }
    for (path, status) in [
        ("/healthz", 200),
        ("/readyz", 200),
        ("/metrics", 200),
        ("/", 421),
    ] {
        let reply = ask(&world.face, "127.0.0.1:23283", path, "curl", &[]).await;
        assert_eq!(reply.status, status, "{path}");
    }
    assert_eq!(
        ask(&world.face, FRONT, "/metrics", FIREFOX, &[])
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn requests_are_counted_by_software() {
    let world = World::new().await;
    world.site.put("/", Page::html("<title>T</title>"));
    for user_agent in [MASTODON, MASTODON, MISSKEY, FIREFOX] {
        world.get("/", user_agent).await;
    }
    let metrics = ask(&world.face, "localhost", "/metrics", "", &[]).await;
    for line in [
        "rockpool_links_requests_total{software=\"mastodon\"} 2",
        "rockpool_links_hits_total{software=\"mastodon\"} 1",
        "rockpool_links_hits_total{software=\"summalybot\"} 1",
        "rockpool_links_saved_bytes_total{software=\"summalybot\"} 16",
        "rockpool_links_fetches_total 1",
        "rockpool_links_people_total 1",
    ] {
        assert!(
            metrics.text().contains(line),
            "{line} in {}",
            metrics.text()
        );
    }
}

#[tokio::test]
async fn the_front_has_a_page_for_people() {
    let world = World::new().await;
    let page = ask(&world.face, FRONT, "/", FIREFOX, &[]).await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("<form action=\"/\" method=\"get\">"));
    let bookmarklet = "href=\"javascript:location.href=&#39;https://links.example.org/?url=&#39;+\
                       encodeURIComponent(location.href)\"";
    assert!(page.text().contains(bookmarklet), "{}", page.text());
    let asked = "/?url=http%3A%2F%2Fexample.com%2Fa%3Fb%3D%22%3E%3Cscript%3E";
    let made = ask(&world.face, FRONT, asked, FIREFOX, &[]).await;
    assert_eq!(made.status, 200);
    assert!(
        made.text()
            .contains("value=\"https://h.links.example.org/example.com/a?b=%22%3E%3Cscript%3E\"")
    );
    // What needs a script is shown by it.
    assert!(
        made.text()
            .contains("<button id=\"copy\" type=\"button\" hidden>")
    );
    assert!(!made.text().contains("<script>"));
    let wrong = ask(&world.face, FRONT, "/?url=hello", FIREFOX, &[]).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("role=\"alert\""));
    for (path, content_type) in [
        ("/links.css", "text/css; charset=utf-8"),
        ("/links.js", "text/javascript; charset=utf-8"),
        ("/favicon.svg", "image/svg+xml"),
        ("/robots.txt", "text/plain; charset=utf-8"),
    ] {
        let file = ask(&world.face, FRONT, path, FIREFOX, &[]).await;
        assert_eq!(
            (file.status.as_u16(), file.header("content-type")),
            (200, content_type)
        );
    }
    assert_eq!(
        ask(&world.face, FRONT, "/nothing", FIREFOX, &[])
            .await
            .status,
        404
    );
    let other = ask(&world.face, "x.links.example.org", "/", FIREFOX, &[]).await;
    assert_eq!(
        (other.status.as_u16(), other.header("location")),
        (302, "https://links.example.org/")
    );
}

#[tokio::test]
async fn the_operator_may_put_files_there() {
    let directory = tempfile::tempdir().unwrap();
    let well_known = directory.path().join(".well-known");
    std::fs::create_dir(&well_known).unwrap();
    std::fs::copy("Cargo.toml", well_known.join("security.txt")).unwrap();
    std::fs::copy("Cargo.toml", directory.path().join("robots.txt")).unwrap();
    static DIRECTORY: std::sync::OnceLock<std::path::PathBuf> = std::sync::OnceLock::new();
    DIRECTORY.get_or_init(|| directory.path().to_owned());
    let world = World::with(|settings| {
        settings.static_directory = DIRECTORY.get().cloned();
    })
    .await;
    for path in ["/.well-known/security.txt", "/robots.txt"] {
        let file = ask(&world.face, FRONT, path, FIREFOX, &[]).await;
        assert_eq!(file.status, 200);
        assert!(file.text().contains("[package]"));
    }
    assert_eq!(
        ask(&world.face, FRONT, "/links.css", FIREFOX, &[])
            .await
            .status,
        200
    );
}
