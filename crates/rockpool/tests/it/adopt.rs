//! Taking over a pool of poolmgr's.
mod poolmgr;

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use rockpool_testkit::{Engine, MariaDb};
use rockpool_types::{BlobPath, ObjectKey};
use serde_json::Value;

use crate::{
    harness::{Keys, Server, rockpool},
    http::{Client, get},
};
use poolmgr::{MEMBERS, PoolmgrPool, names};

/// Names beside the many that can be adopted, and that cannot.
const ODD: u64 = 2;
const LEFT_OUT: u64 = 3;

/// The most memory that the command may take. It takes as much for a hundred thousand names as for a million, which would not fit.
const MEMORY_KIB: u64 = 128 << 10;

#[test]
fn a_pool_is_adopted_and_looks_the_same_from_all_sides() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    fs::create_dir(&data).unwrap();
    let pool = PoolmgrPool::build(MariaDb::shared(), data.clone());
    let catalog = match Engine::of_this_run() {
        // A live take-over: the tables lie beside poolmgr's.
        Engine::MariaDb => pool.database.url.clone(),
        engine => engine.fresh_catalog(Path::new("")),
    };
    let configuration = format!("[catalog]\nurl = \"{catalog}\"\n");
    fs::write(data.join("rockpool.toml"), configuration).unwrap();
    let file = directory.path().join("config.jkson");
    fs::write(&file, pool.configuration()).unwrap();
    let adoption = Adoption { data, file };

    adoption.plan_tells_what_there_is(&pool);
    adoption.refuses_users_that_cannot_be_members();
    adoption.is_killed_on_its_way();
    let server = Server::on(directory, &[], None);
    waits_with_writes_until_all_is_there(&server);
    adoption.comes_to_its_end();
    adoption.adopts_nothing_twice();
    adoption.adopts_late_names_that_have_their_blobs(&pool);
    counts_are_exact(&server, &pool);
    names_answer_as_before(&server, &pool);
    long_names_answer_until_they_are_deleted(&server, &pool);
    members_write_with_their_old_keys(&server, &pool);
}

/// How the command is called.
struct Adoption {
    data: PathBuf,
    file: PathBuf,
}

impl Adoption {
    fn command(&self, flags: &[&str]) -> Command {
        let mut command = rockpool(&["adopt", "--json"]);
        command.arg("--data").arg(&self.data);
        command.arg("--poolmgr").arg(&self.file).args(flags);
        command
    }

    /// What it prints when it succeeds, in bounded memory however many names there are.
    fn run(&self, flags: &[&str]) -> Value {
        let printed = self.data.with_file_name("adopted");
        let mut child = self
            .command(flags)
            .stdout(File::create(&printed).unwrap())
            .spawn()
            .unwrap();
        let mut peak = 0;
        let status = loop {
            peak = peak.max(peak_memory_kib(child.id()));
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            thread::sleep(Duration::from_millis(20));
        };
        assert!(status.success(), "{status}");
        assert!(peak < MEMORY_KIB, "the command took {peak} KiB");
        serde_json::from_slice(&fs::read(printed).unwrap()).unwrap()
    }

    fn plan_tells_what_there_is(&self, pool: &PoolmgrPool) {
        let tables =
            "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()";
        let plan = self.run(&["--plan"]);
        let number = |field: &str| plan[field].as_u64().unwrap();
        assert_eq!(number("names"), names() + ODD + LEFT_OUT);
        assert_eq!(
            number("blobs"),
            pool.count("SELECT COUNT(DISTINCT hash) FROM name_map")
        );
        assert_eq!(number("blobs_without_size"), 2);
        assert_eq!(number("short_names"), 1);
        assert_eq!(number("names_with_capitals"), 1);
        assert_eq!(number("unfinished_uploads"), 1);
        assert_eq!(plan["folds_case"], true);
        let members = plan["members"].as_array().unwrap();
        assert_eq!(members.len() as u64, MEMBERS);
        let keyless = members.iter().filter(|member| member["has_key"] == false);
        let keyless: Vec<_> = keyless.map(|member| member["name"].clone()).collect();
        assert_eq!(keyless, [format!("member{}", MEMBERS - 1)]);
        assert_eq!(plan["unusable"][0]["identity"], "not a name");
        assert_eq!(plan["backend"]["public_host"], "https://blob.example.org");
        // Nothing was written, neither here nor there.
        assert!(!self.data.join("catalog.db").exists());
        assert_eq!(pool.count(tables), 4);
    }

    fn refuses_users_that_cannot_be_members(&self) {
        let output = self.command(&[]).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success());
        assert!(
            error.contains("`not a name`") && error.contains("--leave-out-unusable"),
            "{error}"
        );
    }

    /// Kills the command when it has told of its first names.
    fn is_killed_on_its_way(&self) {
        let mut child = self
            .command(&["--leave-out-unusable"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut told = String::new();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        stderr.read_line(&mut told).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(
            told.contains(&format!(" of {} names", names() + ODD + LEFT_OUT)),
            "{told}"
        );
    }

    fn comes_to_its_end(&self) {
        let report = self.run(&["--leave-out-unusable"]);
        assert_eq!(report["adopted"], names() + ODD, "{report}");
        assert_eq!(report["left_out"], LEFT_OUT);
        assert_eq!(report["kept"], 0);
        assert_eq!(report["members"], MEMBERS);
    }

    fn adopts_nothing_twice(&self) {
        let report = self.run(&["--leave-out-unusable"]);
        assert_eq!(report["adopted"], names() + ODD, "{report}");
        assert_eq!(report["kept"], 0);
        assert_eq!(report["members"], 0);
    }

    /// What poolmgr was given since is adopted if its blob is still there, whatever poolmgr knows of it: members may have
    /// deleted it in the meantime.
    fn adopts_late_names_that_have_their_blobs(&self, pool: &PoolmgrPool) {
        pool.insert_late();
        let report = self.run(&["--leave-out-unusable"]);
        assert_eq!(report["adopted"], names() + ODD + 1, "{report}");
        assert_eq!(report["left_out"], LEFT_OUT + 1);
    }
}

/// The most memory that a process has had, 0 when it has ended.
fn peak_memory_kib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or(0, |line| {
        line.trim().trim_end_matches(" kB").parse().unwrap()
    })
}

