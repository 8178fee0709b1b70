-- How far the scrub of each store has come, and who is at it.

CREATE TABLE scrubs (
    store TEXT COLLATE "C" PRIMARY KEY,     -- as the configuration calls it
    after_key TEXT COLLATE "C",       -- this pass is done with what comes up to it; NULL: it begins, or is finished
    started_at BIGINT NOT NULL,
    finished_at BIGINT,              -- NULL: this pass goes on
    blobs BIGINT NOT NULL,           -- that were read in this pass
    read_bytes BIGINT NOT NULL,      -- of those
    findings BIGINT NOT NULL,        -- what was wrong, in all passes
    owner BIGINT NOT NULL,           -- who reads
    lease_until BIGINT NOT NULL      -- and until when nobody else does
);
