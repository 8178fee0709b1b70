//! The page for people, and the files beside it.
use askama::Template;
use http::{Response, StatusCode, header};
use percent_encoding::percent_decode_str;
use url::form_urlencoded;

use crate::{
    LinkSettings,
    answer::{LinkBody, fill, set, status, words},
    hosts::{Hosts, Meaning},
    shelf::{Shelf, Tallies},
    target::{ShieldedLinks, Target},
};

/// What a browser may do with the page: show it, run its one script, send its one form.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; \
     base-uri 'none'; frame-ancestors 'none'";
/// The largest file of the operator's.
const MAX_FILE_BYTES: u64 = 4 << 20;

/// The files that come with the program.
const BUILT_IN: &[(&str, &str, &str)] = &[
    (
        "links.css",
        "text/css; charset=utf-8",
        include_str!("../assets/links.css"),
    ),
    (
        "links.js",
        "text/javascript; charset=utf-8",
        include_str!("../assets/links.js"),
    ),
    (
        "favicon.svg",
        "image/svg+xml",
        include_str!("../assets/favicon.svg"),
    ),
    (
        "robots.txt",
        "text/plain; charset=utf-8",
        include_str!("../assets/robots.txt"),
    ),
];

/// The page and the files.
pub(crate) struct Front {
    hosts: Hosts,
    links: ShieldedLinks,
    url: String,
    directory: Option<std::path::PathBuf>,
}

/// The page.
#[derive(Template)]
#[template(path = "front.html")]
struct Page<'a> {
    name: &'a str,
    url: &'a str,
    asked: Option<&'a str>,
    shielded: Option<String>,
    without_preview: Option<String>,
    absorbed: String,
    fetches: String,
    saved: String,
    people: String,
    has_counts: bool,
    insecure: String,
    exclude: String,
    bookmarklet: String,
    robot: &'a str,
}

impl Front {
    pub(crate) fn new(settings: &LinkSettings) -> Self {
        Self {
            links: ShieldedLinks::new(&settings.hosts),
            url: settings.hosts.url(Meaning::Front).unwrap_or_default(),
            hosts: settings.hosts.clone(),
            directory: settings.static_directory.clone(),
        }
    }

    /// What stands at a path that is no target.
    pub(crate) async fn answer(
        &self,
        path_and_query: &str,
        meaning: Meaning,
        tallies: &Tallies,
    ) -> Response<LinkBody> {
        let (path, query) = match path_and_query.split_once('?') {
            Some((path, query)) => (path, query),
            None => (path_and_query, ""),
        };
        if path == "/" && meaning != Meaning::Front {
            let mut response = status(StatusCode::FOUND);
            set(&mut response, header::LOCATION, &self.url);
            set(&mut response, header::CACHE_CONTROL, "public, max-age=3600");
            return response;
        }
        let Some(path) = safe_path(path) else {
            return not_found();
        };
        let name = if path.is_empty() { "index.html" } else { &path };
        if let Some(response) = self.of_operator(name).await {
            return response;
        }
        if path.is_empty() {
            return self.page(query, tallies);
        }
        let built_in = BUILT_IN.iter().find(|(name, _, _)| *name == path);
        match built_in {
            Some((_, content_type, text)) => file(content_type, text.as_bytes().to_vec()),
            None => not_found(),
        }
    }

    /// A file of the operator's.
    async fn of_operator(&self, name: &str) -> Option<Response<LinkBody>> {
        let directory = self.directory.clone()?;
        let read = Shelf::read_static(directory, name.to_owned(), MAX_FILE_BYTES).await;
        match read {
            Ok(bytes) => Some(file(content_type(name), bytes?)),
            Err(error) => {
                tracing::error!(error.cause = %error, file = name, "A static file of links cannot be read");
                None
            }
        }
    }

    fn page(&self, query: &str, tallies: &Tallies) -> Response<LinkBody> {
        let asked = form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == "url")
            .map(|(_, value)| value.trim().chars().take(2048).collect::<String>())
            .filter(|value| !value.is_empty());
        let shielded = asked.as_deref().and_then(|asked| self.links.of_text(asked));
        let without_preview = asked
            .as_deref()
            .and_then(|asked| Target::parse(asked, Meaning::Front, &self.hosts))
            .and_then(|target| {
                let meaning = match target.url.scheme() {
                    "https" => Meaning::Exclude,
                    _ => Meaning::InsecureExclude,
                };
                let path = &target.url[url::Position::BeforeHost..];
                Some(format!("{}{path}", self.hosts.url(meaning)?))
            });
        let code = match (&asked, &shielded) {
            (Some(_), None) => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::OK,
        };
        let host = |meaning| {
            let url = self.hosts.url(meaning).unwrap_or_default();
            let (_, host) = url.split_once("://").unwrap_or_default();
            host.trim_end_matches('/').to_owned()
        };
        let page = Page {
            name: self.hosts.front_name(),
            url: &self.url,
            asked: asked.as_deref(),
            shielded,
            without_preview,
            absorbed: count(tallies.absorbed),
            fetches: count(tallies.fetches),
            saved: bytes(tallies.saved_bytes),
            people: count(tallies.people),
            has_counts: tallies.requests > 0,
            insecure: host(Meaning::Insecure),
            exclude: host(Meaning::Exclude),
            bookmarklet: format!(
                "javascript:location.href='{}?url='+encodeURIComponent(location.href)",
                self.url
            ),
            robot: crate::slim::wishes::ROBOT_NAME,
        };
        let Ok(html) = page.render() else {
            return words(StatusCode::INTERNAL_SERVER_ERROR, "This page is broken");
        };
        let mut response = file("text/html; charset=utf-8", html.into_bytes());
        *response.status_mut() = code;
        set(&mut response, header::CACHE_CONTROL, "public, max-age=60");
        response
    }
}

/// A file for browsers.
fn file(content_type: &str, bytes: Vec<u8>) -> Response<LinkBody> {
    let mut response = status(StatusCode::OK);
    set(&mut response, header::CONTENT_TYPE, content_type);
    set(&mut response, header::CACHE_CONTROL, "public, max-age=3600");
    set(&mut response, header::CONTENT_SECURITY_POLICY, POLICY);
    set(&mut response, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    fill(&mut response, bytes);
    response
}

fn not_found() -> Response<LinkBody> {
    let mut response = words(
        StatusCode::NOT_FOUND,
        "There is nothing here: the first part of a path is the host of a link, such as /example.com/page",
    );
    set(&mut response, header::CACHE_CONTROL, "public, max-age=60");
    response
}

/// The path of a file below a directory. `None`: it leads elsewhere, or is hidden.
fn safe_path(path: &str) -> Option<String> {
    let path = percent_decode_str(path.trim_start_matches('/'))
        .decode_utf8()
        .ok()?
        .into_owned();
    let is_safe = |segment: &str| {
        !segment.is_empty()
            && (!segment.starts_with('.') || segment == ".well-known")
            && !segment.contains(['\\', '\0', ':'])
    };
    (path.is_empty() || path.split('/').all(is_safe)).then_some(path)
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "txt" => "text/plain; charset=utf-8",
        _ if name.starts_with(".well-known/") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// A count with its thousands apart.
fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

fn bytes(bytes: u64) -> String {
    rockpool_types::ByteSize::new(bytes).to_string()
}

#[cfg(test)]
mod tests;
