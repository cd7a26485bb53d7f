-- Everything stands in a schema of its own and is named with it, so that the
-- search path of a connection does not matter.

-- One row a company. number is how many changes its calls have had; the number
-- of the latest change. A writer locks this row before it looks at anything.
CREATE TABLE callvault.companies (
	company text   COLLATE "C" PRIMARY KEY,
	number  bigint NOT NULL DEFAULT 0
);

-- The calls. id and workspace are zero-padded to 20 digits; workspace is ''
-- when a call has none; time is in microseconds since 1970, UTC.
CREATE TABLE callvault.documents (
	company   text   COLLATE "C" NOT NULL,
	time      bigint NOT NULL,
	id        text   COLLATE "C" NOT NULL,
	workspace text   COLLATE "C" NOT NULL,
	document  text   NOT NULL,
	PRIMARY KEY (company, time, id)
);

CREATE INDEX documents_by_workspace ON callvault.documents (company, workspace, time, id);

-- Where the call with an id stands, and the number of its latest change. A row
-- without a time is a tombstone. The workspace is here so that a call can be
-- looked for by the whole of either key of documents: a plan that is made while
-- there are few calls may take either.
CREATE TABLE callvault.ids (
	company   text   COLLATE "C" NOT NULL,
	id        text   COLLATE "C" NOT NULL,
	number    bigint NOT NULL,
	time      bigint,
	workspace text   COLLATE "C",
	PRIMARY KEY (company, id)
);

-- How many calls fall into a bucket of time, for the whole company (workspace
-- '') and for each workspace. The widths of the levels are those of
-- callvault.Time.Buckets.
CREATE TABLE callvault.counts (
	company   text   COLLATE "C" NOT NULL,
	workspace text   COLLATE "C" NOT NULL,
	level     int    NOT NULL,
	bucket    bigint NOT NULL,
	calls     bigint NOT NULL,
	PRIMARY KEY (company, workspace, level, bucket)
);

-- Requests that a company made on a day (days since 1970, UTC).
CREATE TABLE callvault.quotas (
	company text   COLLATE "C" NOT NULL,
	day     int    NOT NULL,
	used    bigint NOT NULL,
	PRIMARY KEY (company, day)
);

-- When a company's bucket of requests to the second is full again, in seconds
-- since 1970. It is worth nothing a second later, so it is not logged: no request
-- waits for the disk, and after a crash of the server, or when a standby takes its
-- place, every bucket is full.
CREATE UNLOGGED TABLE callvault.seconds (
	company text    COLLATE "C" PRIMARY KEY,
	full_at numeric NOT NULL
);

-- Credentials. scopes are separated by spaces; times are in microseconds.
CREATE TABLE callvault.keys (
	id      text   COLLATE "C" PRIMARY KEY,
	kind    text   NOT NULL,
	company text   COLLATE "C" NOT NULL,
	scopes  text   NOT NULL,
	digest  bytea  NOT NULL,
	created bigint NOT NULL,
	expires bigint,
	revoked bigint
);

-- The one row of what belongs to the store as a whole. id tells it from other
-- stores; keys_version is drawn anew with every change of keys.
CREATE TABLE callvault.store (
	one           int   PRIMARY KEY CHECK (one = 1),
	id            bytea NOT NULL,
	cursor_secret bytea NOT NULL,
	keys_version  bytea NOT NULL
);

-- For people who use SQL: one typed column a field of the contract.
CREATE VIEW callvault.calls AS
SELECT
	d.company,
	ltrim(substr(d.id, 1, 19), '0') || substr(d.id, 20) AS id,
	j ->> 'url'                     AS url,
	j ->> 'title'                   AS title,
	j ->> 'scheduled'               AS scheduled,
	j ->> 'started'                 AS started,
	(j ->> 'duration')::bigint      AS duration,
	j ->> 'primaryUserId'           AS primary_user_id,
	j ->> 'direction'               AS direction,
	j ->> 'system'                  AS system,
	j ->> 'scope'                   AS scope,
	j ->> 'media'                   AS media,
	j ->> 'language'                AS language,
	j ->> 'workspaceId'             AS workspace_id,
	j ->> 'sdrDisposition'          AS sdr_disposition,
	j ->> 'clientUniqueId'          AS client_unique_id,
	j ->> 'customData'              AS custom_data,
	j ->> 'purpose'                 AS purpose,
	j ->> 'meetingUrl'              AS meeting_url,
	(j ->> 'isPrivate')::boolean    AS is_private,
	j ->> 'calendarEventId'         AS calendar_event_id,
	d.time,
	d.document
FROM callvault.documents AS d CROSS JOIN LATERAL (SELECT d.document::json AS j) AS parsed;
