//! Large and small: what is read, what is kept, and what becomes of pictures.
use bytes::Bytes;

use crate::{
    site::Page,
    world::{MASTODON, MISSKEY, World, ask},
};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

fn picture(bytes: usize) -> Bytes {
    let mut picture = PNG.to_vec();
    picture.extend((0..bytes - PNG.len()).map(|at| (at * 7 % 251) as u8));
    picture.into()
}

#[tokio::test]
async fn a_page_of_50_mb_costs_kilobytes() {
    let world = World::new().await;
    let begin = "<title>T</title><meta property=og:title content=T><body>";
    let mut page = Page::html(begin);
    page.body = Bytes::from(format!("{begin}{}", "<p>Lorem ipsum</p>\n".repeat(800)));
    page.times = 50_000_000 / page.body.len();
    world.site.put("/", page);
    let reply = world.get("/", MISSKEY).await;
    assert!(reply.text().contains("<title>T"));
    assert!(reply.body.len() < 32 << 10, "{}", reply.body.len());
    // What is in the sockets' buffers was sent, too.
    assert!(world.site.sent() < 8_000_000, "{}", world.site.sent());
    world.get("/", MISSKEY).await;
    let metrics = ask(&world.face, "localhost", "/metrics", "", &[]).await;
    let saved = "rockpool_links_saved_bytes_total{software=\"summalybot\"} ";
    let read = metrics.text().lines().find_map(|it| it.strip_prefix(saved));
    let read: u64 = read.unwrap().parse().unwrap();
    assert!((1_000..600_000).contains(&read), "{read} bytes were read");
}

#[tokio::test]
async fn pictures_are_passed_on_whole() {
    let world = World::new().await;
    for bytes in [100, 40_000, 300_000, 600_000, 3_000_000] {
        let path = format!("/{bytes}.png");
        world
            .site
            .put(&path, Page::new("image/jpeg", picture(bytes)));
        for source in ["MISS", "HIT"] {
            let reply = world.get(&path, MASTODON).await;
            assert_eq!(reply.status, 200);
            assert_eq!(reply.header("upstream-cache"), source);
            assert_eq!(reply.header("content-type"), "image/png", "by its bytes");
            assert_eq!(reply.header("content-length"), bytes.to_string());
            assert!(reply.body == picture(bytes), "{bytes}");
        }
        assert_eq!(world.site.asked(&path), 1);
    }
}

#[tokio::test]
async fn a_file_that_is_too_large_is_not_passed_on_and_not_asked_for_again() {
    let world = World::with(|settings| settings.max_body_bytes = 1 << 20).await;
    let mut endless = Page::new("image/png", picture(64 << 10));
    endless.times = 1000;
    world.site.put("/large.png", endless);
    for _ in 0..2 {
        let reply = world.get("/large.png", MASTODON).await;
        assert_eq!(reply.status, 403);
        assert!(reply.text().contains("larger than"));
    }
    assert_eq!(world.site.asked("/large.png"), 1);
    assert!(
        std::fs::read_dir(world.directory().join("drafts"))
            .unwrap()
            .next()
            .is_none()
    );
}

#[tokio::test]
async fn an_oembed_document_leads_its_picture_through_the_shield() {
    let world = World::new().await;
    let path = "/oembed?url=x&format=json";
    let host = world.host();
    let json = format!("{{\"type\":\"video\",\"thumbnail_url\":\"http://{host}/t.jpg\"}}");
    world.site.put(path, Page::new("application/json", json));
    let reply = world.get(path, MASTODON).await;
    assert_eq!(reply.header("content-type"), "application/json");
    assert!(
        reply
            .text()
            .contains(&format!("https://h.links.example.org/{host}/t.jpg"))
    );
}

#[tokio::test]
async fn what_a_browser_would_run_is_saved_in_place_of_shown() {
    let world = World::new().await;
    for (content_type, body) in [
        ("image/svg+xml", "<svg onload='x()'/>"),
        ("application/javascript", "x()"),
        ("image/png", "<html><script>x()</script>"),
    ] {
        world.site.put("/x", Page::new(content_type, body));
        let reply = world.get("/x", MASTODON).await;
        assert_eq!(
            reply.header("content-disposition"),
            "attachment",
            "{content_type}"
        );
        assert!(reply.header("content-security-policy").contains("sandbox"));
        world
            .hand
            .advance(std::time::Duration::from_secs(30 * 86_400));
    }
}

#[tokio::test]
async fn a_page_in_an_old_encoding_comes_out_in_utf_8() {
    let world = World::new().await;
    let (bytes, _, _) = encoding_rs::SHIFT_JIS.encode("<title>日本語</title>");
    let page = Page::new("text/html; charset=Shift_JIS", bytes.into_owned());
    world.site.put("/", page);
    let reply = world.get("/", MISSKEY).await;
    assert_eq!(reply.header("content-type"), "text/html; charset=utf-8");
    assert!(reply.text().contains("<title>日本語</title>"));
}
