//! A link federates: two thousand servers ask for its preview within ten seconds, through the shield and without it.
use std::{
    collections::HashMap,
    fs,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use rockpool_testkit::{NameReply, NameServer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::sleep,
};

use crate::links::Alone;

const SERVERS: u32 = 2_000;
const WITHIN: Duration = Duration::from_secs(8);
/// How long the site thinks about a page.
const SLOW: Duration = Duration::from_secs(1);
/// Of its own: without the pages of the program's file, of which a build for debugging has many, and which the kernel may
/// drop. A release has less than this with them.
const MOST_MEMORY_KIB: u64 = 64 << 10;

/// Who asks, and how many of a hundred they are.
const MIX: &[(u32, &str)] = &[
    (30, "Mastodon/4.5.0 (http.rb/5.3.1; +https://HOST/) Bot"),
    (12, "Mastodon/4.3.8 (http.rb/5.2.0; +https://HOST/) Bot"),
    (10, "http.rb/5.1.1 (Mastodon/4.2.10; +https://HOST/) Bot"),
    (
        4,
        "http.rb/5.1.1 (Mastodon/4.2.1+glitch; +https://HOST/) Bot",
    ),
    (14, "Mozilla/5.0 (compatible; SummalyBot/5.2.0)"),
    (4, "SummalyBot/4.0.2"),
    (5, "Pleroma 2.7.0; https://HOST <admin@HOST>; Bot"),
    (
        5,
        "Akkoma 3.13.2-0-g0000000; https://HOST <admin@HOST>; Bot",
    ),
    (3, "Friendica 'Interrupted Fern' 2024.12-1571; https://HOST"),
    (3, "gotosocial/0.17.3 (+https://HOST) GoToSocial/0.17.3"),
    (3, "Lemmy/0.19.5; +https://HOST"),
    (2, "(Pixelfed/0.12.4; +https://HOST)"),
    (2, "PeerTube/6.3.3 (+https://HOST)"),
    (1, "Iceshrimp.NET/2024.1 (+https://HOST/)"),
    (
        1,
        "Mozilla/5.0 (compatible; Bluesky Cardyb/1.1; +mailto:support@bsky.app)",
    ),
    (1, "Bridgy Fed (https://fed.brid.gy/)"),
];

/// A site on loopback that takes its time, and counts what it is asked for.
struct Site {
    address: SocketAddr,
    asked: Arc<Mutex<HashMap<String, u32>>>,
    _serving: JoinSet<()>,
}

impl Site {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(HashMap::new()));
        let mut serving = JoinSet::new();
        let content = Arc::new((page(address.port()), picture()));
        let counts = asked.clone();
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, content.clone(), counts.clone()));
            }
        });
        Self {
            address,
            asked,
            _serving: serving,
        }
    }

    /// What was asked for since this was last called.
    fn take_counts(&self) -> HashMap<String, u32> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

async fn serve(
    mut stream: TcpStream,
    content: Arc<(String, Vec<u8>)>,
    counts: Arc<Mutex<HashMap<String, u32>>>,
) {
    let mut head = [0; 2048];
    // The requests here are short enough to come in one piece.
    let Ok(length) = stream.read(&mut head).await else {
        return;
    };
    let head = std::str::from_utf8(&head[..length]).unwrap();
    let path = head.split(' ').nth(1).unwrap().to_owned();
    *counts.lock().unwrap().entry(path.clone()).or_default() += 1;
    let (kind, body) = if path == "/post" {
        sleep(SLOW).await;
        ("text/html; charset=utf-8", content.0.as_bytes())
    } else {
        ("image/png", &content.1[..])
    };
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    // The shield hangs up once it has what it needs.
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(body).await;
    let _ = stream.shutdown().await;
}

/// 200 kB, of which a card takes four lines.
fn page(port: u16) -> String {
    let script = "<script>var state = {\"a\": [1, 2, 3]};</script>\n".repeat(2_000);
    let text =
        "<p class=\"c\">Nobody on the quay could remember a winter like it.</p>\n".repeat(1_500);
    format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">{script}\
         <title>Harbour reopens</title>\
         <meta property=\"og:title\" content=\"Harbour reopens\">\
         <meta property=\"og:description\" content=\"Fishing boats &amp; a brass band\">\
         <meta property=\"og:image\" content=\"http://site.example.com:{port}/picture.png\">\
         </head><body>{text}</body></html>"
    )
}

fn picture() -> Vec<u8> {
    let pixels = (0..15_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes());
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
        .iter()
        .copied()
        .chain(pixels)
        .collect()
}

/// What a server draws.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Card {
    title: String,
    description: String,
    picture: Vec<u8>,
}

/// The way to a site: straight, or through the shield.
#[derive(Clone)]
struct Way {
    address: SocketAddr,
    host: String,
    /// Before the path of what is asked for.
    prefix: String,
    /// What pictures' URLs begin with.
    pictures: String,
}

