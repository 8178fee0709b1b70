//! A server's process, which ends with the process that started it.
use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// How long a server may take to start or to end, on a busy machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// What to run.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) path: PathBuf,
    pub(super) arguments: Vec<String>,
    /// The user to run it as; `None` for ours.
    pub(super) user: Option<&'static str>,
    /// What it prints is appended to this file.
    pub(super) log: PathBuf,
}

/// A running server. The kernel kills it with SIGKILL when the process that started it ends, however it ends, and
/// when this value is dropped.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    /// Ends the thread that started the server. The kernel's promise speaks of that thread and not of the process, so the
    /// thread of a test, which ends with the test, is not fit for starting a server that others share.
    _keeper: mpsc::Sender<()>,
}

impl Process {
    /// Starts a program.
    ///
    /// # Panics
    /// When it cannot be started.
    pub(super) fn start(program: Program) -> Self {
        let (keeper, kept) = mpsc::channel::<()>();
        let (started, starting) = mpsc::channel();
        thread::Builder::new()
            .name("server's keeper".to_owned())
            .spawn(move || {
                let _ = started.send(spawn(&program));
                let _ = kept.recv();
            })
            .expect("a thread starts");
        let child = starting.recv().expect("the keeper answers");
        Self {
            child: child.expect("the server starts"),
            _keeper: keeper,
        }
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended by itself.
    pub(super) fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)) | Err(_))
    }

    /// Asks it to end, and waits until it has.
    ///
    /// # Panics
    /// When it does not.
    pub(super) fn end(mut self, signal: &str) {
        send(signal, &[self.pid()]);
        let deadline = Instant::now() + PATIENCE;
        while !self.has_ended() {
            assert!(Instant::now() < deadline, "the server does not end");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Kills it and its children, as a machine that loses power would.
    pub(super) fn kill(mut self) {
        // The parent stands still meanwhile, so that it neither starts children nor mourns any.
        send("STOP", &[self.pid()]);
        let children = self.children();
        send("KILL", &[vec![self.pid()], children].concat());
        let _ = self.child.wait();
    }

    /// Sends a signal to it and its children.
    pub(super) fn signal_all(&self, signal: &str) {
        send(signal, &[self.pid()]);
        send(signal, &self.children());
    }

    fn children(&self) -> Vec<u32> {
        let pid = self.pid();
        std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))
            .unwrap_or_default()
            .split_whitespace()
            .filter_map(|child| child.parse().ok())
            .collect()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(program: &Program) -> io::Result<Child> {
    let log = File::options()
        .create(true)
        .append(true)
        .open(&program.log)?;
    as_user(program.user)
        .arg("--pdeathsig=KILL")
        .arg(&program.path)
        .args(&program.arguments)
        .current_dir(program.log.parent().unwrap_or(Path::new("/")))
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
}

/// The beginning of a command that runs another, as this user (`None` for ours).
pub(super) fn as_user(user: Option<&str>) -> Command {
    let mut command = Command::new("setpriv");
    if let Some(user) = user {
        command.args([&format!("--reuid={user}"), &format!("--regid={user}")]);
        command.arg("--init-groups");
    }
    command
}

fn send(signal: &str, pids: &[u32]) {
    if pids.is_empty() {
        return;
    }
    // One of them may have ended by now.
    let _ = Command::new("kill")
        .arg(format!("-{signal}"))
        .args(pids.iter().map(ToString::to_string))
        .stderr(Stdio::null())
        .status();
}
