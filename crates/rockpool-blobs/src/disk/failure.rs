//! What a failure of the file system means to callers and to the operator.
use std::{io, path::Path};

use crate::StoreError;

#[cfg(test)]
mod tests;

/// `ENFILE` and `EMFILE`: too many open files, in the system and in the process; std has no kind for them.
const TOO_MANY_OPEN_FILES: [i32; 2] = [23, 24];

/// Turns an error into the contract's, and tells the operator what to do where that is known.
pub(crate) fn explain(doing: String, root: &Path, error: &io::Error) -> StoreError {
    let root = root.display();
    let internal = |advice: String| StoreError::Internal {
        doing: doing.clone(),
        why: format!("{error}: {advice}"),
    };
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full { doing },
        io::ErrorKind::ReadOnlyFilesystem => internal(format!(
            "{root} is on a read-only file system; mount it writable, or start the pool read-only"
        )),
        io::ErrorKind::PermissionDenied => internal(format!(
            "let the user that the pool runs as read and write all of {root}"
        )),
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => internal(format!(
            "a file lies where {root} should have a directory; move it away"
        )),
        io::ErrorKind::CrossesDevices => internal(format!(
            "all of {root} must be on one file system; mount the whole of it, not a part"
        )),
        io::ErrorKind::TimedOut
        | io::ErrorKind::StaleNetworkFileHandle
        | io::ErrorKind::ResourceBusy
        | io::ErrorKind::OutOfMemory => StoreError::Unavailable {
            doing,
            why: error.to_string(),
        },
        _ if error
            .raw_os_error()
            .is_some_and(|code| TOO_MANY_OPEN_FILES.contains(&code)) =>
        {
            StoreError::Unavailable {
                doing,
                why: format!("{error}: raise the limit of open files"),
            }
        }
        _ => StoreError::Internal {
            doing,
            why: error.to_string(),
        },
    }
}
