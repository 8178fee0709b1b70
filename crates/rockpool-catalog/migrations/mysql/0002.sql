-- What was adopted from other pools, and how far that has come.

CREATE TABLE IF NOT EXISTS adoptions (
    source VARCHAR(512) NOT NULL PRIMARY KEY, -- where the other pool's database is
    last_id BIGINT NOT NULL,         -- its rows up to this one are adopted
    adopted BIGINT NOT NULL,         -- names that were mapped
    kept BIGINT NOT NULL,            -- names that were not, because the key was mapped here already
    left_out BIGINT NOT NULL,        -- names that cannot be mapped
    started_at BIGINT NOT NULL,
    finished_at BIGINT               -- NULL: it goes on
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;
