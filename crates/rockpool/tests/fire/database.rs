//! A database server that misbehaves: it is killed and started again, it stands still, and the way to it is slow and breaks
//! at any point, also between a commit and its answer.
use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::{Context, Result};
use rockpool_testkit::{Dice, MariaDb, PostgreSql};

enum Server {
    MariaDb(MariaDb),
    PostgreSql(PostgreSql),
}

/// A server of its own, with a proxy before it that serves until the process ends.
pub(crate) struct Database {
    server: Server,
    name: String,
    /// The address of the catalog, by way of the proxy.
    url: String,
    way: Arc<Way>,
}

/// The way to the server.
struct Way {
    behind: SocketAddr,
    dice: Mutex<Dice>,
    /// Whether it misbehaves.
    bad: AtomicBool,
    severed: AtomicU64,
}

impl Database {
    /// Starts MariaDB or PostgreSQL, as chance has it.
    pub(crate) fn start(mut dice: Dice) -> Result<Self> {
        let (server, database, port) = if dice.roll(2) == 0 {
            let server = MariaDb::start();
            let (database, port) = (server.fresh_database(), server.port());
            (Server::MariaDb(server), database, port)
        } else {
            let server = PostgreSql::start();
            let (database, port) = (server.fresh_database(), server.port());
            (Server::PostgreSql(server), database, port)
        };
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let proxied = listener.local_addr()?.port();
        let way = Arc::new(Way {
            behind: SocketAddr::from(([127, 0, 0, 1], port)),
            dice: Mutex::new(dice),
            bad: AtomicBool::new(false),
            severed: AtomicU64::new(0),
        });
        let serving = way.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // That it breaks is what this is about.
                let _ = serving.connect(client);
            }
        });
        Ok(Self {
            server,
            name: database.name,
            url: database
                .url
                .replace(&format!(":{port}/"), &format!(":{proxied}/")),
            way,
        })
    }

    /// What a configuration says of it.
    pub(crate) fn section(&self) -> String {
        format!("[catalog]\nurl = \"{}\"\nmax_connections = 6\n", self.url)
    }

    pub(crate) fn misbehave(&self, bad: bool) {
        self.way.bad.store(bad, Ordering::Relaxed);
    }

    /// Is away for a while: killed, or without a word.
    pub(crate) fn be_away(&self, dice: &mut Dice) {
        let is_killed = dice.roll(2) == 0;
        let time = Duration::from_millis(dice.between(0, if is_killed { 800 } else { 6000 }));
        match (&self.server, is_killed) {
            (Server::MariaDb(server), true) => server.kill(),
            (Server::PostgreSql(server), true) => server.kill(),
            (Server::MariaDb(server), false) => server.pause(),
            (Server::PostgreSql(server), false) => server.pause(),
        }
        thread::sleep(time);
        match (&self.server, is_killed) {
            (Server::MariaDb(server), true) => server.start_again(),
            (Server::PostgreSql(server), true) => server.start_again(),
            (Server::MariaDb(server), false) => server.resume(),
            (Server::PostgreSql(server), false) => server.resume(),
        }
    }

    /// The number that a query answers.
    pub(crate) fn count(&self, query: &str) -> Result<i64> {
        let answer = match &self.server {
            Server::MariaDb(server) => server.sql(&self.name, query),
            Server::PostgreSql(server) => server.sql(&self.name, query),
        };
        answer.trim().parse().context("no number")
    }

    /// How many connections were cut.
    pub(crate) fn severed(&self) -> u64 {
        self.way.severed.load(Ordering::Relaxed)
    }
}

/// What is done to bytes on their way.
enum Fault {
    None,
    Wait(Duration),
    Cut,
}

impl Way {
    fn connect(self: &Arc<Self>, client: TcpStream) -> std::io::Result<()> {
        let server = TcpStream::connect(self.behind)?;
        for end in [&client, &server] {
            end.set_nodelay(true)?;
        }
        let back = (server.try_clone()?, client.try_clone()?);
        for (from, to) in [(client, server), back] {
            let way = self.clone();
            thread::spawn(move || way.pass(from, to));
        }
        Ok(())
    }

    /// Passes bytes on in one direction; when that ends, both do.
    fn pass(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut bytes = [0; 16 << 10];
        while let Ok(length @ 1..) = from.read(&mut bytes) {
            match self.choose() {
                Fault::None => {}
                Fault::Wait(time) => thread::sleep(time),
                Fault::Cut => {
                    self.severed.fetch_add(1, Ordering::Relaxed);
                    break;
                }
            }
            if to.write_all(&bytes[..length]).is_err() {
                break;
            }
        }
        for end in [from, to] {
            // The other direction may have ended it.
            let _ = end.shutdown(Shutdown::Both);
        }
    }

    fn choose(&self) -> Fault {
        if !self.bad.load(Ordering::Relaxed) {
            return Fault::None;
        }
        let mut dice = self.dice.lock().unwrap_or_else(PoisonError::into_inner);
        match dice.roll(1000) {
            0..4 => Fault::Cut,
            4..20 => Fault::Wait(Duration::from_millis(dice.between(1, 300))),
            _ => Fault::None,
        }
    }
}
