//! s3s-fs, an S3 server that is not ours and checks signatures.
use std::{
    fs,
    net::TcpStream,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use super::{
    directory::Directory,
    port::free_port,
    process::{PATIENCE, Process, Program},
};

/// A provider with one bucket. It ends with this value, or with our process. Every method blocks.
#[derive(Debug)]
pub struct S3sFs {
    process: Option<Process>,
    port: u16,
    directory: Directory,
}

impl S3sFs {
    /// The bucket.
    pub const BUCKET: &str = "rockpool-test";
    /// The access key's id.
    pub const ACCESS_KEY_ID: &str = "AKIAROCKPOOL";
    /// The access key's secret.
    pub const SECRET: &str = "secret/with+odd";

    /// A server of one's own, ready to answer.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start() -> Self {
        let directory = Directory::new("rockpool-s3s-fs-", None);
        let bucket = directory.path().join("root").join(Self::BUCKET);
        fs::create_dir_all(bucket).expect("a directory can be made");
        let mut server = Self {
            process: None,
            port: 0,
            directory,
        };
        for _ in 0..5 {
            server.port = free_port();
            if server.try_start() {
                return server;
            }
        }
        panic!("s3s-fs does not start");
    }

    /// Its URL.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Where the bucket's objects lie as files.
    pub fn files(&self) -> PathBuf {
        self.directory.path().join("root").join(Self::BUCKET)
    }

    /// Kills it; nobody answers at its port.
    pub fn stop(&mut self) {
        self.process = None;
    }

    /// `false` when somebody else took the port meanwhile.
    fn try_start(&mut self) -> bool {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/s3s-fs");
        assert!(
            program.exists(),
            "{} is missing: run tests/servers/install-s3s-fs",
            program.display()
        );
        let port = self.port.to_string();
        let arguments = [
            "--host",
            "127.0.0.1",
            "--port",
            &port,
            "--access-key",
            Self::ACCESS_KEY_ID,
            "--secret-key",
            Self::SECRET,
            &self.directory.join("root"),
        ];
        let mut process = Process::start(Program {
            path: program,
            arguments: arguments.map(str::to_owned).to_vec(),
            user: None,
            log: self.directory.path().join("log"),
        });
        let since = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            if process.has_ended() || since.elapsed() > PATIENCE {
                return false;
            }
            thread::sleep(Duration::from_millis(20));
        }
        self.process = Some(process);
        true
    }
}
