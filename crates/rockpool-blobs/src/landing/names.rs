//! What files in `waiting/` are called: `<media type>/<key>`, both in letters that a key may have, so that all that is
//! known of an item is in one name, and durable with it.
use crate::StoreKey;

/// The most bytes of a file's name that file systems hold.
const MOST_NAME: usize = 255;

/// The key of an item in `waiting/`. `None`: it has none, and cannot wait.
pub(super) fn waiting_key(media_type: &str, key: &StoreKey) -> Option<StoreKey> {
    let (folder, name) = (folder_of(media_type), flat(key));
    let fits = [&folder, &name]
        .iter()
        .all(|part| (1..=MOST_NAME).contains(&part.len()));
    StoreKey::new(format!("{folder}/{name}"))
        .ok()
        .filter(|_| fits)
}

/// The folder of a media type: other bytes than `a-z`, `0-9`, `-` and `.` are `_` and two hexadecimal digits.
pub(super) fn folder_of(media_type: &str) -> String {
    let mut folder = String::new();
    for byte in media_type.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' => folder.push(char::from(byte)),
            _ => folder.push_str(&format!("_{byte:02x}")),
        }
    }
    folder
}

/// Reads the form of [`folder_of`]. `None`: it is not of that form.
pub(super) fn media_type_of(folder: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = folder.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        if *first == b'_' {
            let digits = rest.get(..2)?;
            bytes.extend(hex::decode(digits).ok()?);
            rest = &rest[2..];
        } else {
            bytes.push(*first);
        }
    }
    let text = String::from_utf8(bytes).ok()?;
    (folder_of(&text) == folder).then_some(text)
}

/// A key without slashes: `/` is `_s`, and `_` is `_u`.
fn flat(key: &StoreKey) -> String {
    key.as_str().replace('_', "_u").replace('/', "_s")
}

/// Reads the form of [`flat`]. `None`: it is not of that form.
pub(super) fn unflat(name: &str) -> Option<StoreKey> {
    let key = StoreKey::new(name.replace("_s", "/").replace("_u", "_")).ok()?;
    (flat(&key) == name).then_some(key)
}

#[cfg(test)]
mod tests;
