//! Configuration: settings as they are written, checked, and resolved to paths.
//!
//! - `values`: spans of time, addresses, `off`; `settings`: every setting
//! - `links`: those of the link shield, apart as they are many; `replicas`: those of further stores
//! - `reader`, `parse`: from TOML to settings, with all problems at once
//! - `check`: what settings must be to each other
//! - `load`: flags over file over defaults

mod check;
mod links;
mod load;
mod parse;
mod reader;
mod replicas;
mod settings;
#[cfg(test)]
mod tests;
mod values;

pub(crate) use links::LinksSettings;
pub(crate) use load::{Config, ConfigError, FILE_NAME, Overrides, Paths, load, read_secret_file};
pub(crate) use settings::{Settings, StoreSettings};
pub(crate) use values::{
    HttpUrl, ListenAddress, LogFormat, OrOff, Span, StagingKind, StoreKind, UrlForm,
};

/// The commented configuration file that `init` writes: every setting at its default.
pub(crate) const EXAMPLE: &str = include_str!("../../../docs/rockpool.example.toml");
