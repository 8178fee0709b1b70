//! The tables that a copy takes, in an order in which none refers to a later one.
use crate::{dialect::Dialect, sets};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Whole numbers.
    Number,
    /// Bytes.
    Bytes,
    /// Text.
    Text,
}

/// A column.
#[derive(Debug)]
pub(crate) struct Column {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it holds.
    pub(crate) kind: Kind,
}

/// A table. Its key's columns are its first, one or two.
#[derive(Debug)]
pub(crate) struct Table {
    /// Its name.
    pub(crate) name: &'static str,
    /// The columns of its key.
    pub(crate) key: &'static [&'static str],
    /// All columns but those that mean nothing in another database.
    pub(crate) columns: &'static [Column],
    /// Whether its rows are summed up by their key: then all columns behind it are counts.
    pub(crate) summed: bool,
}

impl Table {
    /// Rows that are read, written and compared at a time. Parts may carry a MiB of bytes each.
    pub(crate) fn page_rows(&self) -> u32 {
        if self.columns.iter().any(|column| column.name == "bytes") {
            8
        } else {
            400
        }
    }

    /// The beginning of a `SELECT` of rows.
    pub(crate) fn select(&self, dialect: Dialect) -> String {
        let columns: Vec<String> = self
            .columns
            .iter()
            .map(|column| {
                if self.summed && !self.key.contains(&column.name) {
                    dialect.sum(column.name)
                } else {
                    column.name.to_owned()
                }
            })
            .collect();
        format!("SELECT {} FROM {}", columns.join(", "), self.name)
    }

    /// The `INSERT` of so many rows. A sum goes into slot 0.
    pub(crate) fn insert(&self, rows: usize) -> String {
        let names: Vec<&str> = self.columns.iter().map(|column| column.name).collect();
        let (slot, zero) = if self.summed {
            (", slot", ", 0")
        } else {
            ("", "")
        };
        let row = format!("({}{zero})", sets::placeholders(names.len()));
        let rows = vec![row; rows].join(", ");
        format!(
            "INSERT INTO {} ({}{slot}) VALUES {rows}",
            self.name,
            names.join(", ")
        )
    }
}

/// Writes a table down: its name, its key, and its columns by kind.
macro_rules! table {
    ($name:literal, $key:expr, [$($kind:ident $column:literal),* $(,)?], $summed:literal) => {
        Table {
            name: $name,
            key: &$key,
            columns: &[$(Column { name: $column, kind: Kind::$kind }),*],
            summed: $summed,
        }
    };
}

/// All tables but `store_usage`, whose sums are copied, and what belongs to one database alone.
#[rustfmt::skip]
pub(crate) static TABLES: &[Table] = &[
    table!("members", ["id"], [
        Number "id", Text "name", Number "state", Number "max_buckets", Number "max_bytes", Number "max_objects",
        Number "created_at",
    ], false),
    table!("access_keys", ["id"], [
        Text "id", Number "member_id", Bytes "sealed_secret", Number "read_only", Number "bucket_id", Text "label",
        Number "created_at", Number "revoked_at",
    ], false),
    table!("buckets", ["id"], [
        Number "id", Number "member_id", Text "name", Number "default_acl", Number "delivery", Number "created_at",
    ], false),
    table!("bucket_hosts", ["host"], [Text "host", Number "bucket_id"], false),
    table!("bucket_usage", ["bucket_id"], [Number "bucket_id", Number "objects", Number "object_bytes"], true),
    table!("media_types", ["id"], [Number "id", Text "name"], false),
    table!("blobs", ["id"], [
        Number "id", Number "scope", Bytes "digest_head", Bytes "digest_tail", Number "size", Bytes "md5",
        Number "media_type", Number "state", Number "refs", Number "since", Number "owner", Number "flags",
    ], false),
    table!("header_sets", ["id"], [Number "id", Text "body"], false),
    table!("objects", ["bucket_id", "object_key"], [
        Number "bucket_id", Bytes "object_key", Number "blob_id", Number "modified_at", Number "acl", Bytes "etag",
        Number "headers", Bytes "checksum", Text "extra",
    ], false),
    table!("uploads", ["id"], [
        Text "id", Number "bucket_id", Bytes "object_key", Number "acl", Text "attributes", Text "checksum_algorithm",
        Number "checksum_full", Number "created_at",
    ], false),
    table!("parts", ["upload_id", "number"], [
        Text "upload_id", Number "number", Number "size", Bytes "md5", Bytes "digest", Bytes "checksum",
        Number "modified_at", Text "staged", Bytes "bytes",
    ], false),
    table!("adoptions", ["source"], [
        Text "source", Number "last_id", Number "adopted", Number "kept", Number "left_out", Number "started_at",
        Number "finished_at",
    ], false),
    table!("stores", ["id"], [
        Number "id", Text "name", Number "role", Number "since", Number "filled_to",
    ], false),
    table!("copies", ["name", "store_id"], [
        Bytes "name", Number "store_id", Number "action", Number "renew", Number "size", Number "queued_at",
        Number "due_at", Number "attempts", Number "owner", Number "settled_at",
    ], false),
    table!("scrubs", ["store"], [
        Text "store", Text "after_key", Number "started_at", Number "finished_at", Number "blobs", Number "read_bytes",
        Number "findings", Number "owner", Number "lease_until",
    ], false),
    table!("changes", ["id"], [Number "id", Number "bucket_id", Bytes "object_key"], false),
];
