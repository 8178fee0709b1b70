//! From flags and a file to a [`Config`]: the only place that reads settings.
use std::{
    collections::BTreeMap,
    fmt, io,
    path::{Path, PathBuf},
};

use rockpool_catalog::CatalogAddress;
use rockpool_types::SecretKey;

use super::{
    check::check_settings,
    parse::parse_settings,
    reader::Problem,
    settings::{Settings, StoreSettings},
    values::{ListenAddress, OrOff, StoreKind},
};

/// The name of the configuration file that is looked for in the data directory.
pub(crate) const FILE_NAME: &str = "rockpool.toml";

/// What flags say over the file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Overrides {
    /// The data directory.
    pub(crate) data: Option<PathBuf>,
    /// The configuration file.
    pub(crate) config: Option<PathBuf>,
    /// Where the S3 face listens.
    pub(crate) s3: Option<OrOff<ListenAddress>>,
    /// Where the redirector listens.
    pub(crate) redirector: Option<OrOff<ListenAddress>>,
    /// Where the blob server listens.
    pub(crate) blobs: Option<OrOff<ListenAddress>>,
    /// Where the link shield listens.
    pub(crate) links: Option<OrOff<ListenAddress>>,
}

/// Settings that hold, and the paths that they lead to.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// The settings.
    pub(crate) settings: Settings,
    /// The file that they came from. `None`: from flags and defaults alone.
    pub(crate) file: Option<PathBuf>,
    /// Where things lie.
    pub(crate) paths: Paths,
}

/// Where things lie. All absolute, unless the working directory is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Paths {
    /// The data directory.
    pub(crate) data: PathBuf,
    /// The catalog's database: a file, or on a server.
    pub(crate) catalog: CatalogAddress,
    /// The directory of the disk store.
    pub(crate) store: PathBuf,
    /// The directories of replicas, those that are in one.
    pub(crate) replicas: BTreeMap<String, PathBuf>,
    /// The directory where blobs land.
    pub(crate) landing: PathBuf,
    /// The directory of staged parts.
    pub(crate) staging: PathBuf,
    /// The directory of the link shield's copies.
    pub(crate) links: PathBuf,
    /// The directory of the spool.
    pub(crate) spool: PathBuf,
    /// The file with the key that seals secrets.
    pub(crate) sealing_key: PathBuf,
    /// Where a running node says what it listens on.
    pub(crate) ready_file: PathBuf,
}

impl Paths {
    fn new(settings: &Settings) -> Self {
        let data = std::path::absolute(&settings.data).unwrap_or_else(|_| settings.data.clone());
        let catalog = match settings.catalog.url.address() {
            Ok(CatalogAddress::Sqlite(path)) => CatalogAddress::Sqlite(data.join(path)),
            Ok(server) => server,
            // Reported by the check of settings.
            Err(_) => CatalogAddress::Sqlite(data.clone()),
        };
        Self {
            catalog,
            store: data.join(&settings.store.directory),
            replicas: settings
                .replicas
                .iter()
                .map(|(name, replica)| (name.clone(), data.join(&replica.store.directory)))
                .collect(),
            landing: data.join(&settings.landing.directory),
            staging: data.join(&settings.staging.directory),
            spool: data.join(&settings.spool.directory),
            links: data.join(&settings.links.directory),
            sealing_key: data.join(&settings.catalog.sealing_key_file),
            ready_file: data.join("node.json"),
            data,
        }
    }
}

