//! A way to a server that breaks at a chosen moment.
use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

/// A key that no statement's text contains.
pub(crate) const MARKED_KEY: &str = "marked-key";

/// When to cut a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Before the server hears of [`MARKED_KEY`]: in a transaction that has begun.
    BeforeWrite,
    /// Before the server hears of a commit.
    BeforeCommit,
    /// When the server has carried a commit out, and before its answer is heard.
    AfterCommit,
}

impl Cut {
    const fn sign(self) -> &'static [u8] {
        match self {
            Self::BeforeWrite => MARKED_KEY.as_bytes(),
            Self::BeforeCommit | Self::AfterCommit => b"COMMIT",
        }
    }
}

/// A proxy on loopback.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    plan: Arc<Mutex<Option<Cut>>>,
    cut: Arc<Notify>,
}

impl Proxy {
    /// A proxy before that port.
    pub(crate) async fn start(to: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let proxy = Self {
            port: listener.local_addr().unwrap().port(),
            plan: Arc::default(),
            cut: Arc::default(),
        };
        let (plan, cut) = (proxy.plan.clone(), proxy.cut.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
                tokio::spawn(pass(client, server, plan.clone(), cut.clone()));
            }
        });
        proxy
    }

    /// Cuts the next connection on which that moment comes.
    pub(crate) fn cut_once(&self, cut: Cut) {
        *self.plan.lock().unwrap() = Some(cut);
    }

    /// Waits until it was.
    pub(crate) async fn has_cut(&self) {
        self.cut.notified().await;
    }
}

async fn pass(
    mut client: TcpStream,
    mut server: TcpStream,
    plan: Arc<Mutex<Option<Cut>>>,
    cut: Arc<Notify>,
) {
    let (mut asked, mut answered) = ([0; 65536], [0; 65536]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(length @ 1..) = read else { return };
                let due = take_due(&plan, &asked[..length]);
                if matches!(due, Some(Cut::BeforeWrite | Cut::BeforeCommit)) {
                    return cut.notify_one();
                }
                if server.write_all(&asked[..length]).await.is_err() {
                    return;
                }
                if due == Some(Cut::AfterCommit) {
                    // Its answer tells that it is done, and goes no further.
                    let _ = server.read(&mut answered).await;
                    return cut.notify_one();
                }
            }
            read = server.read(&mut answered) => {
                let Ok(length @ 1..) = read else { return };
                if client.write_all(&answered[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// The cut whose moment these bytes of a client are.
fn take_due(plan: &Mutex<Option<Cut>>, asked: &[u8]) -> Option<Cut> {
    let mut plan = plan.lock().unwrap();
    let sign = (*plan)?.sign();
    let mut places = (0..asked.len()).filter(|place| asked[*place..].starts_with(sign));
    // What begins a transaction speaks of READ COMMITTED.
    let is_due = places.any(|place| asked.get(place + sign.len()) != Some(&b'T'));
    is_due.then(|| plan.take()).flatten()
}
