//! Names that nobody else has.
use std::io;

/// 32 hexadecimal digits of the system's randomness, for files and folders that must not meet another's.
pub(crate) fn unique_name() -> io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(hex::encode(bytes))
}
