//! The data directory: making it, finding a pool in it, and the key that seals secrets.
use std::{
    fs::{DirBuilder, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

use anyhow::{Context, Result, bail};
use rockpool_catalog::CatalogAddress;
use rockpool_pool::SealingKey;

use crate::config::Paths;

/// Makes the data directory where it is absent, readable by its owner and group alone.
///
/// # Errors
/// In words that name the directory and what to do.
pub(crate) fn make(paths: &Paths) -> Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o750)
        .create(&paths.data)
        .with_context(|| {
            format!(
                "the data directory {} cannot be made; choose another with --data, or make it and give it to this user",
                paths.data.display()
            )
        })
}

/// Insists that there is a pool: commands beside `serve` do not make one by mistake in a wrong directory.
///
/// # Errors
/// When there is none.
pub(crate) fn require_pool(paths: &Paths) -> Result<()> {
    let CatalogAddress::Sqlite(catalog) = &paths.catalog else {
        // Which database is meant stands in the configuration.
        return Ok(());
    };
    match std::fs::metadata(catalog) {
        Ok(_) => Ok(()),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            bail!(
                "there is no pool in {}; name its directory with --data, or start a new pool with `rockpool serve`",
                paths.data.display()
            )
        }
        Err(error) => {
            Err(error).with_context(|| format!("the catalog {} cannot be read", catalog.display()))
        }
    }
}

/// Reads the sealing key; makes one where there is none, with `may_make`.
///
/// # Errors
/// When the file cannot be read or made, is damaged, or is absent though it must not be.
pub(crate) fn sealing_key(file: &Path, may_make: bool) -> Result<SealingKey> {
    let about = || format!("the sealing key {} cannot be used", file.display());
    match read_key(file).with_context(about)? {
        Some(key) => Ok(SealingKey::new(key)),
        None if may_make => {
            make_key(file).with_context(about)?;
            let key = read_key(file).with_context(about)?;
            key.map(SealingKey::new).with_context(about)
        }
        None => bail!(
            "the sealing key {} is missing, and the secrets of this pool's access keys cannot be read without it; \
             put it back from your backup (a new one would need new access keys for every member)",
            file.display()
        ),
    }
}

/// `None`: there is no such file.
fn read_key(file: &Path) -> Result<Option<[u8; 32]>> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut key = [0; 32];
    match hex::decode_to_slice(text.trim(), &mut key) {
        Ok(()) => Ok(Some(key)),
        Err(_) => {
            bail!("it is damaged: 64 hexadecimal digits expected; put it back from your backup")
        }
    }
}

/// Makes the key file, durable and whole at once; leaves alone one that another process made meanwhile.
fn make_key(file: &Path) -> Result<()> {
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
    let draft = file.with_extension(format!("key.{}", std::process::id()));
    let mut draft_file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)?;
    draft_file.write_all(format!("{}\n", hex::encode(key)).as_bytes())?;
    draft_file.sync_all()?;
    let linked = std::fs::hard_link(&draft, file);
    std::fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error.into()),
        _ => {}
    }
    if let Some(directory) = file.parent() {
        OpenOptions::new().read(true).open(directory)?.sync_all()?;
    }
    Ok(())
}
