//! Reading a TOML document field by field, so that all problems are reported at once, each with its line.
use std::{fmt, str::FromStr};

use serde::de::DeserializeOwned;
use toml::{
    Spanned,
    de::{DeTable, DeValue, ValueDeserializer},
};

/// Something wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The line of the file, from 1. `None`: it is not about one line.
    pub(crate) line: Option<usize>,
    /// What is wrong and what would be right.
    pub(crate) text: String,
}

impl Problem {
    /// A problem with a setting, wherever it came from.
    pub(crate) fn with(key: &str, text: impl fmt::Display) -> Self {
        Self {
            line: None,
            text: format!("{key}: {text}"),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.text),
            None => f.write_str(&self.text),
        }
    }
}

/// A table of the document, whose fields are taken out one by one.
pub(crate) struct Section<'a, 'i> {
    table: DeTable<'i>,
    /// `store.s3.`; empty at the top.
    path: String,
    text: &'i str,
    known: Vec<&'static str>,
    problems: &'a mut Vec<Problem>,
}

/// Reads a whole document. Fields that survive a problem of its syntax are read all the same.
pub(crate) fn read_document(
    text: &str,
    problems: &mut Vec<Problem>,
    read: impl FnOnce(&mut Section<'_, '_>),
) {
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        problems.push(Problem {
            line: error.span().map(|span| line_of(text, span.start)),
            text: error.message().to_owned(),
        });
    }
    let mut section = Section {
        table: table.into_inner(),
        path: String::new(),
        text,
        known: Vec::new(),
        problems,
    };
    read(&mut section);
    section.finish();
    problems.sort_by_key(|problem| problem.line.unwrap_or(usize::MAX));
}

impl Section<'_, '_> {
    /// Reads a field into its place; an absent one leaves what is there.
    pub(crate) fn read<T: DeserializeOwned>(&mut self, key: &'static str, into: &mut T) {
        if let Some(value) = self.take(key) {
            *into = value;
        }
    }

    /// Reads a field that has no default.
    pub(crate) fn read_option<T: DeserializeOwned>(
        &mut self,
        key: &'static str,
        into: &mut Option<T>,
    ) {
        if let Some(value) = self.take(key) {
            *into = Some(value);
        }
    }

    /// Reads a field of text that becomes a type of its own.
    pub(crate) fn parse_option<T: FromStr<Err: fmt::Display>>(
        &mut self,
        key: &'static str,
        into: &mut Option<T>,
    ) {
        let line = self.line(key);
        if let Some(text) = self.take::<String>(key) {
            *into = self.parsed(key, line, &text);
        }
    }

    /// Reads a list of texts that become a type of their own.
    pub(crate) fn parse_list<T: FromStr<Err: fmt::Display>>(
        &mut self,
        key: &'static str,
        into: &mut Vec<T>,
    ) {
        let line = self.line(key);
        if let Some(texts) = self.take::<Vec<String>>(key) {
            *into = texts
                .iter()
                .filter_map(|text| self.parsed(key, line, text))
                .collect();
        }
    }

    /// Reads a table within this one; an absent one leaves everything as it is.
    pub(crate) fn section(&mut self, key: &'static str, read: impl FnOnce(&mut Section<'_, '_>)) {
        self.known.push(key);
        self.table_of(key, read);
    }

    /// Reads the tables within a table of this one, whatever their names are.
    pub(crate) fn named_sections(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&str, &mut Section<'_, '_>),
    ) {
        self.section(key, |named| {
            let names: Vec<String> = named.table.keys().map(ToString::to_string).collect();
            for name in names {
                named.table_of(&name, |section| read(&name, section));
            }
        });
    }

    fn table_of(&mut self, key: &str, read: impl FnOnce(&mut Section<'_, '_>)) {
        let Some((name, value)) = self.table.remove_entry(key) else {
            return;
        };
        let DeValue::Table(table) = value.into_inner() else {
            let line = line_of(self.text, name.span().start);
            self.report(
                Some(line),
                key,
                format!("is a section: write `[{}{key}]`", self.path),
            );
            return;
        };
        let mut section = Section {
            table,
            path: format!("{}{key}.", self.path),
            text: self.text,
            known: Vec::new(),
            problems: &mut *self.problems,
        };
        read(&mut section);
        section.finish();
    }

    fn take<T: DeserializeOwned>(&mut self, key: &'static str) -> Option<T> {
        self.known.push(key);
        let value: Spanned<DeValue<'_>> = self.table.remove(key)?;
        let line = line_of(self.text, value.span().start);
        match T::deserialize(ValueDeserializer::from(value)) {
            Ok(value) => Some(value),
            Err(error) => {
                self.report(Some(line), key, error.message());
                None
            }
        }
    }

    fn parsed<T: FromStr<Err: fmt::Display>>(
        &mut self,
        key: &str,
        line: Option<usize>,
        text: &str,
    ) -> Option<T> {
        text.parse()
            .map_err(|error| self.report(line, key, error))
            .ok()
    }

    fn line(&self, key: &str) -> Option<usize> {
        self.table
            .get(key)
            .map(|value| line_of(self.text, value.span().start))
    }

    fn report(&mut self, line: Option<usize>, key: &str, text: impl fmt::Display) {
        self.problems.push(Problem {
            line,
            text: format!("{}{key}: {text}", self.path),
        });
    }

    /// What is left in the table is unknown.
    fn finish(mut self) {
        for (name, _) in std::mem::take(&mut self.table) {
            let line = line_of(self.text, name.span().start);
            let text = match nearest(name.get_ref(), &self.known) {
                Some(known) => format!("no such setting; did you mean `{known}`?"),
                None => format!("no such setting; here are {}", self.known.join(", ")),
            };
            self.report(Some(line), name.get_ref(), text);
        }
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}

/// The known name that a misspelt one was most likely meant to be.
fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    known
        .iter()
        .map(|candidate| (edit_distance(name, candidate), *candidate))
        .min()
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 4)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance in bytes.
fn edit_distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, byte) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in b.bytes().enumerate() {
            let replaced = diagonal + usize::from(byte != other);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
