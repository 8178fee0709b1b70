//! Who asks: Fediverse software and other makers of previews, known by their User-Agent.
use aho_corasick::{AhoCorasick, BuildError, MatchKind};

/// What stands in the User-Agents of software that makes previews for many people, in any case of letters. Each entry is
/// known from the software's source or from requests seen.
///
/// - `http.rb/5.1.1 (Mastodon/4.2.1; +https://m.example/)`, and since 4.3 `Mastodon/4.3.0 (http.rb/5.2.0; +https://..)`;
///   forks keep the word
/// - `Pleroma 2.7.0; https://p.example <admin@p.example>; Bot`; Akkoma's is alike
/// - `SummalyBot/5.1.0`, also as `Mozilla/5.0 (compatible; SummalyBot/..)`: Misskey and its forks, for previews; their own
///   names for everything else
/// - `Lemmy/0.19.3; +https://l.example`, `PeerTube/6.0 (+https://..)`, `Iceshrimp.NET/2024.1 (+https://..)`
/// - `(Pixelfed/0.12; +https://..)`, `python-requests/2.32 (BookWyrm/0.7; +https://..)`, `snac/2.52`
/// - `Mozilla/5.0 (compatible; zot)`: Hubzilla and its kin
/// - `Mozilla/5.0 (compatible; Bluesky Cardyb/1.1; +mailto:support@bsky.app)`, `Bridgy Fed (https://fed.brid.gy/)`
pub const DEFAULT_SOFTWARE: &[&str] = &[
    "Mastodon/",
    "Pleroma",
    "Akkoma",
    "SummalyBot/",
    "MisskeyMediaProxy/",
    "Misskey/",
    "Sharkey/",
    "Firefish/",
    "Calckey/",
    "Iceshrimp",
    "CherryPick/",
    "Foundkey/",
    "Catodon/",
    "Friendica",
    "GoToSocial/",
    "Pixelfed/",
    "Lemmy/",
    "PieFed/",
    "PeerTube/",
    "Mbin/",
    "kbinBot",
    "Hubzilla",
    "(compatible; zot",
    "snac/",
    "Mitra",
    "Mobilizon",
    "BookWyrm/",
    "Takahe/",
    "Smithereen/",
    "Wafrn",
    "WriteFreely",
    "Funkwhale",
    "Owncast",
    "Diaspora",
    "Bridgy Fed",
    "Bluesky Cardyb",
];

/// Of these, who makes a preview of nothing but a `200`: Mastodon's and Pleroma's sources say so; what Bluesky's does is
/// not known.
pub const DEFAULT_ONLY_200: &[&str] = &["Mastodon/", "Pleroma", "Akkoma", "Bluesky Cardyb"];

/// Patterns of User-Agents: texts that stand in them, in any case of letters. Of several that do, the first in the
/// User-Agent counts, and of those that begin at one place the first in the list.
#[derive(Clone, Debug)]
pub struct SoftwareList {
    patterns: Vec<String>,
    finder: AhoCorasick,
}

/// Software that a list knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Software(usize);

impl Software {
    /// Its place in the list.
    pub(crate) const fn index(self) -> usize {
        self.0
    }
}

impl SoftwareList {
    /// A list of patterns.
    ///
    /// # Errors
    /// When they are too many or too long to look for.
    pub fn new<T: AsRef<str>>(patterns: &[T]) -> Result<Self, BuildError> {
        let patterns = patterns.iter().map(|p| p.as_ref().trim().to_owned());
        let patterns: Vec<String> = patterns.filter(|p| !p.is_empty()).collect();
        let finder = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostFirst)
            .build(&patterns)?;
        Ok(Self { patterns, finder })
    }

    /// Who has this User-Agent. `None`: nobody of the list, a person's browser most likely.
    pub(crate) fn find(&self, user_agent: &[u8]) -> Option<Software> {
        let found = self.finder.find(user_agent)?;
        Some(Software(found.pattern().as_usize()))
    }

    /// Names for metrics, in the order of [`Software::index`]: the words of each pattern, `bluesky-cardyb`.
    pub(crate) fn names(&self) -> impl Iterator<Item = String> {
        self.patterns.iter().map(|pattern| {
            let words = pattern.split(|c: char| !c.is_alphanumeric());
            let words: Vec<String> = words
                .filter(|word| !word.is_empty())
                .map(str::to_lowercase)
                .collect();
            words.join("-")
        })
    }
}

#[cfg(test)]
mod tests;
