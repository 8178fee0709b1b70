//! Database servers as tests meet them, seen through the databases' own clients.
use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rockpool_testkit::{Database, MariaDb, PostgreSql};

#[test]
fn mariadb_gives_each_test_a_database_of_its_own() {
    let server = MariaDb::shared();
    let (one, other) = (server.fresh_database(), server.fresh_database());
    for statement in [
        "CREATE TABLE shells (name VARCHAR(20))",
        "INSERT INTO shells VALUES ('whelk')",
    ] {
        mariadb(&one, &one.name, statement).unwrap();
    }
    assert_eq!(
        mariadb(&one, &one.name, "SELECT * FROM shells").unwrap(),
        "whelk"
    );
    let missing = mariadb(&other, &other.name, "SELECT * FROM shells").unwrap_err();
    assert!(missing.contains("doesn't exist"), "{missing}");
    let refused = mariadb(&other, &one.name, "SELECT * FROM shells").unwrap_err();
    assert!(refused.contains("denied"), "{refused}");
}

#[test]
fn mariadb_is_set_up_as_debian_sets_it_up_and_durable() {
    let server = MariaDb::shared();
    let settings = "SELECT @@character_set_server, @@collation_server, @@innodb_flush_log_at_trx_commit, \
                    @@innodb_doublewrite, @@bind_address";
    assert_eq!(
        server.sql("mysql", settings),
        "utf8mb4\tutf8mb4_general_ci\t1\t1\t127.0.0.1"
    );
}

#[test]
fn postgresql_gives_each_test_a_database_of_its_own() {
    let server = PostgreSql::shared();
    let (one, other) = (server.fresh_database(), server.fresh_database());
    for url in [&one.url, &one.socket_url] {
        psql(url, "CREATE TABLE IF NOT EXISTS shells (name TEXT)").unwrap();
    }
    psql(&one.url, "INSERT INTO shells VALUES ('whelk')").unwrap();
    assert_eq!(
        psql(&one.socket_url, "SELECT * FROM shells").unwrap(),
        "whelk"
    );
    let missing = psql(&other.url, "SELECT * FROM shells").unwrap_err();
    assert!(missing.contains("does not exist"), "{missing}");
}

#[test]
fn postgresql_is_durable() {
    let settings = "SELECT current_setting('fsync'), current_setting('synchronous_commit'), \
                    current_setting('full_page_writes'), current_setting('server_encoding')";
    assert_eq!(
        PostgreSql::shared().sql("postgres", settings),
        "on\ton\ton\tUTF8"
    );
}

#[test]
fn mariadb_keeps_its_data_over_restarts_and_kills() {
    let server = MariaDb::start();
    let database = server.fresh_database();
    mariadb(
        &database,
        &database.name,
        "CREATE TABLE shells (number INT)",
    )
    .unwrap();
    for (number, down) in [(1, MariaDb::stop as fn(&MariaDb)), (2, MariaDb::kill)] {
        let insert = format!("INSERT INTO shells VALUES ({number})");
        mariadb(&database, &database.name, &insert).unwrap();
        down(&server);
        assert!(server.pid().is_none());
        mariadb(&database, &database.name, "SELECT 1").unwrap_err();
        server.start_again();
        let count = mariadb(&database, &database.name, "SELECT COUNT(*) FROM shells");
        assert_eq!(count.unwrap(), number.to_string());
    }
}

#[test]
fn postgresql_keeps_its_data_over_restarts_and_kills() {
    let server = PostgreSql::start();
    let database = server.fresh_database();
    psql(&database.url, "CREATE TABLE shells (number INT)").unwrap();
    for (number, down) in [
        (1, PostgreSql::stop as fn(&PostgreSql)),
        (2, PostgreSql::kill),
    ] {
        let insert = format!("INSERT INTO shells VALUES ({number})");
        psql(&database.url, &insert).unwrap();
        down(&server);
        assert!(server.pid().is_none());
        psql(&database.url, "SELECT 1").unwrap_err();
        server.start_again();
        let count = psql(&database.url, "SELECT COUNT(*) FROM shells");
        assert_eq!(count.unwrap(), number.to_string());
    }
}

