-- Checksums, digests, numbers and timelines. What is in the new columns of rows that
-- are there is computed by the program, in the same transaction: see fill.go.

-- The view would follow the renamed table, and is right again when the new one has the name.
PRAGMA legacy_alter_table = ON;

-- A row gains the number that its id has, and checksum: that of callvault.Record.Checksum.
-- The table is written again, in its order, rather than changed in place, where each page
-- would be full and be divided.
DROP INDEX documents_by_workspace;
ALTER TABLE documents RENAME TO documents_before;
CREATE TABLE documents (
	company   INTEGER NOT NULL,
	time      INTEGER NOT NULL,
	id        TEXT    NOT NULL,
	workspace TEXT    NOT NULL,
	number    INTEGER NOT NULL,
	checksum  INTEGER NOT NULL,
	document  TEXT    NOT NULL,
	PRIMARY KEY (company, time, id)
) STRICT, WITHOUT ROWID;

-- The checksum of a tombstone; NULL where documents has it.
ALTER TABLE ids ADD COLUMN checksum INTEGER;

-- digest is the sum of the checksums in a bucket, modulo 2^64; number is that of the last
-- change in it, also of one that left it empty. The widths are those of
-- callvault.BucketWidth.
DROP TABLE counts;
CREATE TABLE counts (
	company   INTEGER NOT NULL,
	workspace TEXT    NOT NULL,
	level     INTEGER NOT NULL,
	bucket    INTEGER NOT NULL,
	calls     INTEGER NOT NULL,
	digest    INTEGER NOT NULL,
	number    INTEGER NOT NULL,
	PRIMARY KEY (company, workspace, level, bucket)
) STRICT, WITHOUT ROWID;

-- Where each history of a company's numbers began. A company whose fork is 1 begins the
-- next one with its next change.
CREATE TABLE timelines (
	company INTEGER NOT NULL,
	number  INTEGER NOT NULL,
	id      BLOB    NOT NULL,
	PRIMARY KEY (company, number)
) STRICT, WITHOUT ROWID;
ALTER TABLE companies ADD COLUMN fork INTEGER NOT NULL DEFAULT 0;

-- used is the day of the last use, since 1970, UTC. The checksum covers the rest, and the
-- company's name.
ALTER TABLE keys ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE keys ADD COLUMN used INTEGER;
ALTER TABLE keys ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
