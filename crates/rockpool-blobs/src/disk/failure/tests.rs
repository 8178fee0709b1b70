use std::{io, path::Path};

use super::explain;
use crate::StoreError;

/// Codes of Linux, since std makes some kinds only from a code.
#[test]
fn each_failure_means_what_the_operator_can_do_about_it() {
    let check = |code: i32, expected: &str| {
        let error = io::Error::from_raw_os_error(code);
        let failure = explain("putting x".into(), Path::new("/pool"), &error);
        let found = match failure {
            StoreError::Full { doing } => format!("full {doing}"),
            StoreError::Unavailable { why, .. } => format!("unavailable {why}"),
            StoreError::Internal { why, .. } => format!("internal {why}"),
        };
        assert!(found.contains(expected), "{code}: {found}");
    };
    check(28, "full putting x"); // ENOSPC
    check(122, "full putting x"); // EDQUOT
    check(30, "internal Read-only file system"); // EROFS
    check(30, "mount it writable");
    check(
        13,
        "let the user that the pool runs as read and write all of /pool",
    ); // EACCES
    check(1, "let the user that the pool runs as"); // EPERM
    check(20, "a file lies where /pool should have a directory"); // ENOTDIR
    check(18, "must be on one file system"); // EXDEV
    check(24, "raise the limit of open files"); // EMFILE
    check(23, "raise the limit of open files"); // ENFILE
    check(116, "unavailable"); // ESTALE
    check(110, "unavailable"); // ETIMEDOUT
    check(5, "internal Input/output error"); // EIO
}
