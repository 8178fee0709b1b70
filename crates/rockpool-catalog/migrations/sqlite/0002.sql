-- Columns that the database servers need, so that one body of SQL serves all.
--
-- `key` is a word of MySQL's. `turn` is written by those who must come one after the other; `slot` spreads the counts
-- of a bucket over rows, of which SQLite, where one transaction at a time writes, needs only 0.

ALTER TABLE objects RENAME COLUMN key TO object_key;
ALTER TABLE uploads RENAME COLUMN key TO object_key;
ALTER TABLE members ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;
ALTER TABLE buckets ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;
ALTER TABLE bucket_usage ADD COLUMN slot INTEGER NOT NULL DEFAULT 0;
