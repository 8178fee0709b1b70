//! A cache server of somebody else's, started for one test.
use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use http::Method;
use tempfile::TempDir;
use tokio::net::UnixStream;

use crate::{origin::ask, world::Reply};

/// A process that listens on a Unix socket in a directory of its own. It is killed when it is dropped.
pub(super) struct Server {
    process: Child,
    directory: TempDir,
}

impl Server {
    /// Starts `program` in a new directory, where `configuration` lies as `name`, and waits until it takes connections on
    /// `edge.sock` there. `packages` are what to install where the program is missing.
    pub(super) async fn start(
        program: &str,
        packages: &str,
        (name, configuration): (&str, &str),
        arguments: impl Fn(&Path) -> Vec<String>,
    ) -> Self {
        let directory = tempfile::tempdir().unwrap();
        tokio::fs::write(directory.path().join(name), configuration)
            .await
            .unwrap();
        let mut server = Self {
            process: spawn(program, packages, directory.path(), &arguments),
            directory,
        };
        for _ in 0..1000 {
            if UnixStream::connect(server.socket()).await.is_ok() {
                return server;
            }
            if let Some(status) = server.process.try_wait().unwrap() {
                let words = tokio::fs::read_to_string(server.directory.path().join("output")).await;
                panic!(
                    "{program} ended ({status}); is {packages} installed whole? It said: {words:?}"
                );
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{program} did not take connections within 20 seconds");
    }

    fn socket(&self) -> PathBuf {
        self.directory.path().join("edge.sock")
    }

    pub(super) async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Reply {
        ask(&self.socket(), method, path, headers).await
    }

    pub(super) async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        self.ask(Method::GET, path, headers).await
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test writes its own log, in its own directory"
)]
fn spawn(
    program: &str,
    packages: &str,
    directory: &Path,
    arguments: &dyn Fn(&Path) -> Vec<String>,
) -> Child {
    let output = File::create(directory.join("output")).unwrap();
    // Debian's servers lie in /usr/sbin, which is not on everybody's path.
    let found = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"]
        .map(|folder| Path::new(folder).join(program))
        .into_iter()
        .find(|path| path.is_file());
    let Some(path) = found else {
        panic!("{program} is not installed: apt-get install {packages}");
    };
    Command::new(path)
        .args(arguments(directory))
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(output.try_clone().unwrap())
        .stderr(output)
        .spawn()
        .unwrap()
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
