-- What changed since the catalog was last written down beside the blobs, in the order of the changes.

CREATE TABLE changes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    bucket_id INTEGER,               -- NULL: members, buckets or access keys changed
    object_key BLOB                  -- the name that was mapped, changed or unmapped
);

-- One row, which everybody writes to who changes members, buckets or access keys: so their changes are committed in the order of
-- their numbers.
CREATE TABLE accounts_turn (turn INTEGER NOT NULL);
INSERT INTO accounts_turn (turn) VALUES (0);
