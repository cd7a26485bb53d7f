-- Users and workspaces, as they were imported. kind is that of callvault.Kind, id is
-- zero-padded to 20 digits, checksum is that of callvault.Entry.Checksum.
CREATE TABLE callvault.directory (
	company  text   COLLATE "C" NOT NULL,
	kind     text   COLLATE "C" NOT NULL,
	id       text   COLLATE "C" NOT NULL,
	checksum bigint NOT NULL,
	document text   NOT NULL,
	PRIMARY KEY (company, kind, id)
);
