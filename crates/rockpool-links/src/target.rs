//! What a path on one of the shield's hosts leads to, and back: the shielded form of a URL.
use percent_encoding::percent_decode_str;
use url::{Host, Position, Url};

use crate::hosts::{Hosts, Meaning};

/// How many of the shield's own hosts may stand before a target, as when a shielded link was shielded again.
const MAX_NESTING: usize = 4;
/// The most bytes of a path and query.
const MAX_BYTES: usize = 4096;

/// A URL behind the shield.
///
/// - `http` or `https`, without user, password and fragment
/// - its host is a name under a public suffix, and none of the shield's own
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) url: Url,
}

impl Target {
    /// The target that `path` (with its query, as it came on the wire) names on a host with this meaning. `None`: its
    /// first segment is no host, so it is one of the shield's own files.
    ///
    /// `/example.com/page?x` is the form of it. A URL pasted whole is understood too, also with its slashes run together
    /// (as some proxies do) or percent-encoded; a scheme in it wins over that of the host.
    pub(crate) fn parse(path: &str, meaning: Meaning, hosts: &Hosts) -> Option<Self> {
        if path.len() > MAX_BYTES {
            return None;
        }
        let mut scheme = meaning.scheme();
        let mut rest = path.trim_start_matches('/').to_owned();
        for _ in 0..MAX_NESTING {
            if let Some((given, after)) = strip_scheme(&rest) {
                (scheme, rest) = (given, after);
            }
            let url = parse_host_and_path(scheme, &rest)?;
            let host = url.host_str()?;
            let Some(own) = hosts.meaning(host) else {
                return is_public_name(&url).then_some(Self { url });
            };
            scheme = own.scheme();
            rest = url[Position::BeforePath..Position::AfterQuery]
                .trim_start_matches('/')
                .to_owned();
        }
        None
    }

    /// The host, in lower case.
    pub(crate) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// Scheme, host and port: what a site is to the shield's manners.
    pub(crate) fn origin(&self) -> &str {
        origin(&self.url)
    }
}

/// Scheme, host and port of a URL.
pub(crate) fn origin(url: &Url) -> &str {
    &url[..Position::BeforePath]
}

/// The scheme that a pasted URL begins with, and what follows `://`.
fn strip_scheme(text: &str) -> Option<(&'static str, String)> {
    for (scheme, plain, encoded) in [
        ("https", "https:/", "https%3a"),
        ("http", "http:/", "http%3a"),
    ] {
        let starts = |with: &str| {
            text.get(..with.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(with))
        };
        let decoded;
        let after = if starts(plain) {
            &text[plain.len()..]
        } else if starts(encoded) {
            decoded = percent_decode_str(&text[encoded.len()..])
                .decode_utf8()
                .ok()?;
            decoded.as_ref()
        } else {
            continue;
        };
        return Some((scheme, after.trim_start_matches('/').to_owned()));
    }
    None
}

fn parse_host_and_path(scheme: &str, text: &str) -> Option<Url> {
    let authority = text.split(['/', '?', '#']).next()?;
    // A user before the host would show people another name than they are led to.
    if !authority.contains('.') || authority.contains(['@', '\\']) || authority.ends_with(':') {
        return None;
    }
    let mut url = Url::parse(&format!("{scheme}://{text}")).ok()?;
    url.set_fragment(None);
    // A percent-encoded `@` is one by now.
    (url.username().is_empty() && url.password().is_none()).then_some(url)
}

/// Whether the host is a name under a public suffix, and not the suffix itself.
fn is_public_name(url: &Url) -> bool {
    let Some(Host::Domain(name)) = url.host() else {
        return false;
    };
    let name = name.as_bytes();
    psl::suffix(name).is_some_and(|suffix| suffix.is_known()) && psl::domain(name).is_some()
}

/// Writes URLs in their shielded form.
#[derive(Clone, Debug)]
pub(crate) struct ShieldedLinks {
    hosts: Hosts,
    secure: Option<String>,
    insecure: Option<String>,
}

impl ShieldedLinks {
    pub(crate) fn new(hosts: &Hosts) -> Self {
        Self {
            secure: hosts.url(Meaning::Front),
            insecure: hosts.url(Meaning::Insecure),
            hosts: hosts.clone(),
        }
    }

    /// The URL of the shield that leads to `url`. `None`: the shield does not lead there, so the URL stays what it is.
    pub(crate) fn shielded(&self, url: &Url) -> Option<String> {
        let plain = url.username().is_empty() && url.password().is_none();
        let own = url
            .host_str()
            .is_none_or(|host| self.hosts.meaning(host).is_some());
        if !plain || own || !is_public_name(url) {
            return None;
        }
        let prefix = match url.scheme() {
            "https" => self.secure.as_deref()?,
            "http" => self.insecure.as_deref()?,
            _ => return None,
        };
        Some(format!(
            "{prefix}{}",
            &url[Position::BeforeHost..Position::AfterQuery]
        ))
    }

    /// The shielded form of what a person typed or pasted: a URL, or one without its scheme.
    pub(crate) fn of_text(&self, text: &str) -> Option<String> {
        let text = text.trim();
        let target = Target::parse(text, Meaning::Front, &self.hosts)?;
        self.shielded(&target.url)
    }
}

#[cfg(test)]
mod tests;
