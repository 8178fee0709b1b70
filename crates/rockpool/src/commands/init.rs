//! `rockpool init`: a commented configuration file.
use std::{
    fs::OpenOptions,
    io::{ErrorKind, Write},
    path::Path,
};

use anyhow::{Context, Result, bail};

use crate::{
    config::{EXAMPLE, FILE_NAME, Overrides, Settings},
    output,
};

/// Writes the file that `--config` names, else `rockpool.toml` in the data directory, which is made where absent.
///
/// # Errors
/// When the file exists already, or cannot be written.
pub(crate) fn run(overrides: &Overrides) -> Result<()> {
    let data = overrides
        .data
        .clone()
        .unwrap_or_else(|| Settings::default().data);
    let file = match &overrides.config {
        Some(file) => file.clone(),
        None => {
            std::fs::create_dir_all(&data)
                .with_context(|| format!("the directory {} cannot be made", data.display()))?;
            data.join(FILE_NAME)
        }
    };
    let mut opened = match OpenOptions::new().write(true).create_new(true).open(&file) {
        Ok(opened) => opened,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => bail!(
            "{} exists already and was left as it is; move it away first, or name another file with --config",
            file.display()
        ),
        Err(error) => {
            return Err(error).with_context(|| format!("{} cannot be made", file.display()));
        }
    };
    opened
        .write_all(EXAMPLE.as_bytes())
        .and_then(|()| opened.sync_all())
        .with_context(|| format!("{} cannot be written", file.display()))?;
    output::print(&words(&file, overrides.config.is_some(), &data))
}

fn words(file: &Path, named: bool, data: &Path) -> String {
    let flags = if named {
        format!(" --config {}", file.display())
    } else if *data == Settings::default().data {
        String::new()
    } else {
        format!(" --data {}", data.display())
    };
    format!(
        "Wrote {}. Every setting stands there with its default; change what you like, then:\n\n  \
         rockpool config check{flags}\n  rockpool serve{flags}\n",
        file.display()
    )
}
