//! Real servers, of databases and one of S3, each a process of its own on loopback, which end with the process that started them and leave
//! nothing behind.
mod database;
mod directory;
mod galera;
mod mariadb;
mod port;
mod postgresql;
mod process;
mod s3s_fs;
mod service;

use std::{
    os::unix::fs::MetadataExt,
    process::{Command, Stdio},
};

pub use database::Database;
pub use galera::Galera;
pub use mariadb::MariaDb;
pub use postgresql::PostgreSql;
pub use s3s_fs::S3sFs;

/// Runs a command that must succeed; what it prints, without white space at the end.
fn run(command: &mut Command) -> String {
    let output = command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|e| panic!("{command:?} cannot be run: {e}; see tests/install"));
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8_lossy(&output.stdout)
        .trim_end()
        .to_owned()
}

/// The user to run a server as: this one when we are root, else ourselves.
fn unprivileged(user: &'static str) -> Option<&'static str> {
    let we_are_root = std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    we_are_root.then_some(user)
}
