-- What was adopted from other pools, and how far that has come.

CREATE TABLE adoptions (
    source TEXT PRIMARY KEY,         -- where the other pool's database is
    last_id INTEGER NOT NULL,        -- its rows up to this one are adopted
    adopted INTEGER NOT NULL,        -- names that were mapped
    kept INTEGER NOT NULL,           -- names that were not, because the key was mapped here already
    left_out INTEGER NOT NULL,       -- names that cannot be mapped
    started_at INTEGER NOT NULL,
    finished_at INTEGER              -- NULL: it goes on
) WITHOUT ROWID;
