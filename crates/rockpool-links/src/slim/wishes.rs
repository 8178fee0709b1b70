//! What a page or its server asks of robots, as far as it is about a shield.

/// The name by which a site speaks to this shield alone, in `X-Robots-Tag: rockpool-links: none` or
/// `<meta name="rockpool-links" content="none">`.
pub(crate) const ROBOT_NAME: &str = "rockpool-links";

/// What is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wishes {
    /// Keep no copy for longer than it takes to spare the site a rush, and none when the site is away.
    pub(crate) no_archive: bool,
    /// Do not stand before this page at all.
    pub(crate) step_aside: bool,
}

impl Wishes {
    /// Adds what a list of directives asks: of all robots, or of this one (`to_us`).
    pub(crate) fn add(&mut self, directives: &str, to_us: bool) {
        for directive in directives.split(',').map(str::trim) {
            let is = |name: &str| directive.eq_ignore_ascii_case(name);
            self.no_archive |= is("noarchive") || is("nocache");
            self.step_aside |= to_us && (is("none") || is("noindex") || is("off"));
        }
    }

    /// Adds what an `X-Robots-Tag` header asks: directives, or a robot's name, a colon and directives.
    pub(crate) fn add_header(&mut self, value: &str) {
        match value.split_once(':') {
            // `unavailable_after: date` and its like are directives with a value, and none of our concern.
            Some((name, directives)) if name.trim().eq_ignore_ascii_case(ROBOT_NAME) => {
                self.add(directives, true);
            }
            Some(_) => {}
            None => self.add(value, false),
        }
    }

    /// Adds what `<meta name=.. content=..>` asks.
    pub(crate) fn add_meta(&mut self, name: &str, content: &str) {
        if name.eq_ignore_ascii_case(ROBOT_NAME) {
            self.add(content, true);
        } else if name.eq_ignore_ascii_case("robots") {
            self.add(content, false);
        }
    }

    /// Adds other wishes.
    pub(crate) fn merge(&mut self, other: Self) {
        self.no_archive |= other.no_archive;
        self.step_aside |= other.step_aside;
    }
}

#[cfg(test)]
mod tests;
