//! Long `IN` lists and many rows, cut into pieces that every database takes.
use crate::database::Value;

/// Values in one list at most; well below the lowest limit of any database.
const MAX_VALUES: usize = 256;

/// The values in chunks of few different lengths, so that few texts are ever prepared: short ones are filled up by
/// repeating their last value, which changes no answer.
pub(crate) fn chunks<'a>(values: &[Value<'a>]) -> impl Iterator<Item = Vec<Value<'a>>> {
    values.chunks(MAX_VALUES).map(|chunk| {
        let mut chunk = chunk.to_vec();
        if let Some(last) = chunk.last().copied() {
            chunk.resize(chunk.len().next_power_of_two(), last);
        }
        chunk
    })
}

/// So many placeholders.
pub(crate) fn placeholders(count: usize) -> String {
    vec!["?"; count].join(", ")
}

/// Rows in one statement at most; a power of two.
const MAX_ROWS: usize = 256;

/// Rows for one statement: pieces of few different lengths, so that few texts are ever prepared.
pub(crate) fn pieces<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let length = 1 << rows.len().min(MAX_ROWS).checked_ilog2()?;
        let (piece, rest) = rows.split_at(length);
        rows = rest;
        Some(piece)
    })
}
