-- Blob stores beside the first, and what is still to be done at each.

-- Empty while there are no replicas: then the store called `main` is the primary.
CREATE TABLE IF NOT EXISTS stores (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    name VARCHAR(128) NOT NULL,      -- as the configuration calls it
    role TINYINT NOT NULL,           -- 0 primary, 1 replica
    since BIGINT NOT NULL,           -- when it was enlisted
    filled_to BIGINT,                -- blobs up to this id are queued for it; NULL: all that were there when it came
    UNIQUE KEY stores_by_name (name)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;

-- Work that is left, a row for each blob and store. What is done has no row.
CREATE TABLE IF NOT EXISTS copies (
    name VARBINARY(72) NOT NULL,     -- 8 bytes of scope, then the SHA-512
    store_id BIGINT NOT NULL,
    action TINYINT NOT NULL,         -- 0 copy the blob there, 1 remove it there
    renew TINYINT NOT NULL,          -- 1: what is there under its name is damaged
    size BIGINT NOT NULL,
    queued_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,          -- not to be touched before; while somebody works on it, the end of the lease
    attempts BIGINT NOT NULL,        -- that failed
    owner BIGINT,                    -- who works on it; NULL: nobody
    settled_at BIGINT,               -- from then on no removal that was begun can still be carried out
    PRIMARY KEY (name, store_id),
    KEY copies_by_due (store_id, action, due_at)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;
