//! What commands print: facts as JSON, or short aligned text for people.
use std::io::{self, Write};

use clap::Args;
use serde::Serialize;

/// In which form a command prints its facts.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Format {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Format {
    /// Whether it is JSON.
    pub(crate) const fn is_json(self) -> bool {
        self.json
    }

    /// Prints facts: themselves as JSON, or what `human` makes of them.
    ///
    /// # Errors
    /// When standard output is gone.
    pub(crate) fn print<T: Serialize>(
        self,
        facts: &T,
        human: impl FnOnce(&T) -> String,
    ) -> anyhow::Result<()> {
        if self.json {
            print(&format!("{}\n", serde_json::to_string_pretty(facts)?))
        } else {
            print(&human(facts))
        }
    }
}

/// Prints text to standard output.
///
/// # Errors
/// When standard output is gone.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// A table with a head line, its columns aligned. Without rows it is `none`.
pub(crate) fn table<const N: usize>(
    head: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
    none: &str,
) -> String {
    let rows: Vec<[String; N]> = rows.into_iter().collect();
    if rows.is_empty() {
        return format!("{none}\n");
    }
    let head = head.map(str::to_owned);
    let lines = || std::iter::once(&head).chain(&rows);
    let widths: [usize; N] = std::array::from_fn(|column| {
        lines()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    });
    let mut text = String::new();
    for row in lines() {
        let cells = row.iter().zip(widths);
        let line: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        text.push_str(line.join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// Names and values, the values aligned, indented by two.
pub(crate) fn fields(rows: &[(&str, String)]) -> String {
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    rows.iter()
        .map(|(name, value)| format!("  {name:<width$}  {value}\n"))
        .collect()
}
