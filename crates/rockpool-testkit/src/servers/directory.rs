//! A server's directory, which goes with the process that made it.
use std::os::unix::process::CommandExt;
use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// Waits for the end of its input, and removes a directory. The server may be dying at that very moment and still be
/// writing, so it tries again for a while.
const SWEEP: &str = r#"cat >/dev/null
for _ in $(seq 100); do rm -rf "$1" && exit; sleep 0.1; done"#;

/// A temporary directory that is removed when this is dropped, and also when our process ends in any other way.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    /// A process that sees by the end of its input that ours is gone.
    sweeper: Child,
}

impl Directory {
    /// A directory with a name that begins with `prefix`, which belongs to `user` (`None` for ours).
    ///
    /// # Panics
    /// When it cannot be made.
    pub(super) fn new(prefix: &str, user: Option<&str>) -> Self {
        let path = tempfile::Builder::new()
            .prefix(prefix)
            .tempdir()
            .expect("a temporary directory can be made")
            .keep();
        let sweeper = Command::new("sh")
            .args(["-c", SWEEP, "sh"])
            .arg(&path)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell starts");
        if let Some(user) = user {
            super::run(Command::new("chown").arg(format!("{user}:")).arg(&path));
        }
        Self { path, sweeper }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// A path in it, as text.
    pub(super) fn join(&self, name: &str) -> String {
        self.path.join(name).display().to_string()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // Waiting closes its input first.
        let _ = self.sweeper.wait();
    }
}