/// Asks for the page, then for the picture that its card names, as a server with this User-Agent does.
async fn draw(way: Way, user_agent: String) -> Card {
    let (head, page) = ask(&way, &format!("{}/post", way.prefix), &user_agent).await;
    assert!(
        head.starts_with("HTTP/1.1 200 ") || head.starts_with("HTTP/1.1 203 "),
        "{user_agent}: {head}"
    );
    let page = String::from_utf8(page).unwrap();
    let picture = content(&page, "og:image");
    let path = picture
        .strip_prefix(&way.pictures)
        .unwrap_or_else(|| panic!("the picture is at {picture}"));
    let (head, picture) = ask(&way, path, &user_agent).await;
    assert!(head.starts_with("HTTP/1.1 200 "), "{user_agent}: {head}");
    Card {
        title: content(&page, "og:title"),
        description: content(&page, "og:description"),
        picture,
    }
}

async fn ask(way: &Way, path: &str, user_agent: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(way.address).await.unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {}\r\nuser-agent: {user_agent}\r\naccept: */*\r\nconnection: close\r\n\r\n",
        way.host
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let end = answer
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap()
        + 4;
    let body = answer.split_off(end);
    (String::from_utf8(answer).unwrap(), body)
}

/// The content of a property, as far as these pages need it.
fn content(page: &str, property: &str) -> String {
    let (_, after) = page
        .split_once(&format!("property=\"{property}\" content=\""))
        .unwrap_or_else(|| panic!("no {property} in {page}"));
    after.split('"').next().unwrap().replace("&amp;", "&")
}

/// Has all servers ask, spread over [`WITHIN`]; the card that they all draw, and how long it took.
async fn rush(way: &Way) -> (Card, Duration) {
    let began = Instant::now();
    let mut servers = JoinSet::new();
    for number in 0..SERVERS {
        let (way, user_agent) = (way.clone(), user_agent(number));
        servers.spawn(async move {
            sleep(WITHIN * number / SERVERS).await;
            draw(way, user_agent).await
        });
    }
    let mut first = None;
    while let Some(card) = servers.join_next().await {
        let card = card.unwrap();
        assert_eq!(*first.get_or_insert_with(|| card.clone()), card);
    }
    (first.unwrap(), began.elapsed())
}

/// The User-Agent of the server with this number.
fn user_agent(number: u32) -> String {
    // 37 and 100 have no common factor: each hundred of servers is the mix, shuffled.
    let mut at = number * 37 % 100;
    let software = MIX.iter().find(|(share, _)| {
        let found = at < *share;
        at = at.saturating_sub(*share);
        found
    });
    software
        .unwrap()
        .1
        .replace("HOST", &format!("server{number}.example"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_previews_are_one_request_to_the_site() {
    assert_eq!(MIX.iter().map(|(share, _)| share).sum::<u32>(), 100);
    let site = Site::start().await;
    let names = NameServer::start(|_, _| NameReply::addresses([Ipv4Addr::LOCALHOST]))
        .await
        .unwrap();
    let settings = format!(
        "[links]\nurl = \"https://links.example.org\"\nallowed_networks = [\"127.0.0.0/8\"]\n\
         name_servers = [\"{}\"]\n",
        names.address
    );
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("rockpool.toml"), settings).unwrap();
    let (shield, address) = Alone::start(directory.path());
    let site_host = format!("site.example.com:{}", site.address.port());
    let straight = Way {
        address: site.address,
        host: site_host.clone(),
        prefix: String::new(),
        pictures: format!("http://{site_host}"),
    };
    let shielded = Way {
        address: address.parse().unwrap(),
        host: "h.links.example.org".into(),
        prefix: format!("/{site_host}"),
        pictures: "https://h.links.example.org".into(),
    };

    let (shielded_card, shielded_took) = rush(&shielded).await;
    let through = site.take_counts();
    let peak = memory_kib(shield.pid(), "VmHWM:");
    let own = peak - memory_kib(shield.pid(), "RssFile:");
    let (straight_card, straight_took) = rush(&straight).await;
    let without = site.take_counts();
    println!(
        "{SERVERS} servers; with the shield in {shielded_took:?}: {through:?}; without in \
         {straight_took:?}: {without:?}; at most {} MiB, {} MiB without the program's file",
        peak >> 10,
        own >> 10
    );
    assert_eq!(shielded_card, straight_card);
    assert_eq!(shielded_card.description, "Fishing boats & a brass band");
    let asked = |counts: &HashMap<String, u32>, path: &str| counts.get(path).copied();
    assert_eq!(asked(&through, "/post"), Some(1));
    assert_eq!(asked(&through, "/picture.png"), Some(1));
    assert_eq!(through.len(), 2, "nothing else: {through:?}");
    assert_eq!(asked(&without, "/post"), Some(SERVERS));
    assert_eq!(asked(&without, "/picture.png"), Some(SERVERS));
    assert!(shielded_took < Duration::from_secs(20), "{shielded_took:?}");
    assert!(own < MOST_MEMORY_KIB, "{own} KiB");
}

/// A figure of a process's memory: `VmHWM:`, the most that it had at any time, or a part of what it has (proc(5)).
fn memory_kib(pid: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let figure = status.lines().find_map(|line| line.strip_prefix(name));
    let figure = figure.unwrap().trim().trim_end_matches(" kB");
    figure.parse().unwrap()
}
