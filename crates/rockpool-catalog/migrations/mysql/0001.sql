-- Members, buckets, objects, blobs, uploads and usage, for MariaDB and MySQL.
--
-- Statements end with a semicolon at the end of a line, and can be run again: a node may die between two of them,
-- and there are no transactions over definitions. Names, keys and digests compare byte by byte. Foreign keys hold
-- where a row must not go while another comes that belongs to it: a Galera cluster knows of no other lock between nodes.

CREATE TABLE IF NOT EXISTS members (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    name VARCHAR(128) NOT NULL,
    state TINYINT NOT NULL,          -- 0 active, 1 suspended
    max_buckets BIGINT NOT NULL,
    max_bytes BIGINT,                -- NULL: no limit
    max_objects BIGINT,              -- NULL: no limit
    created_at BIGINT NOT NULL,
    turn BIGINT NOT NULL DEFAULT 0,  -- written by those who must come one after the other
    UNIQUE KEY members_by_name (name)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;

CREATE TABLE IF NOT EXISTS access_keys (
    id VARCHAR(128) NOT NULL PRIMARY KEY,
    member_id BIGINT NOT NULL,
    sealed_secret VARBINARY(1024) NOT NULL,
    read_only TINYINT NOT NULL,
    bucket_id BIGINT,                -- NULL: all buckets of the member
    label TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT,               -- NULL: it works
    KEY access_keys_of_member (member_id),
    CONSTRAINT member_of_access_key FOREIGN KEY (member_id) REFERENCES members (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;

CREATE TABLE IF NOT EXISTS buckets (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    member_id BIGINT NOT NULL,
    name VARCHAR(255) NOT NULL,
    default_acl TINYINT NOT NULL,
    delivery TINYINT NOT NULL,
    created_at BIGINT NOT NULL,
    turn BIGINT NOT NULL DEFAULT 0,
    UNIQUE KEY buckets_by_name (name),
    KEY buckets_of_member (member_id),
    CONSTRAINT member_of_bucket FOREIGN KEY (member_id) REFERENCES members (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;

CREATE TABLE IF NOT EXISTS bucket_hosts (
    host VARCHAR(253) NOT NULL PRIMARY KEY,
    bucket_id BIGINT NOT NULL,
    KEY hosts_of_bucket (bucket_id),
    CONSTRAINT bucket_of_host FOREIGN KEY (bucket_id) REFERENCES buckets (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;

-- The counts of a bucket are the sums over its slots; one slot may be below zero.
CREATE TABLE IF NOT EXISTS bucket_usage (
    bucket_id BIGINT NOT NULL,
    slot SMALLINT NOT NULL,
    objects BIGINT NOT NULL,
    object_bytes BIGINT NOT NULL,
    PRIMARY KEY (bucket_id, slot),
    CONSTRAINT bucket_of_usage FOREIGN KEY (bucket_id) REFERENCES buckets (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;

CREATE TABLE IF NOT EXISTS media_types (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    name VARCHAR(255) NOT NULL,
    UNIQUE KEY media_types_by_name (name)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;

-- What every object points to.
CREATE TABLE IF NOT EXISTS blobs (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    scope BIGINT NOT NULL,           -- 0 the whole pool, else the member whose private objects share it
    digest_head BINARY(6) NOT NULL,  -- the first 6 bytes of the SHA-512
    digest_tail BINARY(58) NOT NULL,
    size BIGINT NOT NULL,
    md5 BINARY(16) NOT NULL,
    media_type BIGINT NOT NULL,      -- row of media_types
    state TINYINT NOT NULL,          -- 0 storing, 1 live, 2 idle, 3 deleting
    refs BIGINT NOT NULL,            -- objects that point here; more than 0 only when live
    since BIGINT,                    -- idle: since when; storing, deleting: until when it is leased; live: NULL
    owner BIGINT,                    -- deleting: the collector that holds the lease, NULL when postponed
    flags BIGINT,                    -- deleting: 1 an earlier delete may be under way, 2 the bytes are gone
    -- The scope first: a check walks one scope after another in the order of the store's keys.
    UNIQUE KEY blobs_by_digest (scope, digest_head, digest_tail),
    KEY blobs_by_state (state, since)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;

-- Sets of headers that many objects share, as JSON. Rows are never changed nor removed.
CREATE TABLE IF NOT EXISTS header_sets (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    body VARCHAR(512) NOT NULL,
    UNIQUE KEY header_sets_by_body (body)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;

-- NULLs stand for what follows from the blob, which is the common case; see the code that packs attributes.
CREATE TABLE IF NOT EXISTS objects (
    bucket_id BIGINT NOT NULL,
    object_key VARBINARY(1024) NOT NULL,
    blob_id BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    acl TINYINT NOT NULL,
    etag VARBINARY(20),              -- NULL: the MD5 of the blob
    headers BIGINT,                  -- row of header_sets; NULL: the blob's media type and nothing else
    checksum VARBINARY(128),
    extra MEDIUMTEXT,                -- JSON of what only this object carries
    PRIMARY KEY (bucket_id, object_key),
    CONSTRAINT bucket_of_object FOREIGN KEY (bucket_id) REFERENCES buckets (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;

CREATE TABLE IF NOT EXISTS uploads (
    id VARCHAR(32) NOT NULL PRIMARY KEY,
    bucket_id BIGINT NOT NULL,
    object_key VARBINARY(1024) NOT NULL,
    acl TINYINT NOT NULL,
    attributes MEDIUMTEXT NOT NULL,  -- JSON
    checksum_algorithm VARCHAR(32),
    checksum_full BIGINT,
    created_at BIGINT NOT NULL,
    KEY uploads_by_key (bucket_id, object_key, id),
    KEY uploads_by_age (created_at, id),
    CONSTRAINT bucket_of_upload FOREIGN KEY (bucket_id) REFERENCES buckets (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;

CREATE TABLE IF NOT EXISTS parts (
    upload_id VARCHAR(32) NOT NULL,
    number BIGINT NOT NULL,
    size BIGINT NOT NULL,
    md5 BINARY(16) NOT NULL,
    digest BINARY(64) NOT NULL,
    checksum VARBINARY(128),
    modified_at BIGINT NOT NULL,
    staged VARCHAR(255),             -- key in the staging store; NULL: the bytes are here
    bytes MEDIUMBLOB,
    PRIMARY KEY (upload_id, number),
    KEY parts_by_staged (staged),
    CONSTRAINT upload_of_part FOREIGN KEY (upload_id) REFERENCES uploads (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;

-- Blobs whose bytes are in the store: the sums over all rows; one row may be below zero.
CREATE TABLE IF NOT EXISTS store_usage (
    shard SMALLINT NOT NULL PRIMARY KEY,
    blobs BIGINT NOT NULL,
    blob_bytes BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;

INSERT IGNORE INTO store_usage (shard, blobs, blob_bytes) VALUES
    (0, 0, 0), (1, 0, 0), (2, 0, 0), (3, 0, 0), (4, 0, 0), (5, 0, 0), (6, 0, 0), (7, 0, 0),
    (8, 0, 0), (9, 0, 0), (10, 0, 0), (11, 0, 0), (12, 0, 0), (13, 0, 0), (14, 0, 0), (15, 0, 0),
    (16, 0, 0), (17, 0, 0), (18, 0, 0), (19, 0, 0), (20, 0, 0), (21, 0, 0), (22, 0, 0), (23, 0, 0),
    (24, 0, 0), (25, 0, 0), (26, 0, 0), (27, 0, 0), (28, 0, 0), (29, 0, 0), (30, 0, 0), (31, 0, 0);
