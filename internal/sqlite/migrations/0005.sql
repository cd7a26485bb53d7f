-- Mirrors: see callvault.MirrorState.

-- The lease of a company's mirror. The row of a mirror that was ended has no upstream: it stays
-- because its number may not be used again.
CREATE TABLE mirrors (
	company  INTEGER PRIMARY KEY,
	upstream TEXT    NOT NULL,
	holder   TEXT    NOT NULL,
	number   INTEGER NOT NULL,
	renewed  INTEGER NOT NULL
) STRICT;

-- What a mirror remembers, as JSON. The checksum is that of callvault.ValueChecksum.
CREATE TABLE mirror_values (
	company  INTEGER NOT NULL,
	key      TEXT    NOT NULL,
	checksum INTEGER NOT NULL,
	value    TEXT    NOT NULL,
	PRIMARY KEY (company, key)
) STRICT, WITHOUT ROWID;

-- The calls that stand apart when a mirror compares totals. kind is that of
-- callvault.Apartness; counted is the time at which the upstream counts the call, and here the
-- time at which it is here.
CREATE TABLE apart (
	company INTEGER NOT NULL,
	id      TEXT    NOT NULL,
	kind    INTEGER NOT NULL,
	counted INTEGER,
	here    INTEGER,
	PRIMARY KEY (company, id),
	CHECK (CASE kind
		WHEN 1 THEN counted IS NULL AND here IS NOT NULL
		WHEN 2 THEN counted IS NULL AND here IS NOT NULL
		WHEN 3 THEN here IS NULL
		WHEN 4 THEN counted IS NOT NULL AND here IS NOT NULL
		ELSE false END)
) STRICT, WITHOUT ROWID;

CREATE INDEX apart_by_counted ON apart (company, counted) WHERE counted IS NOT NULL;
CREATE INDEX apart_by_here ON apart (company, here) WHERE here IS NOT NULL;

-- What a reader of changes needs of an id is in the index, so that a page of changes reads one
-- table and not two.
DROP INDEX ids_by_number;
CREATE INDEX ids_by_number ON ids (company, number, time, checksum);
