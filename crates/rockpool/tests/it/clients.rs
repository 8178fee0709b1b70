//! The real clients, each doing what its Fediverse servers do: see tests/clients, and tests/install for the clients.
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{
    harness::{Keys, Server},
    tls_front::TlsFront,
};

/// How long all tests of a client may take together, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(600);

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .unwrap()
        .to_owned()
}

/// What tests/install has put at `path` below target/tools.
pub(crate) fn tool(path: &str) -> PathBuf {
    let tool = root().join("target/tools").join(path);
    assert!(
        tool.exists(),
        "{} is missing: run tests/install first",
        tool.display()
    );
    tool
}

/// A script of tests/clients.
fn script(path: &str) -> PathBuf {
    root().join("tests/clients").join(path)
}

/// A node with two fresh members, for one client.
struct World {
    server: Server,
    member: Keys,
    other: Keys,
}

impl World {
    fn new() -> Self {
        let server = Server::configured("[public]\ns3_domains = [\"s3.pool.example\"]\n", &[]);
        let member = server.add_member("member");
        let other = server.add_member("other");
        Self {
            server,
            member,
            other,
        }
    }

    /// Runs a client at `endpoint`, in an empty directory and with nothing of our own environment but what is named
    /// here. Fails with all that it printed unless it ends well, and when the node saw an error of its own.
    fn run_at(&self, endpoint: &str, ca: Option<&Path>, command: &mut Command) {
        let home = self.server.scratch().join("home");
        fs::create_dir_all(&home).unwrap();
        command
            .current_dir(&home)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("LANG", "C.UTF-8")
            .env("HOME", &home)
            .env("TMPDIR", &home)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("RP_JS_ROOT", root().join("target/tools/js"))
            .env("RP_ENDPOINT", endpoint)
            .env("RP_REDIRECTOR", self.server.redirector_url())
            .env("RP_BUCKET", &self.member.name)
            .env("RP_ACCESS_KEY", &self.member.access_key_id)
            .env("RP_SECRET", &self.member.secret_access_key)
            .env("RP_OTHER_BUCKET", &self.other.name)
            .env("RP_OTHER_ACCESS_KEY", &self.other.access_key_id)
            .env("RP_OTHER_SECRET", &self.other.secret_access_key)
            // The AWS SDK for Rust reads nothing else.
            .env("AWS_ENDPOINT_URL", endpoint)
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", &self.member.access_key_id)
            .env("AWS_SECRET_ACCESS_KEY", &self.member.secret_access_key);
        if let Some(ca) = ca {
            command
                .env("AWS_CA_BUNDLE", ca)
                .env("SSL_CERT_FILE", ca)
                .env("NODE_EXTRA_CA_CERTS", ca);
        }
        let printed = run_to_end(command, &self.server.scratch().join("client"));
        assert!(
            !self.server.log().contains(" ERROR "),
            "the node logged an error while this client ran:\n{printed}"
        );
    }

    /// Runs a client against the S3 face itself.
    fn run(&self, command: &mut Command) {
        self.run_at(&self.server.s3_url(), None, command);
    }

    /// Runs a client against the S3 face behind nginx, over TLS.
    fn run_over_tls(&self, command: &mut Command) {
        let front = TlsFront::start(&self.server.s3_url(), self.server.scratch());
        self.run_at(front.url(), Some(&front.certificate()), command);
    }
}

/// Runs a command to its end, with its output in a file, and gives what it printed.
fn run_to_end(command: &mut Command, output: &Path) -> String {
    let out = File::create(output).unwrap();
    let mut child = command
        .stdin(Stdio::null())
        .stderr(out.try_clone().unwrap())
        .stdout(out)
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}; run tests/install first"));
    let since = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if since.elapsed() > PATIENCE {
            child.kill().unwrap();
            break child.wait().unwrap();
        }
        thread::sleep(Duration::from_millis(20));
    };
    let printed = String::from_utf8_lossy(&fs::read(output).unwrap()).into_owned();
    assert!(status.success(), "{command:?}: {status}\n{printed}");
    printed
}

/// A Python of target/tools with a script of tests/clients.
fn python(venv: &str, path: &str) -> Command {
    let mut command = Command::new(tool(&format!("venv/{venv}/bin/python")));
    command.arg(script(path));
    command
}

fn javascript() -> Command {
    let mut command = Command::new(tool("node/bin/node"));
    command.arg(script("js/run.mjs"));
    command
}

#[test]
fn boto3_is_served() {
    World::new().run(&mut python("boto3", "boto3/run.py"));
}

#[test]
fn boto3_is_served_over_tls() {
    World::new().run_over_tls(&mut python("boto3", "boto3/run.py"));
}

#[test]
fn boto3_from_before_1_36_is_served() {
    World::new().run(&mut python("boto3-old", "boto3/run.py"));
}

#[test]
fn boto3_from_before_1_36_is_served_over_tls() {
    World::new().run_over_tls(&mut python("boto3-old", "boto3/run.py"));
}

#[test]
fn the_aws_cli_is_served() {
    tool("venv/awscli/bin/aws");
    World::new().run(&mut Command::new(script("aws-cli/run.sh")));
}

#[test]
fn the_javascript_sdk_of_misskey_and_peertube_is_served() {
    World::new().run(&mut javascript());
}

#[test]
fn the_javascript_sdk_of_misskey_and_peertube_is_served_over_tls() {
    World::new().run_over_tls(&mut javascript());
}

#[test]
fn the_ruby_sdk_of_mastodon_is_served() {
    World::new().run(Command::new("ruby").arg(script("ruby/mastodon.rb")));
}

#[test]
fn rclone_is_served() {
    World::new().run(&mut Command::new(script("rclone/run.sh")));
}

#[test]
fn s3cmd_is_served() {
    World::new().run(&mut Command::new(script("s3cmd/run.sh")));
}

#[test]
fn minio_py_and_its_functional_tests_are_served() {
    World::new().run(&mut python("minio", "minio/run.py"));
}

#[test]
fn the_requests_of_clients_that_debian_lacks_are_served() {
    World::new().run(Command::new("python3").arg(script("wire/run.py")));
}

#[test]
fn s3s_e2e_passes() {
    // All but AssumeRole, which is of another service than S3.
    let suites = "^(Basic|Advanced/(Multipart|Tagging|ListPagination|PresignedUrl))";
    World::new().run(Command::new(tool("bin/s3s-e2e")).args(["--filter", suites]));
}
