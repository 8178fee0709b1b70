//! Cards drawn from a slimmed copy are those drawn from the original. They are drawn by libraries that know nothing of
//! this program (tests/clients/cards), from pages in the shape of the real web.
#![expect(
    clippy::disallowed_methods,
    reason = "it reads saved pages, and hands files to another program"
)]

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use http::StatusCode;
use serde_json::{Value, json};

use crate::{
    site::Page,
    world::{MISSKEY, World},
};

/// The most bytes that become of a page here, the largest of which has more than a million.
const MOST_COPIED: usize = 24 << 10;

/// A page of tests/clients/cards/pages.
struct Saved {
    name: String,
    path: String,
    content_type: String,
    bytes: Vec<u8>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn saved_pages() -> Vec<Saved> {
    let directory = root().join("tests/clients/cards/pages");
    let index = fs::read(directory.join("index.json")).unwrap();
    let index: Vec<Value> = serde_json::from_slice(&index).unwrap();
    let mut pages: Vec<_> = index
        .iter()
        .map(|entry| {
            let text = |name: &str| entry[name].as_str().unwrap().to_owned();
            let url: url::Url = text("url").parse().unwrap();
            Saved {
                name: text("file"),
                path: url[url::Position::BeforePath..].to_owned(),
                content_type: text("content_type"),
                bytes: fs::read(directory.join(text("file"))).unwrap(),
            }
        })
        .collect();
    pages.push(huge(&pages[0]));
    pages
}

/// An article with half a megabyte of script before its card, and as much text after it.
fn huge(article: &Saved) -> Saved {
    let text = std::str::from_utf8(&article.bytes).unwrap();
    let script = format!(
        "<script>{}</script>\n<title>",
        "var state={\"x\":\"<title>no</title>\"};".repeat(15_000)
    );
    let text = text.replacen("<title>", &script, 1);
    let paragraphs = "<p class=\"x\">Nobody on the quay could remember a winter like it.</p>\n";
    let text = text.replacen(
        "</footer>",
        &format!("</footer>{}", paragraphs.repeat(10_000)),
        1,
    );
    Saved {
        name: "huge.html".into(),
        path: "/huge".into(),
        content_type: article.content_type.clone(),
        bytes: text.into_bytes(),
    }
}

#[tokio::test]
async fn cards_are_the_same_before_and_after_slimming() {
    let world = World::new().await;
    let directory = tempfile::tempdir().unwrap();
    let (mut originals, mut copies) = (Vec::new(), Vec::new());
    let pages = saved_pages();
    for page in &pages {
        let original = Page::new(&page.content_type, page.bytes.clone());
        world.site.put(&page.path, original);
        let copy = world.get(&page.path, MISSKEY).await;
        assert_eq!(
            copy.status,
            StatusCode::NON_AUTHORITATIVE_INFORMATION,
            "{}",
            page.name
        );
        // Small pages may grow a little, as their URLs become longer.
        let size = copy.body.len();
        assert!(size < MOST_COPIED, "{} became {size} bytes", page.name);
        let on_disk = |suffix: &str, bytes: &[u8]| {
            let path = directory.path().join(format!("{}.{suffix}", page.name));
            fs::write(&path, bytes).unwrap();
            path
        };
        originals.push(json!({
            "url": format!("http://{}{}", world.host(), page.path),
            "content_type": page.content_type,
            "file": on_disk("original", &page.bytes),
        }));
        copies.push(json!({
            "url": format!("https://h.links.example.org/{}{}", world.host(), page.path),
            "content_type": copy.header("content-type"),
            "file": on_disk("copy", &copy.body),
        }));
    }
    let before = cards(&originals);
    let after: Vec<_> = cards(&copies).into_iter().map(unshielded).collect();
    assert_eq!(before.len(), pages.len());
    let mut wrong = String::new();
    for ((page, before), after) in pages.iter().zip(&before).zip(&after) {
        assert!(before["title"].is_string(), "{}: no card", page.name);
        wrong += &differences(&page.name, before, after);
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// What the independent libraries make of pages.
fn cards(pages: &[Value]) -> Vec<Value> {
    let python = root().join("target/tools/venv/cards/bin/python");
    assert!(
        python.exists(),
        "{} is missing: run tests/install first",
        python.display()
    );
    let mut child = Command::new(python)
        .arg(root().join("tests/clients/cards/cards.py"))
        .env_clear()
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let input = serde_json::to_vec(pages).unwrap();
    child.stdin.take().unwrap().write_all(&input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "the libraries failed");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A card with the URLs that go through the shield led back to where they were.
fn unshielded(card: Value) -> Value {
    let text = card
        .to_string()
        .replace("https://links.example.org/", "https://")
        .replace("https://h.links.example.org/", "http://");
    serde_json::from_str(&text).unwrap()
}

fn differences(name: &str, before: &Value, after: &Value) -> String {
    before
        .as_object()
        .unwrap()
        .iter()
        .filter(|(field, value)| after[field.as_str()] != **value)
        .map(|(field, value)| {
            let other = &after[field.as_str()];
            format!("{name}: {field}\n  before: {value}\n  after:  {other}\n")
        })
        .collect()
}
