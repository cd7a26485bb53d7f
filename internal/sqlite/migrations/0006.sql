-- What is asked of many calls at once: see callvault.Facts for records and titles. A row holds
-- calls that follow each other in the one order, from (time, id) to the next row. The checksum
-- is that of callvault.FactRow.Checksum. The next step makes those of calls that are there.
CREATE TABLE facts (
	company  INTEGER NOT NULL,
	time     INTEGER NOT NULL,
	id       TEXT    NOT NULL,
	records  BLOB    NOT NULL,
	titles   BLOB    NOT NULL,
	checksum INTEGER NOT NULL,
	PRIMARY KEY (company, time, id)
) STRICT, WITHOUT ROWID;