/// A member's old key.
fn keys(member: u64) -> Keys {
    Keys {
        name: format!("member{member}"),
        access_key_id: format!("member{member}"),
        secret_access_key: format!("secret-{member}"),
    }
}

/// In the midst of an adoption, the public reads what is there, and members cannot write.
fn waits_with_writes_until_all_is_there(server: &Server) {
    let status = |number| {
        let (member, key) = (PoolmgrPool::member_of(number), PoolmgrPool::key(number));
        get(&format!("{}/{member}/{key}", server.redirector_url())).status
    };
    assert_eq!(status(1), 301);
    assert_eq!(status(names()), 404, "the command was killed too late");
    let refused = Client::new(server, &keys(1)).put("early.txt", b"too early");
    assert_eq!(refused.status, 403);
}

/// What the catalog says of each member is what poolmgr's tables add up to.
fn counts_are_exact(server: &Server, pool: &PoolmgrPool) {
    let text = pool.text.bytes.len();
    let expected = pool.sql(&format!(
        "SELECT identity, COUNT(*), SUM(COALESCE(f.size, {text})) FROM name_map n LEFT JOIN filesizes f USING (hash) \
         WHERE identity LIKE 'member%' AND name NOT IN ('', 'lost.png', 'late-lost.png') GROUP BY identity ORDER BY identity"
    ));
    let members = server.cli_json(&["member", "list"]);
    let members = members.as_array().unwrap().iter().map(|member| {
        let text = |field: &str| member["usage"][field].to_string();
        let name = member["name"].as_str().unwrap();
        format!("{name}\t{}\t{}", text("objects"), text("object_bytes"))
    });
    let mut found: Vec<String> = members.collect();
    found.sort();
    assert_eq!(found.join("\n"), expected);
    let gc = server.cli_json(&["gc", "--plan"]);
    assert_eq!(
        (&gc["idle_blobs"], &gc["abandoned_blobs"]),
        (&0.into(), &0.into())
    );
}

/// The redirector leads to the blob, and the blob server has it under both forms of URLs.
fn names_answer_as_before(server: &Server, pool: &PoolmgrPool) {
    let picture = &pool.picture;
    let member = PoolmgrPool::member_of(PoolmgrPool::REAL);
    let key = PoolmgrPool::key(PoolmgrPool::REAL);
    let answer = get(&format!("{}/{member}/{key}", server.redirector_url()));
    assert_eq!(answer.status, 301);
    let hex = format!("{}/{}", server.blobs_url(), BlobPath::hex(&picture.hash));
    assert_eq!(answer.header("location"), Some(hex.as_str()));
    let base64 = BlobPath::base64(&picture.hash, &ObjectKey::new(key).unwrap());
    for url in [hex, format!("{}/{base64}", server.blobs_url())] {
        let blob = get(&url);
        assert_eq!((blob.status, &blob.body), (200, &picture.bytes), "{url}");
        assert_eq!(blob.header("content-type"), Some(picture.media_type));
    }
    // Here, case counts.
    let capital = format!("{}/member1/Capital/A.png", server.redirector_url());
    assert_eq!(get(&capital).status, 301);
    assert_eq!(get(&capital.to_lowercase()).status, 404);
}

fn long_names_answer_until_they_are_deleted(server: &Server, pool: &PoolmgrPool) {
    let url = format!("{}/member1/{}", server.redirector_url(), pool.long_name);
    let hex = format!("{}/{}", server.blobs_url(), BlobPath::hex(&pool.text.hash));
    assert_eq!(get(&url).header("location"), Some(hex.as_str()));
    let client = Client::new(server, &keys(1));
    let object = client.get(&pool.long_name);
    assert_eq!((object.status, &object.body), (200, &pool.text.bytes));
    assert_eq!(client.delete(&pool.long_name).status, 204);
    assert_eq!(client.get(&pool.long_name).status, 404);
    assert_eq!(get(&url).status, 404);
}

fn members_write_with_their_old_keys(server: &Server, pool: &PoolmgrPool) {
    let client = Client::new(server, &keys(1));
    let object = client.get("Capital/A.png");
    assert_eq!((object.status, &object.body), (200, &pool.text.bytes));
    assert_eq!(object.header("content-type"), Some(pool.text.media_type));
    let etag = object.header("etag").unwrap();
    assert!(
        etag.ends_with("-1\""),
        "no client takes it for an MD5: {etag}"
    );
    // Content that is known is mapped to the blob that is there.
    let blobs = |server: &Server| server.cli_json(&["gc", "--plan"])["idle_blobs"].clone();
    assert_eq!(client.put("again.txt", &pool.text.bytes).status, 200);
    assert_eq!(client.put("new.txt", b"Something new").status, 200);
    assert_eq!(client.get("again.txt").body, pool.text.bytes);
    assert_eq!(client.get("new.txt").body, b"Something new");
    // An object may be overwritten and deleted, and its blob stays for those that share it.
    let number = PoolmgrPool::REAL;
    assert_eq!(client.delete(&PoolmgrPool::key(number)).status, 204);
    assert_eq!(client.get(&PoolmgrPool::key(number)).status, 404);
    assert_eq!(blobs(server), 0);
}
