-- Blob stores beside the first, and what is still to be done at each.

-- Empty while there are no replicas: then the store called `main` is the primary.
CREATE TABLE stores (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,       -- as the configuration calls it
    role INTEGER NOT NULL,           -- 0 primary, 1 replica
    since INTEGER NOT NULL,          -- when it was enlisted
    filled_to INTEGER                -- blobs up to this id are queued for it; NULL: all that were there when it came
);

-- Work that is left, a row for each blob and store. What is done has no row.
CREATE TABLE copies (
    name BLOB NOT NULL,              -- 8 bytes of scope, then the SHA-512
    store_id INTEGER NOT NULL,
    action INTEGER NOT NULL,         -- 0 copy the blob there, 1 remove it there
    renew INTEGER NOT NULL,          -- 1: what is there under its name is damaged
    size INTEGER NOT NULL,
    queued_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,         -- not to be touched before; while somebody works on it, the end of the lease
    attempts INTEGER NOT NULL,       -- that failed
    owner INTEGER,                   -- who works on it; NULL: nobody
    settled_at INTEGER,              -- from then on no removal that was begun can still be carried out
    PRIMARY KEY (name, store_id)
) WITHOUT ROWID;
CREATE INDEX copies_by_due ON copies (store_id, action, due_at);
