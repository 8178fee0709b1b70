//! One fetch for all who ask: at one node, at several that share a directory, and after a restart.
use std::time::Duration;

use rockpool_links::LinkDesk;

use crate::{
    site::Page,
    world::{MASTODON, MISSKEY, World, ask},
};

fn slow(page: Page) -> Page {
    Page {
        delay: Duration::from_millis(300),
        ..page
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rush_is_one_fetch() {
    let world = World::new().await;
    world.site.put("/", slow(Page::html("<title>T</title>")));
    let path = format!("/{}/", world.host());
    let asking: Vec<_> = (0..500)
        .map(|at| {
            let (face, path) = (world.face.clone(), path.clone());
            let user_agent = if at % 2 == 0 { MASTODON } else { MISSKEY };
            tokio::spawn(
                async move { ask(&face, "h.links.example.org", &path, user_agent, &[]).await },
            )
        })
        .collect();
    let mut bodies = Vec::new();
    for reply in asking {
        let reply = reply.await.unwrap();
        assert!(reply.status.is_success());
        bodies.push(reply.body);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "all get the same");
    assert_eq!(world.site.asked("/"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_share_a_directory_share_a_fetch() {
    let world = World::new().await;
    world.site.put("/", slow(Page::html("<title>T</title>")));
    let path = format!("/{}/", world.host());
    let nodes = [
        world.face.clone(),
        world.another_node(),
        world.another_node(),
    ];
    let asking: Vec<_> = nodes
        .into_iter()
        .map(|face| {
            let path = path.clone();
            tokio::spawn(
                async move { ask(&face, "h.links.example.org", &path, MISSKEY, &[]).await },
            )
        })
        .collect();
    for reply in asking {
        assert!(reply.await.unwrap().text().contains("<title>T"));
    }
    assert_eq!(world.site.asked("/"), 1);
    assert!(
        std::fs::read_dir(world.directory().join("locks"))
            .unwrap()
            .next()
            .is_none()
    );
}

#[tokio::test]
async fn copies_and_counts_outlive_a_node() {
    let world = World::new().await;
    world.site.put("/", Page::html("<title>T</title>"));
    world.get("/", MISSKEY).await;
    world.get("/", MISSKEY).await;
    world.face.tell_counts().await;
    let next = world.another_node();
    let path = format!("/{}/", world.host());
    let reply = ask(&next, "h.links.example.org", &path, MISSKEY, &[]).await;
    assert_eq!(reply.header("upstream-cache"), "HIT");
    next.tell_counts().await;
    let desk = LinkDesk::open(world.directory(), world.clock()).unwrap();
    let status = desk.status().await.unwrap();
    assert_eq!((status.pages, status.fresh), (1, 1));
    assert_eq!(
        (status.requests, status.absorbed_requests, status.fetches),
        (3, 2, 1)
    );
    let front = ask(&next, "links.example.org", "/", "Firefox", &[]).await;
    assert!(front.text().contains("<dd>2</dd>"), "{}", front.text());
}

#[tokio::test]
async fn what_is_purged_is_fetched_again() {
    let world = World::new().await;
    world.site.put("/", Page::html("<title>T</title>"));
    world.get("/", MISSKEY).await;
    let hosts = rockpool_links::Hosts::new(&"https://links.example.org".parse().unwrap()).unwrap();
    let desk = LinkDesk::open(world.directory(), world.clock()).unwrap();
    let url = format!("https://h.links.example.org/{}/", world.host());
    let (purged, was_there) = desk.purge(&url, &hosts).await.unwrap().unwrap();
    assert_eq!(
        (purged, was_there),
        (format!("http://{}/", world.host()), true)
    );
    // A copy in memory is believed for two seconds.
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(2)).await;
    tokio::time::resume();
    assert_eq!(
        world.get("/", MISSKEY).await.header("upstream-cache"),
        "MISS"
    );
    assert_eq!(world.site.asked("/"), 2);
    assert!(desk.purge("hello", &hosts).await.unwrap().is_none());
}

#[tokio::test]
async fn a_copy_that_is_not_whole_is_none() {
    let world = World::new().await;
    world.site.put("/", Page::html("<title>T</title>"));
    world.get("/", MISSKEY).await;
    let folder = std::fs::read_dir(world.directory().join("copies"))
        .unwrap()
        .next()
        .unwrap();
    let file = std::fs::read_dir(folder.unwrap().path())
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    let mut copy = std::fs::OpenOptions::new()
        .write(true)
        .open(file.path())
        .unwrap();
    let length = copy.metadata().unwrap().len();
    for (fetches, length) in [(2, length - 1), (3, 100), (4, 3), (5, 0)] {
        copy.set_len(length).unwrap();
        let next = world.another_node();
        let path = format!("/{}/", world.host());
        let reply = ask(&next, "h.links.example.org", &path, MISSKEY, &[]).await;
        assert!(reply.text().contains("<title>T"));
        assert_eq!(world.site.asked("/"), fetches, "cut to {length} bytes");
        // The new copy is in another file.
        copy = std::fs::OpenOptions::new()
            .write(true)
            .open(file.path())
            .unwrap();
    }
}

#[tokio::test]
async fn the_directory_stays_within_its_bounds() {
    let world = World::with(|settings| {
        settings.max_disk_bytes = 200_000;
        settings.prune_interval = Duration::from_millis(1);
    })
    .await;
    let picture = [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(), vec![7; 50_000]].concat();
    for at in 0..8 {
        let path = format!("/{at}.png");
        world
            .site
            .put(&path, Page::new("image/png", picture.clone()));
        world.get(&path, MASTODON).await;
    }
    let face = world.face.clone();
    let upkeep = tokio::spawn(async move { face.upkeep().await });
    let desk = LinkDesk::open(world.directory(), world.clock()).unwrap();
    let mut bytes = u64::MAX;
    for _ in 0..500 {
        bytes = desk.status().await.unwrap().bytes;
        if bytes <= 200_000 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    upkeep.abort();
    assert!((100_000..=200_000).contains(&bytes), "{bytes}");
}
