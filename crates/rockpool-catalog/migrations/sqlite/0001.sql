-- Members, buckets, objects, blobs, uploads and usage.
--
-- Times are milliseconds since 1970-01-01T00:00:00Z. Names, keys and digests compare byte by byte.
-- AUTOINCREMENT: the number of a row that went is never given to another.

CREATE TABLE members (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    state INTEGER NOT NULL,          -- 0 active, 1 suspended
    max_buckets INTEGER NOT NULL,
    max_bytes INTEGER,               -- NULL: no limit
    max_objects INTEGER,             -- NULL: no limit
    created_at INTEGER NOT NULL
);

CREATE TABLE access_keys (
    id TEXT PRIMARY KEY,
    member_id INTEGER NOT NULL,
    sealed_secret BLOB NOT NULL,
    read_only INTEGER NOT NULL,
    bucket_id INTEGER,               -- NULL: all buckets of the member
    label TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER               -- NULL: it works
) WITHOUT ROWID;
CREATE INDEX access_keys_of_member ON access_keys (member_id);

CREATE TABLE buckets (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    member_id INTEGER NOT NULL,
    name TEXT NOT NULL UNIQUE,
    default_acl INTEGER NOT NULL,
    delivery INTEGER NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE INDEX buckets_of_member ON buckets (member_id);

CREATE TABLE bucket_hosts (
    host TEXT PRIMARY KEY,
    bucket_id INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX hosts_of_bucket ON bucket_hosts (bucket_id);

-- A row a bucket, apart from it because every write changes it.
CREATE TABLE bucket_usage (
    bucket_id INTEGER PRIMARY KEY,
    objects INTEGER NOT NULL,
    object_bytes INTEGER NOT NULL
);

-- What every object points to. The digest is cut in two so that the index need not hold all of it. That a digest
-- and scope have one row rests on transactions, of which SQLite lets one at a time write; an index over all of it
-- would cost a quarter of the catalog.
CREATE TABLE blobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    scope INTEGER NOT NULL,          -- 0 the whole pool, else the member whose private objects share it
    digest_head BLOB NOT NULL,       -- the first 6 bytes of the SHA-512; a few blobs may share them
    digest_tail BLOB NOT NULL,       -- the other 58
    size INTEGER NOT NULL,
    md5 BLOB NOT NULL,
    media_type INTEGER NOT NULL,     -- row of media_types
    state INTEGER NOT NULL,          -- 0 storing, 1 live, 2 idle, 3 deleting
    refs INTEGER NOT NULL,           -- objects that point here; more than 0 only when live
    since INTEGER,                   -- idle: since when; storing, deleting: until when it is leased; live: NULL
    owner INTEGER,                   -- deleting: the collector that holds the lease, NULL when postponed
    flags INTEGER                    -- deleting: 1 an earlier delete may be under way, 2 the bytes are gone
);
-- The scope first: a check walks one scope after another in the order of the store's keys.
CREATE INDEX blobs_by_digest ON blobs (scope, digest_head);
-- Live blobs, which are nearly all, are in neither of these.
CREATE INDEX blobs_by_state ON blobs (state, since) WHERE since IS NOT NULL;
CREATE INDEX blobs_not_live ON blobs (id) WHERE since IS NOT NULL;

CREATE TABLE media_types (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE
);

-- Sets of headers that many objects share, as JSON. Rows are never changed nor removed.
CREATE TABLE header_sets (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    body TEXT NOT NULL UNIQUE
);

-- NULLs stand for what follows from the blob, which is the common case; see the code that packs attributes.
CREATE TABLE objects (
    bucket_id INTEGER NOT NULL,
    key BLOB NOT NULL,
    blob_id INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    acl INTEGER NOT NULL,
    etag BLOB,                       -- NULL: the MD5 of the blob
    headers INTEGER,                 -- row of header_sets; NULL: the blob's media type and nothing else
    checksum BLOB,
    extra TEXT,                      -- JSON of what only this object carries
    PRIMARY KEY (bucket_id, key)
) WITHOUT ROWID;

CREATE TABLE uploads (
    id TEXT PRIMARY KEY,
    bucket_id INTEGER NOT NULL,
    key BLOB NOT NULL,
    acl INTEGER NOT NULL,
    attributes TEXT NOT NULL,        -- JSON
    checksum_algorithm TEXT,
    checksum_full INTEGER,
    created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX uploads_by_key ON uploads (bucket_id, key, id);
CREATE INDEX uploads_by_age ON uploads (created_at, id);

-- The bytes come last so that a listing need not read past them.
CREATE TABLE parts (
    upload_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    size INTEGER NOT NULL,
    md5 BLOB NOT NULL,
    digest BLOB NOT NULL,
    checksum BLOB,
    modified_at INTEGER NOT NULL,
    staged TEXT,                     -- key in the staging store; NULL: the bytes are here
    bytes BLOB,
    PRIMARY KEY (upload_id, number)
);
CREATE INDEX parts_by_staged ON parts (staged) WHERE staged IS NOT NULL;

-- Blobs whose bytes are in the store, by the first hexadecimal digit of their digest: sixteen rows, so that
-- nodes rarely wait for each other.
CREATE TABLE store_usage (
    shard INTEGER PRIMARY KEY,
    blobs INTEGER NOT NULL,
    blob_bytes INTEGER NOT NULL
);
INSERT INTO store_usage (shard, blobs, blob_bytes) VALUES
    (0, 0, 0), (1, 0, 0), (2, 0, 0), (3, 0, 0), (4, 0, 0), (5, 0, 0), (6, 0, 0), (7, 0, 0),
    (8, 0, 0), (9, 0, 0), (10, 0, 0), (11, 0, 0), (12, 0, 0), (13, 0, 0), (14, 0, 0), (15, 0, 0);
