//! `rockpool config`: checking and showing the configuration.
use std::path::PathBuf;

use anyhow::Result;
use clap::Subcommand;
use serde::Serialize;

use crate::{
    config::{Overrides, Settings, load},
    output::{self, Format},
};

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Check the configuration; reports every problem at once
    Check(Format),
    /// Print every setting as it is in force, secrets left out
    Show(Format),
}

#[derive(Debug, Serialize)]
struct CheckFacts {
    holds: bool,
    file: Option<PathBuf>,
    data: PathBuf,
}

/// Runs one of them.
///
/// # Errors
/// When the configuration does not hold.
pub(crate) fn run(overrides: &Overrides, command: &ConfigCommand) -> Result<()> {
    let config = load(overrides)?;
    match command {
        ConfigCommand::Check(format) => {
            let facts = CheckFacts {
                holds: true,
                file: config.file,
                data: config.paths.data,
            };
            format.print(&facts, check_words)
        }
        ConfigCommand::Show(format) if format.is_json() => {
            format.print(&config.settings, |_| String::new())
        }
        ConfigCommand::Show(_) => output::print(&show_words(&config.settings)?),
    }
}

fn check_words(facts: &CheckFacts) -> String {
    let data = facts.data.display();
    match &facts.file {
        Some(file) => format!("{} holds. The data directory is {data}.\n", file.display()),
        None => format!(
            "No configuration file: the defaults and flags hold. The data directory is {data}.\n"
        ),
    }
}

fn show_words(settings: &Settings) -> Result<String> {
    Ok(toml::to_string(settings)?)
}
