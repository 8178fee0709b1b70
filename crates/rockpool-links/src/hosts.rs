//! The shield's own host names, and what each of them means.
use url::{Position, Url};

/// What a host name of the shield means for whoever asks there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// People are sent on, software gets a shared copy. The page for people is here.
    Front,
    /// As [`Meaning::Front`], for sites that speak `http` only.
    Insecure,
    /// People are sent on, software gets nothing: a link without a preview.
    Exclude,
    /// As [`Meaning::Exclude`], for sites that speak `http` only.
    InsecureExclude,
    /// Everybody gets a shared copy: a CDN stands before this one, and does not look at who asks.
    Cache,
}

impl Meaning {
    /// The scheme of the sites behind it.
    pub(crate) const fn scheme(self) -> &'static str {
        match self {
            Self::Front | Self::Exclude | Self::Cache => "https",
            Self::Insecure | Self::InsecureExclude => "http",
        }
    }

    /// Whether software gets nothing.
    pub(crate) const fn excludes(self) -> bool {
        matches!(self, Self::Exclude | Self::InsecureExclude)
    }
}

/// The shield's host names.
///
/// - all are reached by one scheme and one port, those of the front's URL
/// - names are in lower case
#[derive(Clone, Debug)]
pub struct Hosts {
    scheme: String,
    port: Option<u16>,
    names: Vec<(String, Meaning)>,
}

impl Hosts {
    /// The hosts of a shield whose front is at `front`: beside it `h.` (insecure), `x.` (exclude) and `hx.` (both) before
    /// its name, and no cache host. `None`: the URL has no host name, or more than one and a port.
    pub fn new(front: &Url) -> Option<Self> {
        let name = front.domain()?.to_owned();
        let is_bare = matches!(front.scheme(), "http" | "https")
            && &front[Position::BeforePath..] == "/"
            && front.username().is_empty()
            && front.password().is_none();
        let below = |label: &str| format!("{label}.{name}");
        is_bare.then(|| Self {
            scheme: front.scheme().to_owned(),
            port: front.port(),
            names: vec![
                (below("h"), Meaning::Insecure),
                (below("x"), Meaning::Exclude),
                (below("hx"), Meaning::InsecureExclude),
                (name.clone(), Meaning::Front),
            ],
        })
    }

    /// Gives a meaning another host name than it has, or its first one. The name is in lower case, without a port.
    #[must_use]
    pub fn with(mut self, meaning: Meaning, name: impl Into<String>) -> Self {
        self.names.retain(|(_, known)| *known != meaning);
        self.names.push((name.into(), meaning));
        self
    }

    /// What a `Host` header, or a URL's host and port, means here. `None`: it is not one of these hosts. The port is not
    /// looked at: which one a proxy passes on says nothing.
    pub(crate) fn meaning(&self, host: &str) -> Option<Meaning> {
        let name = without_port(host);
        self.names
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, meaning)| *meaning)
    }

    /// `https://links.example/`: the URL of the host with this meaning. `None`: there is none.
    pub(crate) fn url(&self, meaning: Meaning) -> Option<String> {
        let (name, _) = self.names.iter().find(|(_, known)| *known == meaning)?;
        Some(match self.port {
            Some(port) => format!("{}://{name}:{port}/", self.scheme),
            None => format!("{}://{name}/", self.scheme),
        })
    }

    /// The name of the front.
    pub(crate) fn front_name(&self) -> &str {
        let front = self.names.iter().find(|(_, m)| *m == Meaning::Front);
        front.map_or("", |(name, _)| name)
    }
}

/// A host without its port and the dot of the root.
pub(crate) fn without_port(host: &str) -> &str {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !name.ends_with(':') => {
            name
        }
        _ => host,
    };
    name.strip_suffix('.').unwrap_or(name)
}

#[cfg(test)]
mod tests;
