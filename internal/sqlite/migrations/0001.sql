-- One row a company. number is how many changes its calls have had; the number
-- of the latest change.
CREATE TABLE companies (
	company INTEGER PRIMARY KEY,
	name    TEXT    NOT NULL UNIQUE,
	number  INTEGER NOT NULL DEFAULT 0
) STRICT;

-- The calls, clustered in the one order: a page is one walk along the leaves.
-- id and workspace are zero-padded to 20 digits; workspace is '' when a call
-- has none; time is in microseconds since 1970, UTC.
CREATE TABLE documents (
	company   INTEGER NOT NULL,
	time      INTEGER NOT NULL,
	id        TEXT    NOT NULL,
	workspace TEXT    NOT NULL,
	document  TEXT    NOT NULL,
	PRIMARY KEY (company, time, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX documents_by_workspace ON documents (company, workspace, time, id);

-- Where the call with an id stands, and the number of its latest change. A row
-- without a time is a tombstone. A table rather than an index of documents,
-- because a batch fills it in the order of ids and documents in the order of
-- time, so that each page of either is written once.
CREATE TABLE ids (
	company INTEGER NOT NULL,
	id      TEXT    NOT NULL,
	number  INTEGER NOT NULL,
	time    INTEGER,
	PRIMARY KEY (company, id)
) STRICT, WITHOUT ROWID;

-- How many calls fall into a bucket of time, for the whole company (workspace
-- '') and for each workspace. The widths of the levels are those of
-- callvault.Time.Buckets.
CREATE TABLE counts (
	company   INTEGER NOT NULL,
	workspace TEXT    NOT NULL,
	level     INTEGER NOT NULL,
	bucket    INTEGER NOT NULL,
	calls     INTEGER NOT NULL,
	PRIMARY KEY (company, workspace, level, bucket)
) STRICT, WITHOUT ROWID;

-- Credentials. scopes are separated by spaces; times are in microseconds.
CREATE TABLE keys (
	id      TEXT    NOT NULL PRIMARY KEY,
	kind    TEXT    NOT NULL,
	company INTEGER NOT NULL REFERENCES companies,
	scopes  TEXT    NOT NULL,
	digest  BLOB    NOT NULL,
	created INTEGER NOT NULL,
	expires INTEGER,
	revoked INTEGER
) STRICT, WITHOUT ROWID;

-- Requests that a company made on a day (days since 1970, UTC).
CREATE TABLE quotas (
	company INTEGER NOT NULL,
	day     INTEGER NOT NULL,
	used    INTEGER NOT NULL,
	PRIMARY KEY (company, day)
) STRICT, WITHOUT ROWID;

-- The one row of what belongs to the store as a whole. id tells it from other
-- stores; keys_version is drawn anew with every change of keys.
CREATE TABLE store (
	one           INTEGER PRIMARY KEY CHECK (one = 1),
	id            BLOB    NOT NULL,
	cursor_secret BLOB    NOT NULL,
	keys_version  BLOB    NOT NULL
) STRICT;

INSERT INTO store (one, id, cursor_secret, keys_version) VALUES (1, randomblob(16), randomblob(32), randomblob(8));

-- For people who use SQL: one typed column a field of the contract.
CREATE VIEW calls AS
SELECT
	c.name                                            AS company,
	ltrim(substr(d.id, 1, 19), '0') || substr(d.id, 20) AS id,
	document ->> '$.url'                              AS url,
	document ->> '$.title'                            AS title,
	document ->> '$.scheduled'                        AS scheduled,
	document ->> '$.started'                          AS started,
	CAST(document ->> '$.duration' AS INTEGER)        AS duration,
	document ->> '$.primaryUserId'                    AS primary_user_id,
	document ->> '$.direction'                        AS direction,
	document ->> '$.system'                           AS system,
	document ->> '$.scope'                            AS scope,
	document ->> '$.media'                            AS media,
	document ->> '$.language'                         AS language,
	document ->> '$.workspaceId'                      AS workspace_id,
	document ->> '$.sdrDisposition'                   AS sdr_disposition,
	document ->> '$.clientUniqueId'                   AS client_unique_id,
	document ->> '$.customData'                       AS custom_data,
	document ->> '$.purpose'                          AS purpose,
	document ->> '$.meetingUrl'                       AS meeting_url,
	document ->> '$.isPrivate'                        AS is_private,
	document ->> '$.calendarEventId'                  AS calendar_event_id,
	d.time                                            AS time,
	document
FROM documents AS d JOIN companies AS c USING (company);
