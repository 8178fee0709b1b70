//! Rows as drivers hand them over, taken apart column by column with types.
use std::vec::IntoIter;

use rockpool_types::{
    AccessKeyId, Acl, BlobHash, BucketName, DeliveryMode, HostName, MemberName, ObjectKey,
    Timestamp,
};

use crate::{BlobId, BucketId, MemberId, StoreId, UploadId, database::Result, dialect::Fault};

/// A column's value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    /// NULL.
    Null,
    /// A whole number.
    Int(i64),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Text.
    Text(String),
}

/// A row. Columns are taken in the order of the `SELECT`.
#[derive(Debug)]
pub(crate) struct Row {
    cells: IntoIter<Cell>,
}

impl Row {
    /// Wraps the columns of a row.
    pub(crate) fn new(cells: Vec<Cell>) -> Self {
        Self {
            cells: cells.into_iter(),
        }
    }

    /// The next column. An error, never a panic, when it holds something else: then the database is damaged
    /// or the statement wrong.
    pub(crate) fn take<T: FromCell>(&mut self) -> Result<T> {
        let cell = self
            .cells
            .next()
            .ok_or_else(|| Fault::Internal("a row has too few columns".to_owned()))?;
        T::from_cell(cell)
    }

    /// The next column as it is, but for text that a driver hands over as bytes.
    pub(crate) fn take_plain(&mut self, is_text: bool) -> Result<Cell> {
        let cell = self.cells.next();
        match cell.ok_or_else(|| Fault::Internal("a row has too few columns".to_owned()))? {
            bytes @ Cell::Bytes(_) if is_text => String::from_cell(bytes).map(Cell::Text),
            cell => Ok(cell),
        }
    }

    /// The next two columns: a digest's head and tail.
    pub(crate) fn take_hash(&mut self) -> Result<BlobHash> {
        let mut digest: Vec<u8> = self.take()?;
        digest.extend(self.take::<Vec<u8>>()?);
        BlobHash::from_slice(&digest).map_err(|e| Fault::Internal(e.to_string()))
    }
}

/// A type that a column can be read as.
pub(crate) trait FromCell: Sized {
    /// Reads the column.
    fn from_cell(cell: Cell) -> Result<Self>;
}

fn unexpected<T>(wanted: &str, cell: &Cell) -> Result<T> {
    let found = match cell {
        Cell::Null => "NULL".to_owned(),
        Cell::Int(number) => format!("the number {number}"),
        Cell::Bytes(bytes) => format!("{} bytes", bytes.len()),
        Cell::Text(text) => format!("a text of {} bytes", text.len()),
    };
    Err(Fault::Internal(format!(
        "a column holds {found} instead of {wanted}"
    )))
}

impl FromCell for i64 {
    fn from_cell(cell: Cell) -> Result<Self> {
        match cell {
            Cell::Int(number) => Ok(number),
            other => unexpected("a number", &other),
        }
    }
}

impl FromCell for Vec<u8> {
    fn from_cell(cell: Cell) -> Result<Self> {
        match cell {
            Cell::Bytes(bytes) => Ok(bytes),
            other => unexpected("bytes", &other),
        }
    }
}

impl FromCell for String {
    fn from_cell(cell: Cell) -> Result<Self> {
        match cell {
            Cell::Text(text) => Ok(text),
            // MariaDB does not tell binary text from bytes.
            Cell::Bytes(bytes) => String::from_utf8(bytes)
                .map_err(|_| Fault::Internal("a column holds no UTF-8".to_owned())),
            other => unexpected("text", &other),
        }
    }
}

impl<T: FromCell> FromCell for Option<T> {
    fn from_cell(cell: Cell) -> Result<Self> {
        match cell {
            Cell::Null => Ok(None),
            other => T::from_cell(other).map(Some),
        }
    }
}

/// Reads a type that a plainer one converts to, or fails to.
macro_rules! from_cell_via {
    ($($type:ty, $plain:ty, $convert:expr;)*) => {$(
        impl FromCell for $type {
            fn from_cell(cell: Cell) -> Result<Self> {
                let convert: fn($plain) -> Option<Self> = $convert;
                convert(<$plain>::from_cell(cell)?).ok_or_else(|| {
                    Fault::Internal(concat!("a column holds no ", stringify!($type)).to_owned())
                })
            }
        }
    )*};
}

from_cell_via! {
    u64, i64, |n| n.try_into().ok();
    u32, i64, |n| n.try_into().ok();
    bool, i64, |n| Some(n != 0);
    Timestamp, i64, |n| Some(Self::from_millis(n));
    MemberId, i64, |n| Some(Self(n));
    BucketId, i64, |n| Some(Self(n));
    BlobId, i64, |n| Some(Self(n));
    StoreId, i64, |n| Some(Self(n));
    Acl, i64, Self::from_code;
    DeliveryMode, i64, Self::from_code;
    [u8; 16], Vec<u8>, |bytes| bytes.try_into().ok();
    BlobHash, Vec<u8>, |bytes| Self::from_slice(&bytes).ok();
    ObjectKey, Vec<u8>, |bytes| Self::from_bytes(bytes).ok();
    UploadId, String, |text| Self::new(&text);
    MemberName, String, |text| Self::new(text).ok();
    BucketName, String, |text| Self::new(text).ok();
    HostName, String, |text| Self::new(text).ok();
    AccessKeyId, String, |text| Self::new(text).ok();
}
