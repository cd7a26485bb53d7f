-- The names that calls have in a field (see callvault.Field), how many calls have each, and
-- the time of the first of them. name is as callvault.NameKey has it; number is what other
-- rows may have in its place. A name goes with its last call. Those of calls that are there
-- are made by the program, in the same transaction: see names.go.
CREATE TABLE names (
	company INTEGER NOT NULL,
	field   INTEGER NOT NULL,
	number  INTEGER NOT NULL,
	name    TEXT    NOT NULL,
	calls   INTEGER NOT NULL,
	first   INTEGER NOT NULL,
	PRIMARY KEY (company, number),
	UNIQUE (company, field, name)
) STRICT, WITHOUT ROWID;