/// Why there is no [`Config`]: every problem that was found.
#[derive(Debug)]
pub(crate) struct ConfigError {
    file: Option<PathBuf>,
    problems: Vec<Problem>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.file {
            Some(file) => write!(f, "the configuration in {} does not hold:", file.display())?,
            None => f.write_str("the settings do not hold:")?,
        }
        for problem in &self.problems {
            write!(f, "\n  {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

/// Loads settings: defaults, under the file (that of `--config`, else `rockpool.toml` in the data directory where
/// there is one), under the flags.
///
/// # Errors
/// With all problems at once.
pub(crate) fn load(overrides: &Overrides) -> Result<Config, ConfigError> {
    let mut problems = Vec::new();
    let (file, text) = read_file(overrides, &mut problems);
    let (mut settings, sets_data) = parse_settings(&text, &mut problems);
    if sets_data && overrides.config.is_none() {
        problems.push(Problem::with(
            "data",
            "cannot be set in a file that was itself found in the data directory; remove it, or name the file with --config",
        ));
    }
    if let Some(data) = &overrides.data {
        settings.data.clone_from(data);
    }
    let listen = &mut settings.listen;
    for (flag, setting) in [
        (overrides.s3, &mut listen.s3),
        (overrides.redirector, &mut listen.redirector),
        (overrides.blobs, &mut listen.blobs),
        (overrides.links, &mut listen.links),
    ] {
        *setting = flag.unwrap_or(*setting);
    }
    read_catalog_url(&mut settings, &mut problems);
    problems.extend(check_settings(&settings));
    let paths = Paths::new(&settings);
    read_secret("store", &mut settings.store, &paths.data, &mut problems);
    for (name, replica) in &mut settings.replicas {
        let path = format!("replicas.{name}");
        read_secret(&path, &mut replica.store, &paths.data, &mut problems);
    }
    if problems.is_empty() {
        Ok(Config {
            settings,
            file,
            paths,
        })
    } else {
        Err(ConfigError { file, problems })
    }
}

fn read_file(overrides: &Overrides, problems: &mut Vec<Problem>) -> (Option<PathBuf>, String) {
    let found = match (&overrides.config, &overrides.data) {
        (Some(file), _) => file.clone(),
        (None, Some(data)) => data.join(FILE_NAME),
        (None, None) => Settings::default().data.join(FILE_NAME),
    };
    match read_text(&found) {
        Ok(text) => (Some(found), text),
        Err(error) if overrides.config.is_none() && is_absence(&error) => (None, String::new()),
        Err(error) => {
            problems.push(Problem::with(
                "--config",
                format_args!("{} cannot be read: {error}", found.display()),
            ));
            (Some(found), String::new())
        }
    }
}

/// Whether there is no such file; a path that leads through a file is no file either, and the data directory's
/// own check says so better.
fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// Puts the URL of `catalog.url_file` into its place.
fn read_catalog_url(settings: &mut Settings, problems: &mut Vec<Problem>) {
    let Some(file) = &settings.catalog.url_file else {
        return;
    };
    let mut problem = |text: String| problems.push(Problem::with("catalog.url_file", text));
    if settings.catalog.url != Settings::default().catalog.url {
        problem("takes the place of catalog.url; give only one of them".to_owned());
    }
    let file = settings.data.join(file);
    match read_text(&file) {
        Ok(text) => {
            let line = text.lines().next().unwrap_or_default().trim();
            settings.catalog.url = line.to_owned().into();
        }
        Err(error) => problem(format!("{} cannot be read: {error}", file.display())),
    }
}

/// Puts the secret of a store's `secret_access_key_file` into its place.
fn read_secret(path: &str, store: &mut StoreSettings, data: &Path, problems: &mut Vec<Problem>) {
    if store.kind != StoreKind::S3 {
        return;
    }
    let Some(bucket) = &mut store.s3 else {
        return;
    };
    let Some(file) = &bucket.secret_access_key_file else {
        return;
    };
    match read_secret_file(&data.join(file)) {
        Ok(secret) => bucket.secret_access_key = Some(secret),
        Err(error) => {
            let key = format!("{path}.s3.secret_access_key_file");
            problems.push(Problem::with(&key, error));
        }
    }
}

/// The first line of a file as a secret; `-` is standard input.
///
/// # Errors
/// In words that name the file and never its content.
pub(crate) fn read_secret_file(file: &Path) -> Result<SecretKey, String> {
    let text = if file == Path::new("-") {
        io::read_to_string(io::stdin())
    } else {
        read_text(file)
    };
    let text = text.map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
    let line = text.lines().next().unwrap_or_default().trim();
    SecretKey::new(line).map_err(|error| format!("{}: {error}", file.display()))
}

fn read_text(file: &Path) -> io::Result<String> {
    std::fs::read_to_string(file)
}
