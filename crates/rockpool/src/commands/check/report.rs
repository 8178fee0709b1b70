//! What a check prints at its end.
use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use anyhow::Result;
use rockpool_pool::{CheckTotals, Finding, Level};
use serde::Serialize;

use super::{explanation, journal::Journal, repair::Repaired};
use crate::{
    output::{Format, fields},
    views::bytes,
};

/// A finding as JSON shows it.
#[derive(Serialize)]
struct Shown<'a> {
    level: Level,
    #[serde(flatten)]
    finding: &'a Finding,
    text: String,
}

/// The worst level that was found.
pub(super) const fn worst(totals: &CheckTotals) -> Option<Level> {
    match totals {
        CheckTotals { errors: 1.., .. } => Some(Level::Error),
        CheckTotals { warnings: 1.., .. } => Some(Level::Warning),
        CheckTotals { notes: 1.., .. } => Some(Level::Note),
        _ => None,
    }
}

/// Prints findings one by one, then totals; JSON begins with the named facts `before` them.
pub(super) fn print(
    format: Format,
    before: Option<(&str, serde_json::Value)>,
    journal: &Journal,
    totals: &CheckTotals,
    repaired: Option<&Repaired>,
) -> Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    if format.is_json() {
        write!(out, "{{\n  ")?;
        if let Some((name, facts)) = before {
            write!(out, "\"{name}\": {facts},\n  ")?;
        }
        write!(out, "\"findings\": [")?;
        let mut comma = "";
        for finding in journal.findings()? {
            let finding = &finding?;
            let shown = Shown {
                level: finding.level(),
                finding,
                text: finding.to_string(),
            };
            write!(out, "{comma}\n    {}", serde_json::to_string(&shown)?)?;
            comma = ",";
        }
        write!(
            out,
            "\n  ],\n  \"totals\": {}",
            serde_json::to_string(totals)?
        )?;
        if let Some(repaired) = repaired {
            write!(
                out,
                ",\n  \"repairs\": {}",
                serde_json::to_string(repaired)?
            )?;
        }
        writeln!(out, "\n}}")?;
    } else {
        let mut explanations = BTreeMap::new();
        for finding in journal.findings()? {
            let finding = finding?;
            let (level, code) = (finding.level().as_str(), finding.code().as_str());
            writeln!(out, "{level:<7}  {code}  {finding}")?;
            let explain = || explanation(&finding);
            explanations.entry(code).or_insert_with(explain);
        }
        for text in explanations.values() {
            write!(out, "\n{text}")?;
        }
        if !explanations.is_empty() {
            writeln!(out)?;
        }
        out.write_all(words(totals).as_bytes())?;
        if let Some(repaired) = repaired {
            out.write_all(repaired.words().as_bytes())?;
        }
    }
    Ok(out.flush()?)
}

fn words(totals: &CheckTotals) -> String {
    let head = match worst(totals) {
        None => "All is well.".to_owned(),
        Some(_) => format!(
            "{} errors, {} warnings, {} notes.",
            totals.errors, totals.warnings, totals.notes
        ),
    };
    let blobs = format!("{} ({})", totals.blobs, bytes(totals.blob_bytes));
    let facts = fields(&[
        ("blobs", blobs),
        ("objects", totals.objects.to_string()),
        ("items in the store", totals.items.to_string()),
        ("in quarantine", totals.quarantined.to_string()),
        ("too young to tell", totals.young_items.to_string()),
        ("uploads", totals.uploads.to_string()),
        ("staged parts", totals.parts.to_string()),
        ("copies at replicas", totals.copies.to_string()),
        ("read and hashed", bytes(totals.read_bytes)),
    ]);
    format!("{head}\n\n{facts}")
}
