-- What changed since the catalog was last written down beside the blobs, in the order of the changes.

CREATE TABLE changes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    bucket_id INTEGER,               -- NULL: members, buckets or access keys changed
    object_key BLOB                  -- the name that was mapped, changed or unmapped
);
