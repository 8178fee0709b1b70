-- How far the scrub of each store has come, and who is at it.

CREATE TABLE IF NOT EXISTS scrubs (
    store VARCHAR(128) NOT NULL PRIMARY KEY, -- as the configuration calls it
    after_key VARCHAR(512),           -- this pass is done with what comes up to it; NULL: it begins, or is finished
    started_at BIGINT NOT NULL,
    finished_at BIGINT,              -- NULL: this pass goes on
    blobs BIGINT NOT NULL,           -- that were read in this pass
    read_bytes BIGINT NOT NULL,      -- of those
    findings BIGINT NOT NULL,        -- what was wrong, in all passes
    owner BIGINT NOT NULL,           -- who reads
    lease_until BIGINT NOT NULL      -- and until when nobody else does
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;
