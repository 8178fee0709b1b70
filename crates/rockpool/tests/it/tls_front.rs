//! nginx before the S3 face, for clients that behave otherwise over TLS.
use std::{
    fs::{self, File},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::clients::root;

/// What its certificate stands for.
const SUBJECTS: &str = "subjectAltName=IP:127.0.0.1,DNS:s3.pool.example,DNS:*.s3.pool.example";

/// A running nginx. Dropping it kills the process.
pub(crate) struct TlsFront {
    child: Child,
    url: String,
    certificate: PathBuf,
}

impl TlsFront {
    /// Starts one before `s3_url`, with its files and a fresh certificate below `directory`.
    pub(crate) fn start(s3_url: &str, directory: &Path) -> Self {
        let directory = directory.join("nginx");
        fs::create_dir(&directory).unwrap();
        make_certificate(&directory);
        // Free a moment ago; nginx cannot take a listener over or tell the port that it was given.
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let template = fs::read_to_string(root().join("tests/clients/nginx/nginx.conf")).unwrap();
        let configuration = template
            .replace("@LISTEN@", &format!("127.0.0.1:{port}"))
            .replace("@S3@", s3_url.trim_start_matches("http://"));
        fs::write(directory.join("nginx.conf"), configuration).unwrap();
        let log = File::create(directory.join("log")).unwrap();
        let child = Command::new("/usr/sbin/nginx")
            .arg("-p")
            .arg(&directory)
            .args(["-c", "nginx.conf", "-e", "stderr"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("nginx: {error}; run tests/install first"));
        let mut front = Self {
            child,
            url: format!("https://127.0.0.1:{port}"),
            certificate: directory.join("certificate.pem"),
        };
        front.wait_for(port, &directory);
        front
    }

    /// Its address.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Its certificate, which clients must be told to trust.
    pub(crate) fn certificate(&self) -> &Path {
        &self.certificate
    }

    fn wait_for(&mut self, port: u16, directory: &Path) {
        let since = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = self.child.try_wait().unwrap().is_some();
            assert!(
                !ended && since.elapsed() < Duration::from_secs(10),
                "nginx does not listen: {}",
                fs::read_to_string(directory.join("log")).unwrap()
            );
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        // Its master ends its worker on SIGTERM, and not on SIGKILL.
        let _ = Command::new("kill")
            .arg(self.child.id().to_string())
            .status();
        let _ = self.child.wait();
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
