//! A poolmgr pool, built as its schema is documented: its database, its configuration file and a few real blobs.
use std::{fs, path::PathBuf};

use rockpool_testkit::{Database, Engine, MariaDb};
use rockpool_types::{BlobHash, BlobPath, ObjectKey};
use sha2::{Digest, Sha512};

/// Names of the many: a million where the test runs first, and enough to be interrupted on the other engines.
pub(super) fn names() -> u64 {
    match Engine::of_this_run() {
        Engine::Sqlite => 1_000_000,
        _ => 100_000,
    }
}

/// Members that the many names belong to; the last has no secret any more.
pub(super) const MEMBERS: u64 = 20;

/// Every so many of the many names point to a real blob, the first among them.
const REAL_EVERY: u64 = 1000;

/// A content that is in the blob store.
pub(super) struct Content {
    pub(super) bytes: Vec<u8>,
    pub(super) media_type: &'static str,
    pub(super) hash: BlobHash,
}

impl Content {
    fn new(bytes: &[u8], media_type: &'static str) -> Self {
        let hash = BlobHash::from_slice(&Sha512::digest(bytes)).unwrap();
        Self {
            bytes: bytes.to_vec(),
            media_type,
            hash,
        }
    }
}

/// The pool.
pub(super) struct PoolmgrPool {
    server: &'static MariaDb,
    pub(super) database: Database,
    pub(super) picture: Content,
    /// A content whose size poolmgr does not know.
    pub(super) text: Content,
    /// A name too long for poolmgr, which belongs to `member1` and points to the text.
    pub(super) long_name: String,
}

impl PoolmgrPool {
    /// Builds it in a fresh database, and puts its blobs where a node with this data directory looks for them.
    pub(super) fn build(server: &'static MariaDb, data: PathBuf) -> Self {
        let pool = Self {
            database: server.fresh_database(),
            picture: Content::new(b"\x89PNG\r\n\x1a\n and the rest", "image/png"),
            text: Content::new(b"A whelk is no limpet.\n", "text/plain"),
            long_name: format!("files/{}/original.txt", "\u{e9}".repeat(300)),
            server,
        };
        for content in [&pool.picture, &pool.text] {
            let file = data.join("store").join(BlobPath::hex(&content.hash));
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, &content.bytes).unwrap();
        }
        pool.make_tables();
        pool.insert_many();
        pool.insert_odd();
        pool
    }

    /// The key of one of the many names.
    pub(super) fn key(number: u64) -> String {
        format!("media/{number:09}/original.png")
    }

    /// Whose it is.
    pub(super) fn member_of(number: u64) -> String {
        format!("member{}", number % MEMBERS)
    }

    /// The first of the many names that point to the picture.
    pub(super) const REAL: u64 = 1;

    /// Its configuration file.
    pub(super) fn configuration(&self) -> String {
        let users: String = (0..MEMBERS - 1)
            .map(|member| format!("    member{member}: \"secret-{member}\"\n"))
            .collect();
        let (name, port) = (&self.database.name, self.server.port());
        format!(
            "{{\n  // ours\n  backend: {{ bucket: \"pool-blobs\" publicHost: \"https://blob.example.org\" }}\n  \
             mysql: {{ host: \"127.0.0.1\" port: {port} user: \"{name}\" pass: \"barnacle\" database: \"{name}\" }}\n  \
             useNewUrls: false\n  users: {{\n{users}  }}\n}}\n"
        )
    }

    /// One number that the database answers.
    pub(super) fn count(&self, sql: &str) -> u64 {
        self.sql(sql).parse().unwrap()
    }

    pub(super) fn sql(&self, sql: &str) -> String {
        self.server.sql(&self.database.name, sql)
    }

    /// All its tables, without the indices that are made when the rows are in.
    fn make_tables(&self) {
        self.sql(
            "CREATE TABLE name_map (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT, \
               identity VARCHAR(255) NOT NULL, name VARCHAR(255) NOT NULL, hash BINARY(64) NOT NULL, \
               PRIMARY KEY (id)); \
             CREATE TABLE filesizes (hash BINARY(64) NOT NULL, size BIGINT UNSIGNED NOT NULL, \
               PRIMARY KEY (hash)) ROW_FORMAT=COMPRESSED; \
             CREATE TABLE multipart_uploads (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT, \
               identity VARCHAR(255) NOT NULL, name VARCHAR(255) NOT NULL, tempfile VARCHAR(255) NOT NULL, \
               PRIMARY KEY (id), UNIQUE (identity, name), UNIQUE (tempfile)) ROW_FORMAT=COMPRESSED; \
             CREATE TABLE pending_backup (hash BINARY(64) NOT NULL, PRIMARY KEY (hash)) \
               ROW_FORMAT=COMPRESSED; \
             INSERT INTO multipart_uploads (identity, name, tempfile) \
               VALUES ('member0', 'half.mp4', 'multitmp/member0-1-1')",
        );
    }

    /// The many names. Every second one has the content of the one before, as boosts and avatars do.
    fn insert_many(&self) {
        let (picture, names) = (self.picture.hash.to_hex(), names());
        self.sql(&format!(
            "INSERT INTO name_map (identity, name, hash) \
               SELECT CONCAT('member', seq % {MEMBERS}), CONCAT('media/', LPAD(seq, 9, '0'), '/original.png'), \
                 UNHEX(IF(seq % {REAL_EVERY} = 1, '{picture}', SHA2(CONCAT('blob', seq DIV 2), 512))) \
               FROM seq_1_to_{names}; \
             ALTER TABLE name_map ADD UNIQUE (identity, name), ADD INDEX (hash), ROW_FORMAT=COMPRESSED; \
             INSERT INTO filesizes SELECT hash, 1 + CONV(LEFT(HEX(hash), 4), 16, 10) FROM name_map \
               WHERE hash <> UNHEX('{picture}') GROUP BY hash; \
             INSERT INTO filesizes VALUES (UNHEX('{picture}'), {})",
            self.picture.bytes.len()
        ));
    }

    /// Names that something is odd about.
    fn insert_odd(&self) {
        let short = ObjectKey::new(self.long_name.clone()).unwrap();
        let short = short.short_form().unwrap();
        let text = self.text.hash.to_hex();
        self.sql(&format!(
            "INSERT INTO name_map (identity, name, hash) VALUES \
               ('member1', '{short}', UNHEX('{text}')), \
               ('member1', 'Capital/A.png', UNHEX('{text}')), \
               ('member1', 'lost.png', UNHEX(SHA2('lost', 512))), \
               ('member1', '', UNHEX('{text}')), \
               ('not a name', 'a.png', UNHEX('{text}'))"
        ));
    }

    /// Names that come after the adoption, of content that poolmgr knows the size of.
    pub(super) fn insert_late(&self) {
        let picture = self.picture.hash.to_hex();
        self.sql(&format!(
            "INSERT INTO name_map (identity, name, hash) VALUES ('member1', 'late.png', UNHEX('{picture}')), \
               ('member1', 'late-lost.png', UNHEX(SHA2('late', 512))); \
             INSERT INTO filesizes VALUES (UNHEX(SHA2('late', 512)), 7)"
        ));
    }
}
