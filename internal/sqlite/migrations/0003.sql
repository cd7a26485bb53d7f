-- Users and workspaces, as they were imported. kind is that of callvault.Kind, id is
-- zero-padded to 20 digits, checksum is that of callvault.Entry.Checksum.
CREATE TABLE directory (
	company  INTEGER NOT NULL,
	kind     TEXT    NOT NULL,
	id       TEXT    NOT NULL,
	checksum INTEGER NOT NULL,
	document TEXT    NOT NULL,
	PRIMARY KEY (company, kind, id)
) STRICT, WITHOUT ROWID;
