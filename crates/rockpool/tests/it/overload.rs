//! More than a node can serve: others are served all the same, memory stays bounded, and who is refused is told so.
use std::{
    fs,
    io::Write,
    net::TcpStream,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use rockpool_testkit::Reply;
use rustix::process::{Resource, getrlimit, setrlimit};
use url::Url;

use crate::{
    harness::Server,
    http::{Client, connect, head, send},
};

/// The most memory that a node may ever have had, in bytes: some 100 MB of it are what a node of the test profile begins with.
const MOST_MEMORY: u64 = 400 << 20;
/// How long a flood lasts.
const FLOOD: Duration = Duration::from_secs(4);

/// The most memory that the node ever had, in bytes.
fn peak_memory(server: &Server) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|rest| rest.trim().strip_suffix(" kB"));
    kib.unwrap().trim().parse::<u64>().unwrap() << 10
}

/// Uploads and reads a few objects of somebody who has nothing to do with the trouble.
fn is_served(bystander: &Client, round: usize) {
    let (key, body) = (format!("quiet/{round}"), format!("content of {round}"));
    let put = bystander.put(&key, body.as_bytes());
    assert_eq!(put.status, 200, "{}", String::from_utf8_lossy(&put.body));
    let got = bystander.get(&key);
    assert_eq!((got.status, got.body), (200, body.into_bytes()));
}

/// Whether an answer is one that a refused request may get.
fn is_refusal(reply: &Reply) -> bool {
    (400..500).contains(&reply.status)
        || (reply.status == 503 && reply.element("Code").is_some_and(|code| code == "SlowDown"))
}

/// Floods from many connections, each doing `ask` over and over, while a bystander works. Gives all that was answered.
fn flood(server: &Server, bystander: &Client, ask: impl Fn(usize) -> Reply + Sync) -> Vec<Reply> {
    let over = AtomicBool::new(false);
    let answers = thread::scope(|scope| {
        let flooding: Vec<_> = (0..48)
            .map(|number| {
                let (over, ask) = (&over, &ask);
                scope.spawn(move || {
                    let mut answers = Vec::new();
                    while !over.load(Ordering::Relaxed) {
                        answers.push(ask(number + answers.len()));
                    }
                    answers
                })
            })
            .collect();
        let begun = Instant::now();
        let mut rounds = 0;
        while begun.elapsed() < FLOOD {
            is_served(bystander, rounds);
            rounds += 1;
        }
        over.store(true, Ordering::Relaxed);
        flooding
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect::<Vec<_>>()
    });
    assert!(answers.len() > 100, "{} are no flood", answers.len());
    let memory = peak_memory(server);
    assert!(memory < MOST_MEMORY, "{memory}");
    answers
}

#[test]
fn thousands_of_idle_and_slow_connections_keep_nobody_out() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
    let server = Server::configured("[limits]\nmax_connections = 2000\n", &[]);
    let bystander = Client::new(&server, &server.add_member("bob"));
    let faces = [server.s3_url(), server.redirector_url()].map(|url| url.parse::<Url>().unwrap());
    let mut held = Vec::new();
    for number in 0..6000 {
        let mut stream = connect(&faces[number % 2]);
        // A third says nothing, a third never ends its head, a third has been answered and stays.
        let _ = match number % 3 {
            0 => Ok(()),
            1 => stream.write_all(b"GET /a HTTP/1.1\r\nHost: pool\r\nX-Slow:"),
            _ => stream.write_all(b"GET /a HTTP/1.1\r\nHost: pool\r\n\r\n"),
        };
        held.push(stream);
        if number % 200 == 0 {
            is_served(&bystander, number);
        }
    }
    for round in 0..50 {
        is_served(&bystander, round);
    }
    let memory = peak_memory(&server);
    assert!(memory < MOST_MEMORY, "{memory}");
}

#[test]
fn bodies_that_trickle_are_ended_and_leave_room_for_others() {
    let limits = "[limits]\nmax_requests = 16\nstall_timeout = \"2s\"\n";
    let server = Server::configured(limits, &[]);
    let slow = Client::new(&server, &server.add_member("alice"));
    let bystander = Client::new(&server, &server.add_member("bob"));
    let uploads: Vec<TcpStream> = (0..40)
        .map(|number| {
            let url = slow.put_url(&format!("slow/{number}"));
            let mut stream = connect(&url);
            let head = head("PUT", &url, 100_000);
            stream.write_all(head.as_bytes()).unwrap();
            stream
        })
        .collect();
    let begun = Instant::now();
    let mut rounds = 0;
    while begun.elapsed() < Duration::from_secs(5) {
        for mut stream in &uploads {
            // It may have been answered and closed.
            let _ = stream.write_all(b"x");
        }
        is_served(&bystander, rounds);
        rounds += 1;
    }
    let answers: Vec<Reply> = uploads
        .into_iter()
        .map(|stream| Reply::read(stream).unwrap())
        .collect();
    assert!(answers.iter().all(is_refusal), "{answers:?}");
    let with = |code: &str| {
        let is = |reply: &&Reply| reply.element("Code").as_deref() == Some(code);
        answers.iter().filter(is).count()
    };
    // A member has half of the places, and those end.
    assert_eq!((with("RequestTimeout"), with("SlowDown")), (8, 32));
}

#[test]
fn a_flood_of_unsigned_requests_is_refused_and_delays_nobody_for_long() {
    let server = Server::start(&[]);
    let bystander = Client::new(&server, &server.add_member("bob"));
    let url = |path: &str| format!("{}{path}", server.s3_url()).parse::<Url>().unwrap();
    let forged = "/bob/a?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=nobody%2F20261126%2Fus-east-1%2Fs3%2Faws4_request\
                  &X-Amz-Date=20261126T000000Z&X-Amz-Expires=600&X-Amz-SignedHeaders=host&X-Amz-Signature=00";
    let asked = [
        ("PUT", url("/bob/a")),
        ("GET", url("/bob/?list-type=2")),
        ("DELETE", url("/bob/quiet/0")),
        ("POST", url("/bob/a?uploads")),
        ("PUT", url(forged)),
    ];
    let answers = flood(&server, &bystander, |number| {
        let (method, url) = &asked[number % asked.len()];
        send(method, url, if *method == "PUT" { &[7; 4096] } else { b"" })
    });
    let odd = answers.iter().find(|reply| !is_refusal(reply));
    assert!(odd.is_none(), "{odd:?}");
}

#[test]
fn a_flood_on_one_key_leaves_the_others_alone() {
    let server = Server::start(&[]);
    let hot = Client::new(&server, &server.add_member("alice"));
    let bystander = Client::new(&server, &server.add_member("bob"));
    assert_eq!(hot.put("hot", b"the picture of the day").status, 200);
    let public = format!("{}/alice/hot", server.redirector_url());
    let public: Url = public.parse().unwrap();
    let answers = flood(&server, &bystander, |number| match number % 4 {
        0 => hot.put("hot", b"the picture of the day"),
        1 => hot.get("hot"),
        _ => send("GET", &public, b""),
    });
    let fine = |reply: &Reply| matches!(reply.status, 200 | 301 | 302 | 307 | 308);
    let odd = answers
        .iter()
        .find(|reply| !fine(reply) && !is_refusal(reply));
    assert!(odd.is_none(), "{odd:?}");
    assert!(answers.iter().filter(|reply| fine(reply)).count() > 100);
}
