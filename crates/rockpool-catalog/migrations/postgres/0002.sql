-- What was adopted from other pools, and how far that has come.

CREATE TABLE adoptions (
    source TEXT COLLATE "C" PRIMARY KEY, -- where the other pool's database is
    last_id BIGINT NOT NULL,         -- its rows up to this one are adopted
    adopted BIGINT NOT NULL,         -- names that were mapped
    kept BIGINT NOT NULL,            -- names that were not, because the key was mapped here already
    left_out BIGINT NOT NULL,        -- names that cannot be mapped
    started_at BIGINT NOT NULL,
    finished_at BIGINT               -- NULL: it goes on
);
