//! poolmgr's configuration file, `config.jkson`: JSON with comments, bare names and without most commas.
use std::{collections::BTreeMap, fs::OpenOptions, io::Read, path::Path};

use anyhow::{Context, Result, anyhow, bail};
use jsonc_parser::ParseOptions;
use rockpool_pool::PoolmgrUser;
use rockpool_types::SecretKey;
use serde::{Deserialize, Serialize};
use url::Url;

/// The most bytes of such a file. Jortage's, with 85 users, has a few thousand.
const MAX_BYTES: u64 = 1 << 20;

/// What of it concerns an adoption. Other settings are passed over.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PoolmgrConfig {
    #[serde(default)]
    pub(crate) backend: Backend,
    mysql: Option<MySql>,
    #[serde(default)]
    users: BTreeMap<String, String>,
    #[serde(default)]
    use_new_urls: bool,
}

/// Where its blobs are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, rename_all(deserialize = "camelCase"))]
pub(crate) struct Backend {
    pub(crate) endpoint: Option<String>,
    pub(crate) bucket: Option<String>,
    pub(crate) public_host: Option<String>,
    /// Whether it issues the newer form of blob URLs.
    #[serde(skip_deserializing)]
    pub(crate) new_urls: bool,
}

/// Its database.
#[derive(Debug, Deserialize)]
struct MySql {
    host: String,
    #[serde(default = "default_port")]
    port: u16,
    user: String,
    #[serde(default)]
    pass: String,
    database: String,
}

const fn default_port() -> u16 {
    3306
}

impl PoolmgrConfig {
    /// Reads the file.
    ///
    /// # Errors
    /// In words that name the file, the place in it and what is expected there; never a secret.
    pub(crate) fn read(file: &Path) -> Result<Self> {
        let about = || format!("poolmgr's configuration {}", file.display());
        let mut text = String::new();
        OpenOptions::new()
            .read(true)
            .open(file)
            .and_then(|file| file.take(MAX_BYTES + 1).read_to_string(&mut text))
            .with_context(about)?;
        if text.len() as u64 > MAX_BYTES {
            bail!("{} is longer than {MAX_BYTES} bytes", about());
        }
        Self::parse(&text).with_context(about)
    }

    pub(crate) fn parse(text: &str) -> Result<Self> {
        let options = ParseOptions {
            allow_comments: true,
            allow_loose_object_property_names: true,
            allow_trailing_commas: true,
            allow_missing_commas: true,
            allow_single_quoted_strings: true,
            allow_hexadecimal_numbers: true,
            allow_unary_plus_numbers: true,
            ..ParseOptions::default()
        };
        // The parser's own words may repeat what stands in the file, which has secrets.
        let value: serde_json::Value =
            jsonc_parser::parse_to_serde_value(text, &options).map_err(|error| {
                let (line, column) = (error.line_display(), error.column_display());
                anyhow!("it cannot be understood at line {line}, column {column}")
            })?;
        let mut config = from_value(value)?;
        config.backend.new_urls = config.use_new_urls;
        Ok(config)
    }

    /// The URL of its database.
    ///
    /// # Errors
    /// When there is none, or the host makes no URL.
    pub(crate) fn database_url(&self) -> Result<String> {
        let Some(mysql) = &self.mysql else {
            bail!("it has no section `mysql`; name the database with --from mysql://…");
        };
        let mut url = Url::parse("mysql://localhost")?;
        url.set_host(Some(&mysql.host))?;
        let set = url
            .set_port(Some(mysql.port))
            .and_then(|()| url.set_username(&mysql.user))
            .and_then(|()| url.set_password(Some(&mysql.pass)));
        if set.is_err() {
            bail!("`mysql.host` is no host; name the database with --from mysql://…");
        }
        url.path_segments_mut()
            .map_err(|()| anyhow!("the database's URL has no path"))?
            .push(&mysql.database);
        Ok(url.into())
    }

    /// Its users.
    ///
    /// # Errors
    /// When a secret cannot be one.
    pub(crate) fn users(&self) -> Result<Vec<PoolmgrUser>> {
        self.users
            .iter()
            .map(|(identity, secret)| {
                let secret = SecretKey::new(secret.clone())
                    .map_err(|error| anyhow!("users.{identity}: {error}"))?;
                Ok(PoolmgrUser {
                    identity: identity.clone(),
                    secret,
                })
            })
            .collect()
    }
}

/// As the configuration's own type; an error names the kind of value that was expected and repeats none.
fn from_value(value: serde_json::Value) -> Result<PoolmgrConfig> {
    if let Some(users) = value.get("users").and_then(|users| users.as_object())
        && let Some((name, _)) = users.iter().find(|(_, secret)| !secret.is_string())
    {
        bail!("users.{name}: the secret in quotes expected");
    }
    if !value.is_object() {
        bail!("an object in braces expected");
    }
    serde_json::from_value(value).map_err(|_| {
        anyhow!("`backend`, `mysql` (host, port, user, pass, database) or `users` is not as poolmgr has it")
    })
}

/// What the files of both programs call the same.
pub(crate) fn settings(backend: &Backend) -> Vec<(&'static str, String)> {
    let quoted = |text: &String| format!("\"{text}\"");
    [
        ("store.s3.endpoint", backend.endpoint.as_ref().map(quoted)),
        ("store.s3.bucket", backend.bucket.as_ref().map(quoted)),
        ("public.blob_url", backend.public_host.as_ref().map(quoted)),
        (
            "public.blob_url_form",
            backend.new_urls.then(|| "\"base64\"".to_owned()),
        ),
    ]
    .into_iter()
    .filter_map(|(setting, value)| Some((setting, value?)))
    .collect()
}

#[cfg(test)]
mod tests;
