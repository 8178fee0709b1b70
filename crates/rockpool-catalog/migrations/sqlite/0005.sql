-- How far the scrub of each store has come, and who is at it.

CREATE TABLE scrubs (
    store TEXT NOT NULL PRIMARY KEY,         -- as the configuration calls it
    after_key TEXT,                   -- this pass is done with what comes up to it; NULL: it begins, or is finished
    started_at INTEGER NOT NULL,
    finished_at INTEGER,              -- NULL: this pass goes on
    blobs INTEGER NOT NULL,           -- that were read in this pass
    read_bytes INTEGER NOT NULL,      -- of those
    findings INTEGER NOT NULL,        -- what was wrong, in all passes
    owner INTEGER NOT NULL,           -- who reads
    lease_until INTEGER NOT NULL      -- and until when nobody else does
);
