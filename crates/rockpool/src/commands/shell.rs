//! `rockpool completions` and `rockpool man`: what packagers install.
use std::path::Path;

use anyhow::{Context, Result};
use clap::CommandFactory;

use crate::{cli::Cli, output};

/// Prints completions for a shell.
///
/// # Errors
/// When standard output is gone.
pub(crate) fn completions(shell: clap_complete::Shell) -> Result<()> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "rockpool", &mut text);
    output::print(&String::from_utf8(text)?)
}

/// Prints the manual page, or writes one for each command into `directory`.
///
/// # Errors
/// When the directory cannot be written to, or standard output is gone.
pub(crate) fn man(directory: Option<&Path>) -> Result<()> {
    match directory {
        Some(directory) => std::fs::create_dir_all(directory)
            .and_then(|()| clap_mangen::generate_to(Cli::command(), directory))
            .with_context(|| format!("the pages cannot be written to {}", directory.display())),
        None => {
            let mut text = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut text)?;
            output::print(&String::from_utf8(text)?)
        }
    }
}
