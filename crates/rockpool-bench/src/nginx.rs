//! nginx as the reference for reads and redirects.
use std::{
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;
use url::Url;

use crate::process::Process;

/// An nginx with one worker that serves a directory, and answers `/redirect/` with 301.
#[derive(Debug)]
pub(crate) struct Nginx {
    child: Child,
    pub(crate) url: Url,
    _directory: TempDir,
}

impl Nginx {
    /// Starts it over `root`.
    pub(crate) async fn start(root: &Path) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let text = format!(
            "worker_processes 2; daemon off; user root; pid {dir}/pid; error_log {dir}/error.log;\n\
             events {{ worker_connections 1024; }}\n\
             http {{ access_log off; sendfile on; tcp_nodelay on; keepalive_requests 1000000;\n\
               client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy; fastcgi_temp_path {dir}/fastcgi;\n\
               uwsgi_temp_path {dir}/uwsgi; scgi_temp_path {dir}/scgi;\n\
               server {{ listen 127.0.0.1:{port}; root {root};\n\
                 location /redirect/ {{ return 301 http://127.0.0.1/blobs/a/bcd/abcd; }} }} }}\n",
            dir = directory.path().display(),
            root = root.display(),
        );
        let config = directory.path().join("nginx.conf");
        write(&config, &text)?;
        let child = Command::new("nginx")
            .arg("-c")
            .arg(&config)
            .arg("-p")
            .arg(directory.path())
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("starting nginx; is Debian's package nginx-light installed?")?;
        let url = Url::parse(&format!("http://127.0.0.1:{port}/"))?;
        let nginx = Self {
            child,
            url,
            _directory: directory,
        };
        for _ in 0..100 {
            if tokio::net::TcpStream::connect(("127.0.0.1", port))
                .await
                .is_ok()
            {
                return Ok(nginx);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("nginx did not start listening within five seconds")
    }

    /// Its processes.
    pub(crate) fn process(&self) -> Process {
        Process::with_children(self.child.id())
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // SIGTERM lets the master end its workers; a plain kill would leave them.
        let _ = Command::new("kill")
            .arg(self.child.id().to_string())
            .status();
        let _ = self.child.wait();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "nginx reads its configuration from a file"
)]
fn write(path: &Path, text: &str) -> Result<()> {
    Ok(std::fs::write(path, text)?)
}
