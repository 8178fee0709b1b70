use super::{DEFAULT_ONLY_200, DEFAULT_SOFTWARE, SoftwareList};

fn name(user_agent: &str) -> Option<String> {
    let list = SoftwareList::new(DEFAULT_SOFTWARE).unwrap();
    let found = list.find(user_agent.as_bytes())?;
    list.names().nth(found.index())
}

#[test]
fn software_is_known_by_what_it_sends() {
    for (user_agent, software) in [
        (
            "http.rb/5.1.1 (Mastodon/4.2.1; +https://m.example/) Bot",
            "mastodon",
        ),
        (
            "Mastodon/4.5.0 (http.rb/5.3.1; +https://m.example/) Bot",
            "mastodon",
        ),
        (
            "http.rb/5.1.1 (Mastodon/4.3.0+glitch; +https://g.example/)",
            "mastodon",
        ),
        (
            "Pleroma 2.7.0; https://p.example <admin@p.example>; Bot",
            "pleroma",
        ),
        (
            "Akkoma 3.13.2-0-gabc; https://a.example <a@a.example>; Bot",
            "akkoma",
        ),
        ("SummalyBot/5.1.0", "summalybot"),
        ("Mozilla/5.0 (compatible; SummalyBot/5.2.0)", "summalybot"),
        ("Misskey/2024.11.0 (https://mk.example)", "misskey"),
        ("Sharkey/2025.2.2 (https://s.example)", "sharkey"),
        (
            "Iceshrimp.NET/2024.1-beta5 (+https://i.example/)",
            "iceshrimp",
        ),
        (
            "Friendica 'Yellow Archangel' 2024.08-1571; https://f.example",
            "friendica",
        ),
        ("gotosocial/0.17.3 (+https://g.example)", "gotosocial"),
        ("(Pixelfed/0.12.4; +https://px.example)", "pixelfed"),
        ("Lemmy/0.19.8; +https://l.example", "lemmy"),
        ("PeerTube/6.3.3 (+https://pt.example)", "peertube"),
        ("Mbin/1.7.4 (+https://mb.example/agent)", "mbin"),
        ("kbinBot v0.1 - https://kbin.pub", "kbinbot"),
        ("Mozilla/5.0 (compatible; zot)", "compatible-zot"),
        ("snac/2.66", "snac"),
        (
            "python-requests/2.32.3 (BookWyrm/0.7.5; +https://b.example/)",
            "bookwyrm",
        ),
        ("Bridgy Fed (https://fed.brid.gy/)", "bridgy-fed"),
        (
            "Mozilla/5.0 (compatible; Bluesky Cardyb/1.1; +mailto:support@bsky.app)",
            "bluesky-cardyb",
        ),
    ] {
        assert_eq!(name(user_agent).as_deref(), Some(software), "{user_agent}");
    }
}

#[test]
fn people_are_nobody_in_the_list() {
    for user_agent in [
        "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
        "curl/8.5.0",
        "http.rb/5.1.1",
        "",
    ] {
        assert_eq!(name(user_agent), None, "{user_agent}");
    }
}

#[test]
fn names_of_the_default_list_differ() {
    let list = SoftwareList::new(DEFAULT_SOFTWARE).unwrap();
    let mut names: Vec<String> = list.names().collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), DEFAULT_SOFTWARE.len());
    assert!(
        DEFAULT_ONLY_200
            .iter()
            .all(|p| DEFAULT_SOFTWARE.contains(p))
    );
}

#[test]
fn an_empty_list_knows_nobody() {
    let list = SoftwareList::new::<&str>(&[" "]).unwrap();
    assert_eq!(list.find(b"Mastodon/4"), None);
}
