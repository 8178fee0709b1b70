//! The link shield under measurement, alone in a process, and the site that it shields.
use std::{
    net::Ipv4Addr,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result};
use bytes::Bytes;
use rockpool_testkit::{NameReply, NameServer};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use url::Url;

use crate::{
    load::Call,
    mix,
    node::{listeners, program},
    process::Process,
};

/// The shield's host for sites without TLS; the site on loopback is one.
const INSECURE_HOST: &str = "h.links.example.org";
/// The name that leads to loopback.
const SITE_HOST: &str = "site.example.com";

/// A running `rockpool links`.
#[derive(Debug)]
pub(crate) struct Shield {
    child: Child,
    url: Url,
    _directory: TempDir,
    _names: Names,
}

/// Keeps the name server running, and out of `Debug`.
struct Names(NameServer);

impl std::fmt::Debug for Names {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.address.fmt(f)
    }
}

impl Shield {
    /// Starts the program that was built beside this one, with leave to fetch from loopback.
    pub(crate) async fn start() -> Result<Self> {
        let names = NameServer::start(|_, _| NameReply::addresses([Ipv4Addr::LOCALHOST])).await?;
        let directory = tempfile::tempdir()?;
        let settings = format!(
            "[links]\nurl = \"https://links.example.org\"\nallowed_networks = [\"127.0.0.0/8\"]\n\
             name_servers = [\"{}\"]\n",
            names.address
        );
        write(&directory.path().join("rockpool.toml"), &settings)?;
        let ready = directory.path().join("ready.json");
        let child = Command::new(program()?)
            .args(["links", "--links", "127.0.0.1:0", "--ready-file"])
            .arg(&ready)
            .arg("--data")
            .arg(directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("starting the shield")?;
        let told = listeners(&ready).await?;
        let address = told["links"].as_str().context("no listener links")?;
        Ok(Self {
            child,
            url: Url::parse(&format!(
                "http://{}/",
                address.trim_start_matches("http://")
            ))?,
            _directory: directory,
            _names: Names(names),
        })
    }

    /// A request of Fediverse software for what the site has at `path`.
    pub(crate) fn preview(&self, site: &Site, path: &str) -> Call {
        let mut url = self.url.clone();
        url.set_path(&format!("{SITE_HOST}:{}{path}", site.port));
        let mut call = Call::get(url);
        call.headers = vec![
            ("host", INSECURE_HOST.to_owned()),
            (
                "user-agent",
                "Mastodon/4.5.0 (http.rb/5.3.1; +https://m.example/) Bot".to_owned(),
            ),
        ];
        call
    }

    /// Its processes.
    pub(crate) fn process(&self) -> Process {
        Process::with_children(self.child.id())
    }
}

impl Drop for Shield {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A page of 120 kB, of which a card is made, and a picture of 60 kB.
pub(crate) fn content() -> (Bytes, Bytes) {
    let text = format!("<p>{}</p>", hex::encode(mix::bytes(11, 30_000)));
    let page = format!(
        "<title>A page</title><meta property=\"og:description\" content=\"What it is about\">{}",
        text.repeat(2)
    );
    let begin = &b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..];
    let picture = [begin, &mix::bytes(12, 60_000)].concat();
    (page.into(), picture.into())
}

/// A site on loopback with a page and a picture.
#[derive(Debug)]
pub(crate) struct Site {
    port: u16,
    _serving: JoinSet<()>,
}

impl Site {
    /// Answers `/page` with `page`, and everything else with `picture`.
    pub(crate) async fn start(page: Bytes, picture: Bytes) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // Whoever hangs up has had what they wanted.
                let _ = answer(stream, &page, &picture).await;
            }
        });
        Ok(Self {
            port,
            _serving: serving,
        })
    }
}

async fn answer(mut stream: TcpStream, page: &[u8], picture: &[u8]) -> std::io::Result<()> {
    let mut head = [0; 4096];
    let length = stream.read(&mut head).await?;
    let (kind, body) = if head[..length].starts_with(b"GET /page ") {
        ("text/html; charset=utf-8", page)
    } else {
        ("image/png", picture)
    };
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body).await?;
    tokio::time::timeout(Duration::from_secs(5), stream.shutdown()).await?
}

#[expect(
    clippy::disallowed_methods,
    reason = "the program reads its settings from a file"
)]
fn write(path: &Path, text: &str) -> Result<()> {
    Ok(std::fs::write(path, text)?)
}
