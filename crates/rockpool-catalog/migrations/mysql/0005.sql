-- What changed since the catalog was last written down beside the blobs, in the order of the changes.

CREATE TABLE IF NOT EXISTS changes (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    bucket_id BIGINT,                -- NULL: members, buckets or access keys changed
    object_key VARBINARY(1024)       -- the name that was mapped, changed or unmapped
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;

-- One row, which everybody writes to who changes members, buckets or access keys: so their changes are committed in the order of
-- their numbers.
CREATE TABLE IF NOT EXISTS accounts_turn (
    id TINYINT NOT NULL PRIMARY KEY,
    turn BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;
INSERT IGNORE INTO accounts_turn (id, turn) VALUES (1, 0);
