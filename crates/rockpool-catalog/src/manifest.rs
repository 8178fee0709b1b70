//! What a manifest says: a line for each name that changed, and what it was when it was read; now and then one that has all
//! members, buckets and access keys. Lines are JSON, to be read by people too.
use std::collections::BTreeMap;

use rockpool_types::{Acl, BlobHash, ETag, ObjectAttributes, ObjectKey};
use serde::{Deserialize, Serialize};

use crate::{
    BucketId, Object,
    copied::{Kind, TABLES, Table},
    copy::{Position, read_page},
    database::{Result, Tx},
    dialect::Fault,
    row::Cell,
};

/// The tables that make up the accounts.
const ACCOUNTS: [&str; 4] = ["members", "buckets", "bucket_hosts", "access_keys"];

/// A line of a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestLine {
    /// The number of the change. Of two lines of the same name, that with the higher one counts.
    pub(crate) number: i64,
    #[serde(flatten)]
    pub(crate) line: Line,
}

impl ManifestLine {
    pub(crate) const fn new(number: i64, line: Line) -> Self {
        Self { number, line }
    }

    /// The number of the change.
    pub const fn number(&self) -> i64 {
        self.number
    }

    /// The bucket and key whose line it is. `None`: it is about members, buckets and keys.
    pub fn name(&self) -> Option<(BucketId, &str)> {
        match &self.line {
            Line::Accounts(_) => None,
            Line::Name(name) => Some((BucketId(name.bucket), &name.key)),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Line {
    /// All members, buckets, host names and access keys.
    Accounts(Accounts),
    /// A name.
    Name(Box<Name>),
}

/// A name, and what it is mapped to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Name {
    pub(crate) bucket: i64,
    pub(crate) key: String,
    /// `None`: nothing.
    pub(crate) object: Option<Noted>,
}

/// An object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Noted {
    /// SHA-512, in hexadecimal.
    pub(crate) sha512: String,
    /// In bytes.
    pub(crate) size: u64,
    /// In hexadecimal; zeros where it is not known.
    pub(crate) md5: String,
    /// As decided from the bytes; empty where nobody has looked.
    pub(crate) media_type: String,
    pub(crate) etag: String,
    pub(crate) acl: String,
    pub(crate) modified_at_ms: i64,
    pub(crate) attributes: ObjectAttributes,
}

impl Line {
    pub(crate) fn of_name(bucket: BucketId, key: ObjectKey, object: Option<Object>) -> Self {
        Self::Name(Box::new(Name {
            bucket: bucket.0,
            key: key.as_str().to_owned(),
            object: object.map(Noted::from),
        }))
    }
}

impl From<Object> for Noted {
    fn from(object: Object) -> Self {
        Self {
            sha512: object.blob.hash.to_hex(),
            size: object.blob.size,
            md5: hex::encode(object.blob.md5),
            media_type: object.blob.media_type,
            etag: object.etag.to_string(),
            acl: object.acl.as_str().to_owned(),
            modified_at_ms: object.modified_at.as_millis(),
            attributes: object.attributes,
        }
    }
}

impl Noted {
    /// Its content's name.
    pub(crate) fn hash(&self) -> Result<BlobHash> {
        self.sha512.parse().map_err(|_| damaged("hash"))
    }

    /// Who may read it.
    pub(crate) fn acl(&self) -> Result<Acl> {
        self.acl.parse().map_err(|_| damaged("ACL"))
    }

    /// Its ETag.
    pub(crate) fn etag(&self) -> Result<ETag> {
        self.etag.parse().map_err(|_| damaged("ETag"))
    }

    /// The MD5 of its content.
    pub(crate) fn md5(&self) -> Result<[u8; 16]> {
        let mut md5 = [0; 16];
        hex::decode_to_slice(&self.md5, &mut md5).map_err(|_| damaged("MD5"))?;
        Ok(md5)
    }
}

/// What was written down is not what any rockpool writes.
pub(crate) fn damaged(what: &str) -> Fault {
    Fault::Internal(format!("a line of a manifest has a damaged {what}"))
}

/// Members, buckets, host names and access keys: the rows of their tables.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Accounts(BTreeMap<String, Vec<BTreeMap<String, Written>>>);

/// A column's value as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Null,
    Number(i64),
    Text(String),
    Bytes { hex: String },
}

impl Accounts {
    /// Reads all.
    pub(crate) async fn read(tx: &mut Tx) -> Result<Self> {
        let mut tables = BTreeMap::new();
        for table in Self::tables() {
            let mut rows = Vec::new();
            let mut position: Option<Position> = None;
            loop {
                let page = read_page(tx, table, position.as_ref()).await?;
                let Some(last) = page.last() else { break };
                position = Some(table.position_of(last));
                let names = || table.columns.iter().map(|column| column.name.to_owned());
                let write = |row: Vec<Cell>| names().zip(row.into_iter().map(written)).collect();
                rows.extend(page.into_iter().map(write));
            }
            tables.insert(table.name.to_owned(), rows);
        }
        Ok(Self(tables))
    }

    /// The tables, in an order in which none refers to a later one.
    pub(crate) fn tables() -> impl DoubleEndedIterator<Item = &'static Table> {
        TABLES.iter().filter(|table| ACCOUNTS.contains(&table.name))
    }

    /// The rows of a table with all its columns; those that the writer did not know are NULL.
    pub(crate) fn rows(&self, table: &Table) -> Result<Vec<Vec<Cell>>> {
        let rows = self.0.get(table.name).map(Vec::as_slice);
        let columns = |row: &BTreeMap<String, Written>| {
            let cells = table.columns.iter().map(|column| {
                let value = row.get(column.name).unwrap_or(&Written::Null);
                read_back(value, column.kind)
            });
            cells.collect()
        };
        rows.unwrap_or_default().iter().map(columns).collect()
    }
}

fn written(cell: Cell) -> Written {
    match cell {
        Cell::Null => Written::Null,
        Cell::Int(number) => Written::Number(number),
        Cell::Text(text) => Written::Text(text),
        Cell::Bytes(bytes) => Written::Bytes {
            hex: hex::encode(bytes),
        },
    }
}

fn read_back(value: &Written, kind: Kind) -> Result<Cell> {
    Ok(match (value, kind) {
        (Written::Null, _) => Cell::Null,
        (Written::Number(number), Kind::Number) => Cell::Int(*number),
        (Written::Text(text), Kind::Text) => Cell::Text(text.clone()),
        (Written::Bytes { hex }, Kind::Bytes) => {
            Cell::Bytes(hex::decode(hex).map_err(|_| damaged("column"))?)
        }
        _ => return Err(damaged("column")),
    })
}
