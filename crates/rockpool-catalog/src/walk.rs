//! What a listing shows of a key, and where it goes on. Pure; positions are bytes, since keys order by them.

/// The question of a listing, apart from its page.
#[derive(Debug)]
pub(crate) struct Walk {
    prefix: String,
    delimiter: Option<String>,
}

impl Walk {
    /// A listing of keys that begin with `prefix`, rolled up at `delimiter`; an empty one is none.
    pub(crate) fn new(prefix: String, delimiter: Option<String>) -> Self {
        Self {
            prefix,
            delimiter: delimiter.filter(|delimiter| !delimiter.is_empty()),
        }
    }

    /// Whether keys are rolled up at all.
    pub(crate) const fn rolls_up(&self) -> bool {
        self.delimiter.is_some()
    }

    /// What stands for this key in the listing when it is rolled up.
    pub(crate) fn common_prefix<'k>(&self, key: &'k str) -> Option<&'k str> {
        let rest = key.strip_prefix(&self.prefix)?;
        let delimiter = self.delimiter.as_deref()?;
        let end = self.prefix.len() + rest.find(delimiter)? + delimiter.len();
        Some(&key[..end])
    }

    /// The first position of the page behind `after`.
    pub(crate) fn start(&self, after: Option<&str>) -> Vec<u8> {
        match after {
            Some(after) if after >= self.prefix.as_str() => match self.common_prefix(after) {
                Some(common_prefix) => beyond(common_prefix),
                None => successor(after),
            },
            _ => self.prefix.clone().into_bytes(),
        }
    }

    /// The position behind all keys of the listing.
    pub(crate) fn end(&self) -> Vec<u8> {
        beyond(&self.prefix)
    }
}

/// The first position after this very key.
pub(crate) fn successor(key: &str) -> Vec<u8> {
    let mut position = key.as_bytes().to_vec();
    position.push(0);
    position
}

/// The first position behind all keys that begin so: no key, being UTF-8, has this byte.
pub(crate) fn beyond(prefix: &str) -> Vec<u8> {
    let mut position = prefix.as_bytes().to_vec();
    position.push(0xFF);
    position
}

/// How many rows to fetch at once. Rows that are rolled up are wasted, so with a delimiter it begins with few, and
/// takes more as long as most are shown.
#[derive(Debug)]
pub(crate) struct BatchSize(u32);

impl BatchSize {
    const MIN: u32 = 4;
    const MAX: u32 = 1000;

    /// For a listing that is about to begin.
    pub(crate) const fn new(walk: &Walk) -> Self {
        Self(if walk.rolls_up() {
            Self::MIN
        } else {
            Self::MAX
        })
    }

    /// Rows to ask for when the page has room for `room` entries, and one is wanted beyond it.
    pub(crate) fn rows(&self, room: usize) -> u32 {
        let room = u32::try_from(room).unwrap_or(u32::MAX);
        self.0.min(room.saturating_add(1))
    }

    /// Learns that `entries` came of `rows`.
    pub(crate) const fn learn(&mut self, rows: usize, entries: usize) {
        self.0 = if entries * 2 < rows {
            Self::MIN
        } else if self.0 * 2 < Self::MAX {
            self.0 * 2
        } else {
            Self::MAX
        };
    }
}

#[cfg(test)]
mod tests;
