//! A name server on loopback that answers what a test says: rightly, wrongly, differently each time, or not at all.
use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use hickory_proto::{
    op::{Message, ResponseCode},
    rr::{Name, RData, Record, RecordType, rdata::CNAME},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UdpSocket},
    task::JoinSet,
};

/// What a name server says about a name.
#[derive(Debug, Clone)]
pub enum NameReply {
    /// These addresses, each asked for by its family, to be kept for this many seconds.
    Addresses(Vec<IpAddr>, u32),
    /// The name is an alias of another; nothing is said about the other.
    Alias(String),
    /// The name is an alias of another, which has these addresses. Both are to be forgotten at once.
    AliasOf(String, Vec<IpAddr>),
    /// There is no such name.
    Absent,
    /// The server cannot tell.
    Failure,
    /// Bytes that are no answer.
    Garbage,
    /// There is no answer.
    Silence,
}

impl NameReply {
    /// These addresses, to be forgotten at once.
    pub fn addresses<T: Into<IpAddr>>(addresses: impl IntoIterator<Item = T>) -> Self {
        Self::Addresses(addresses.into_iter().map(Into::into).collect(), 0)
    }
}

type Zone = dyn Fn(&str, usize) -> NameReply + Send + Sync;

/// A name server by UDP and TCP; gone when it is dropped. Answers that do not fit into 512 bytes come by TCP.
pub struct NameServer {
    /// Where it listens, by both.
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    by_tcp: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl NameServer {
    /// Answers as `zone` says: it is given the name that is asked for, without the dot at its end and in lower case, and
    /// how often that name was asked for before by the same family of addresses.
    ///
    /// # Errors
    /// When no port is free for both UDP and TCP.
    pub async fn start(
        zone: impl Fn(&str, usize) -> NameReply + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let (tcp, udp) = listen().await?;
        let address = tcp.local_addr()?;
        let asked = Arc::new(Mutex::new(Vec::new()));
        let by_tcp = Arc::new(AtomicUsize::new(0));
        let answers = Arc::new(Answers {
            zone: Box::new(zone),
            asked: asked.clone(),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(serve_udp(udp, answers.clone()));
        tasks.spawn(serve_tcp(tcp, answers, by_tcp.clone()));
        Ok(Self {
            address,
            asked,
            by_tcp,
            _tasks: tasks,
        })
    }

    /// What was asked so far, as `A name` and `AAAA name`; once more for each repeat.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no test panics here").clone()
    }

    /// How many questions came by TCP.
    pub fn asked_by_tcp(&self) -> usize {
        self.by_tcp.load(Ordering::SeqCst)
    }
}

struct Answers {
    zone: Box<Zone>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Answers {
    /// The bytes of the answer to `question`, if there is to be one.
    fn answer(&self, question: &[u8]) -> Option<Vec<u8>> {
        let question = Message::from_vec(question).ok()?;
        let query = question.queries.first()?.clone();
        let name = query.name().to_ascii().to_ascii_lowercase();
        let name = name.trim_end_matches('.');
        let line = format!("{} {name}", query.query_type());
        let before = {
            let mut asked = self.asked.lock().expect("no test panics here");
            let before = asked.iter().filter(|it| **it == line).count();
            asked.push(line);
            before
        };
        let mut message = Message::response(question.metadata.id, question.metadata.op_code);
        message.metadata.recursion_desired = true;
        message.metadata.recursion_available = true;
        message.add_query(query.clone());
        let owner = query.name().clone();
        match (self.zone)(name, before) {
            NameReply::Silence => return None,
            NameReply::Garbage => return Some(vec![0xff; 40]),
            NameReply::Absent => message.metadata.response_code = ResponseCode::NXDomain,
            NameReply::Failure => message.metadata.response_code = ResponseCode::ServFail,
            NameReply::Addresses(addresses, ttl) => {
                add_addresses(&mut message, &owner, &addresses, ttl, query.query_type());
            }
            NameReply::Alias(other) => add_alias(&mut message, owner, &other),
            NameReply::AliasOf(other, addresses) => {
                add_alias(&mut message, owner, &other);
                add_addresses(
                    &mut message,
                    &fqdn(&other),
                    &addresses,
                    0,
                    query.query_type(),
                );
            }
        }
        message.to_vec().ok()
    }
}

fn add_alias(message: &mut Message, owner: Name, other: &str) {
    let alias = RData::CNAME(CNAME(fqdn(other)));
    message.add_answer(Record::from_rdata(owner, 0, alias));
}

fn add_addresses(
    message: &mut Message,
    owner: &Name,
    addresses: &[IpAddr],
    ttl: u32,
    kind: RecordType,
) {
    for address in addresses {
        let data = RData::from(*address);
        if data.record_type() == kind {
            message.add_answer(Record::from_rdata(owner.clone(), ttl, data));
        }
    }
}

fn fqdn(name: &str) -> Name {
    Name::from_ascii(format!("{name}.")).expect("tests write names that can be")
}

/// A port of loopback that is free for both.
async fn listen() -> io::Result<(TcpListener, UdpSocket)> {
    let mut last = io::Error::other("never tried");
    for _ in 0..20 {
        let tcp = TcpListener::bind("127.0.0.1:0").await?;
        match UdpSocket::bind(tcp.local_addr()?).await {
            Ok(udp) => return Ok((tcp, udp)),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn serve_udp(socket: UdpSocket, answers: Arc<Answers>) {
    let mut buffer = [0; 1500];
    while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
        let Some(mut answer) = answers.answer(&buffer[..length]) else {
            continue;
        };
        if answer.len() > 512 {
            // Truncated, without records: the other side has to come by TCP.
            let Ok(whole) = Message::from_vec(&answer) else {
                continue;
            };
            answer = whole.truncate().to_vec().unwrap_or_default();
        }
        // Who asked may be gone.
        let _ = socket.send_to(&answer, from).await;
    }
}

async fn serve_tcp(listener: TcpListener, answers: Arc<Answers>, count: Arc<AtomicUsize>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(serve_connection(stream, answers.clone(), count.clone()));
    }
}

async fn serve_connection(mut stream: TcpStream, answers: Arc<Answers>, count: Arc<AtomicUsize>) {
    while let Ok(length) = stream.read_u16().await {
        let mut question = vec![0; usize::from(length)];
        if stream.read_exact(&mut question).await.is_err() {
            return;
        }
        count.fetch_add(1, Ordering::SeqCst);
        let Some(answer) = answers.answer(&question) else {
            continue;
        };
        let Ok(length) = u16::try_from(answer.len()) else {
            return;
        };
        let framed = [&length.to_be_bytes()[..], &answer].concat();
        if stream.write_all(&framed).await.is_err() {
            return;
        }
    }
}
