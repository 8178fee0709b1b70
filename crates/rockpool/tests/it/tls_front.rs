//! nginx before the S3 face, for clients that behave otherwise over TLS.
use std::{
    fs::{self, File},
    net::TcpListener,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
};

use crate::clients::root;

/// What its certificate stands for.
const SUBJECTS: &str = "subjectAltName=IP:127.0.0.1,DNS:s3.pool.example,DNS:*.s3.pool.example";

/// A running nginx. Dropping it ends the process.
pub(crate) struct TlsFront {
    child: Child,
    directory: PathBuf,
    url: String,
}

impl TlsFront {
    /// Starts one before `s3_url`, with its files and a fresh certificate below `directory`. It answers those who
    /// connect from now on.
    pub(crate) fn start(s3_url: &str, directory: &Path) -> Self {
        let directory = directory.join("nginx");
        fs::create_dir(&directory).unwrap();
        make_certificate(&directory);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let template = fs::read_to_string(root().join("tests/clients/nginx/nginx.conf")).unwrap();
        let configuration = template
            .replace("@LISTEN@", &address.to_string())
            .replace("@S3@", s3_url.trim_start_matches("http://"));
        fs::write(directory.join("nginx.conf"), configuration).unwrap();
        let child = Command::new("/usr/sbin/nginx")
            .arg("-p")
            .arg(&directory)
            .args(["-c", "nginx.conf", "-e", "stderr"])
            // It takes over the listener, as from a predecessor, so that nobody else can get the port meanwhile.
            .env("NGINX", "0;")
            .stdin(OwnedFd::from(listener))
            .stdout(Stdio::null())
            .stderr(File::create(directory.join("log")).unwrap())
            .spawn()
            .unwrap_or_else(|error| panic!("nginx: {error}; run tests/install first"));
        Self {
            child,
            directory,
            url: format!("https://{address}"),
        }
    }

    /// Its address.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Its certificate, which clients must be told to trust.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.directory.join("certificate.pem")
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        // Its master ends its worker on SIGTERM, and not on SIGKILL.
        let _ = Command::new("kill")
            .arg(self.child.id().to_string())
            .status();
        let _ = self.child.wait();
        if thread::panicking() {
            let log = fs::read_to_string(self.directory.join("log"));
            eprintln!("nginx's log:\n{}", log.unwrap_or_default());
        }
    }
}

/// A self-signed certificate for 127.0.0.1, and for the domain whose sub-domains are buckets.
fn make_certificate(directory: &Path) {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt"])
        .args(["ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=127.0.0.1"])
        .args(["-addext", SUBJECTS])
        .args(["-keyout", "key.pem", "-out", "certificate.pem"])
        .current_dir(directory)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(made.status.success(), "openssl: {made:?}");
}