#[test]
fn a_paused_server_answers_when_it_is_resumed() {
    let (mariadb_server, postgresql) = (MariaDb::start(), PostgreSql::start());
    let (one, other) = (mariadb_server.fresh_database(), postgresql.fresh_database());
    mariadb_server.pause();
    postgresql.pause();
    let asked = [
        thread::spawn(move || mariadb(&one, &one.name, "SELECT 'awake'")),
        thread::spawn(move || psql(&other.url, "SELECT 'awake'")),
    ];
    for pid in [mariadb_server.pid(), postgresql.pid()] {
        // A process that runs just now stops a moment after the signal.
        eventually("it stands still", || state(pid.unwrap()) == Some('T'));
    }
    mariadb_server.resume();
    postgresql.resume();
    for asked in asked {
        assert_eq!(asked.join().unwrap().unwrap(), "awake");
    }
}

#[test]
fn servers_end_with_their_owner_however_it_ends() {
    let endings: [fn(&mut Child); 2] = [
        |owner| drop(owner.stdin.take()),
        |owner| owner.kill().unwrap(),
    ];
    for end in endings {
        let mut owner = Command::new(env!("CARGO_BIN_EXE_rockpool-testkit"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut told = String::new();
        let mut output = BufReader::new(owner.stdout.take().unwrap());
        output.read_line(&mut told).unwrap();
        let pids: Vec<u32> = after_each(&told, r#""pid": "#, ',')
            .iter()
            .map(|pid| pid.parse().unwrap())
            .collect();
        let directories = [
            PathBuf::from(&after_each(&told, "?socket=", '"')[0])
                .parent()
                .unwrap()
                .to_owned(),
            PathBuf::from(&after_each(&told, "?host=", '"')[0]),
        ];
        assert!(pids.len() == 2 && pids.iter().all(|pid| state(*pid).is_some()));
        assert!(directories.iter().all(|directory| directory.is_dir()));
        end(&mut owner);
        owner.wait().unwrap();
        eventually("the servers are gone", || {
            pids.iter()
                .all(|pid| matches!(state(*pid), None | Some('Z')))
        });
        eventually("their directories are gone", || {
            directories.iter().all(|directory| !directory.exists())
        });
    }
}

/// A statement, by TCP, as the database's own user.
pub(crate) fn mariadb(user: &Database, database: &str, statement: &str) -> Result<String, String> {
    let port = after_each(&user.url, "127.0.0.1:", '/').remove(0);
    let password = after_each(&user.url, &format!("{}:", user.name), '@').remove(0);
    ask(Command::new("mariadb")
        .args(["--no-defaults", "--skip-column-names", "--protocol=tcp"])
        .args([
            "--host=127.0.0.1",
            &format!("--port={port}"),
            &format!("--user={}", user.name),
            &format!("--password={password}"),
        ])
        .args(["-e", statement, database]))
}

fn psql(url: &str, statement: &str) -> Result<String, String> {
    ask(Command::new("psql").args(["--no-psqlrc", "-qtA", "-c", statement, url]))
}

fn ask(command: &mut Command) -> Result<String, String> {
    let output = command.output().unwrap();
    if output.status.success() {
        Ok(String::from_utf8(output.stdout).unwrap().trim().to_owned())
    } else {
        Err(String::from_utf8(output.stderr).unwrap())
    }
}

/// What stands between each `mark` and the next `end`.
fn after_each(text: &str, mark: &str, end: char) -> Vec<String> {
    text.split(mark)
        .skip(1)
        .filter_map(|rest| Some(rest.split_once(end)?.0.to_owned()))
        .collect()
}

/// The state of a process as `/proc` tells it; `None` when there is none.
fn state(pid: u32) -> Option<char> {
    let stat = std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat"));
    stat.ok()?.rsplit_once(") ")?.1.chars().next()
}

fn eventually(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}
