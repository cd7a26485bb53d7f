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
-- What writes. Each function is one company's, which is its first argument.
--
-- They keep one plan for as long as a connection lasts, or until
-- the next ANALYZE. It may be made while there is next to nothing in the tables,
-- when to read all of it is cheapest, and be kept while an import fills them. So
-- each statement leaves no choice but the key: look-ups are lateral, rows are
-- deleted one at a time, and tables are not read whole, whatever it seems to cost.
--
-- No statement subscripts an array: Citus can't write such a statement out for a
-- shard, and a variable that a statement names goes there whole, as text. So what
-- is done row by row names the fields of a record.

-- make_company makes a company unless it is there, and tells whether it did. It
-- looks first: an insert that conflicts with a row waits for the writer who is
-- changing it, and a quota must not wait for a batch.
CREATE FUNCTION callvault.make_company(the_company text)
RETURNS boolean LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
BEGIN
	IF EXISTS (SELECT FROM callvault.companies WHERE company = the_company) THEN
		RETURN false;
	END IF;
	INSERT INTO callvault.companies (company) VALUES (the_company) ON CONFLICT DO NOTHING;
	RETURN FOUND;
END $$;

-- add_counts counts calls that came and calls that went. They are summed by the
-- finest bucket first, so that the rest is done for a few rows and not for each
-- call.
CREATE FUNCTION callvault.add_counts(the_company text, new_times bigint[], new_workspaces text[], old_times bigint[], old_workspaces text[])
RETURNS void LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan
	SET enable_seqscan = off AS $$
DECLARE
	gone record;
BEGIN
	INSERT INTO callvault.counts AS c (company, workspace, level, bucket, calls)
	SELECT the_company, w.workspace, l.level, f.bucket >> l.shift, sum(f.calls)
	FROM (
		SELECT workspace, time >> 28 AS bucket, sum(sign) AS calls
		FROM (
			SELECT n.time, n.workspace, 1 AS sign FROM unnest(new_times, new_workspaces) AS n (time, workspace)
			UNION ALL
			SELECT o.time, o.workspace, -1 FROM unnest(old_times, old_workspaces) AS o (time, workspace) WHERE o.time IS NOT NULL
		) AS t
		GROUP BY 1, 2 HAVING sum(sign) <> 0
	) AS f
	CROSS JOIN (VALUES (0, 0), (1, 6), (2, 12)) AS l (level, shift)
	CROSS JOIN LATERAL (VALUES (''), (nullif(f.workspace, ''))) AS w (workspace)
	WHERE w.workspace IS NOT NULL
	GROUP BY 2, 3, 4 HAVING sum(f.calls) <> 0
	ORDER BY 2, 3, 4
	ON CONFLICT (company, workspace, level, bucket) DO UPDATE SET calls = c.calls + excluded.calls;

	FOR gone IN
		SELECT DISTINCT w.workspace, l.level, o.time >> l.shift AS bucket
		FROM unnest(old_times, old_workspaces) AS o (time, workspace)
		CROSS JOIN (VALUES (0, 28), (1, 34), (2, 40)) AS l (level, shift)
		CROSS JOIN LATERAL (VALUES (''), (o.workspace)) AS w (workspace)
		WHERE o.time IS NOT NULL
	LOOP
		DELETE FROM callvault.counts
		WHERE company = the_company AND workspace = gone.workspace AND level = gone.level AND bucket = gone.bucket AND calls = 0;
	END LOOP;
END $$;

-- put_batch writes a batch, all or none: see callvault.Calls. The calls stand in
-- the one order, which is that of documents; the numbers follow it. The result
-- is how many were created and how many were changed: one value, because Citus
-- hands over to a shard only calls of functions that are all that is selected.
-- It is called outside of a transaction block, so that its locks end with its
-- one round trip, but for the parts of a large batch.
--
-- The company's row is locked in a statement of its own, first: at READ
-- COMMITTED each statement sees what was committed before it began, so what
-- follows sees what the writer before has done. One statement that locks and
-- reads would read from before it waited.
--
-- What is to be written of the batch is put into arrays of its own, which are then
-- read side by side; each statement writes one table, as Citus asks for.
CREATE FUNCTION callvault.put_batch(the_company text, new_ids text[], new_times bigint[], new_workspaces text[], new_documents text[])
RETURNS bigint[] LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan
	SET enable_seqscan = off AS $$
DECLARE
	last_number bigint;
	the_ids text[]; -- of the calls that are to be written
	the_times bigint[];
	the_workspaces text[];
	the_documents text[];
	old_times bigint[]; -- where each of them stood; NULL when it is new
	old_workspaces text[];
	created bigint;
	moved record;
BEGIN
	PERFORM callvault.make_company(the_company);
	SELECT number INTO last_number FROM callvault.companies WHERE company = the_company FOR UPDATE;

	SELECT array_agg(n.id), array_agg(n.time), array_agg(n.workspace), array_agg(n.document),
		array_agg(n.old_time), array_agg(n.old_workspace), count(*) FILTER (WHERE n.old_time IS NULL)
	INTO the_ids, the_times, the_workspaces, the_documents, old_times, old_workspaces, created
	FROM (
		SELECT b.id, b.time, b.workspace, b.document, old.time AS old_time, old.workspace AS old_workspace
		FROM unnest(new_ids, new_times, new_workspaces, new_documents) WITH ORDINALITY AS b (id, time, workspace, document, place)
		LEFT JOIN LATERAL (
			SELECT i.time, i.workspace FROM callvault.ids AS i
			WHERE i.company = the_company AND i.id = b.id
			OFFSET 0 -- one look at each key, in this order, whatever the planner thinks of the tables
		) AS at ON true
		LEFT JOIN LATERAL (
			SELECT d.time, d.workspace, d.document FROM callvault.documents AS d
			WHERE d.company = the_company AND d.workspace = at.workspace AND d.time = at.time AND d.id = b.id
			OFFSET 0
		) AS old ON true
		WHERE old.document IS DISTINCT FROM b.document OR old.time <> b.time OR old.workspace <> b.workspace
		ORDER BY b.place
	) AS n;
	IF the_ids IS NULL THEN
		RETURN ARRAY[0, 0];
	END IF;

	FOR moved IN
		SELECT n.id, n.old_time, n.old_workspace
		FROM unnest(the_ids, the_times, old_times, old_workspaces) AS n (id, time, old_time, old_workspace)
		WHERE n.old_time <> n.time
	LOOP
		DELETE FROM callvault.documents
		WHERE company = the_company AND workspace = moved.old_workspace AND time = moved.old_time AND id = moved.id;
	END LOOP;
	INSERT INTO callvault.documents (company, time, id, workspace, document)
	SELECT the_company, n.time, n.id, n.workspace, n.document
	FROM unnest(the_times, the_ids, the_workspaces, the_documents) AS n (time, id, workspace, document)
	ON CONFLICT (company, time, id) DO UPDATE SET workspace = excluded.workspace, document = excluded.document;

	INSERT INTO callvault.ids (company, id, number, time, workspace)
	SELECT the_company, n.id, last_number + n.place, n.time, n.workspace
	FROM unnest(the_ids, the_times, the_workspaces) WITH ORDINALITY AS n (id, time, workspace, place)
	ORDER BY 2
	ON CONFLICT (company, id) DO UPDATE SET number = excluded.number, time = excluded.time, workspace = excluded.workspace;

	PERFORM callvault.add_counts(the_company, the_times, the_workspaces, old_times, old_workspaces);
	last_number := last_number + cardinality(the_ids);
	UPDATE callvault.companies SET number = last_number WHERE company = the_company;
	RETURN ARRAY[created, cardinality(the_ids) - created];
END $$;

-- bury deletes calls that are there, found under the lock of the company's row,
-- and leaves their ids with the next numbers.
CREATE FUNCTION callvault.bury(the_company text, last_number bigint, the_ids text[], the_times bigint[], the_workspaces text[])
RETURNS bigint LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan
	SET enable_seqscan = off AS $$
DECLARE
	gone record;
BEGIN
	IF coalesce(cardinality(the_ids), 0) = 0 THEN
		RETURN 0;
	END IF;
	FOR gone IN
		SELECT g.id, g.time, g.workspace FROM unnest(the_ids, the_times, the_workspaces) AS g (id, time, workspace)
	LOOP
		DELETE FROM callvault.documents
		WHERE company = the_company AND workspace = gone.workspace AND time = gone.time AND id = gone.id;
	END LOOP;
	INSERT INTO callvault.ids (company, id, number)
	SELECT the_company, g.id, last_number + g.place
	FROM unnest(the_ids) WITH ORDINALITY AS g (id, place)
	ON CONFLICT (company, id) DO UPDATE SET number = excluded.number, time = NULL, workspace = NULL;
	PERFORM callvault.add_counts(the_company, '{}', '{}', the_times, the_workspaces);
	last_number := last_number + cardinality(the_ids);
	UPDATE callvault.companies SET number = last_number WHERE company = the_company;
	RETURN cardinality(the_ids);
END $$;

-- delete_calls removes the calls with some ids, and tells how many there were.
CREATE FUNCTION callvault.delete_calls(the_company text, doomed text[])
RETURNS bigint LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan
	SET enable_seqscan = off AS $$
DECLARE
	last_number bigint;
	the_ids text[];
	the_times bigint[];
	the_workspaces text[];
BEGIN
	SELECT number INTO last_number FROM callvault.companies WHERE company = the_company FOR UPDATE;
	SELECT array_agg(g.id), array_agg(at.time), array_agg(at.workspace) INTO the_ids, the_times, the_workspaces
	FROM (SELECT DISTINCT id FROM unnest(doomed) AS u (id)) AS g
	CROSS JOIN LATERAL (
		SELECT i.time, i.workspace FROM callvault.ids AS i
		WHERE i.company = the_company AND i.id = g.id AND i.time IS NOT NULL
		OFFSET 0
	) AS at;
	RETURN callvault.bury(the_company, last_number, the_ids, the_times, the_workspaces);
END $$;

-- delete_first removes the first calls of a range; the empty workspace is every
-- workspace, and a limit of NULL is none. Those of a workspace are read as its
-- pages are: up to the limit, and what is beyond the range is left out.
CREATE FUNCTION callvault.delete_first(the_company text, the_workspace text, the_start bigint, the_end bigint, the_limit bigint)
RETURNS bigint LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan
	SET enable_seqscan = off AS $$
DECLARE
	last_number bigint;
	the_ids text[];
	the_times bigint[];
	the_workspaces text[];
BEGIN
	SELECT number INTO last_number FROM callvault.companies WHERE company = the_company FOR UPDATE;
	IF the_workspace = '' THEN
		SELECT array_agg(id), array_agg(time), array_agg(workspace) INTO the_ids, the_times, the_workspaces
		FROM (SELECT id, time, workspace FROM callvault.documents
			WHERE company = the_company AND (time, id) > (the_start, '') AND time < the_end
			ORDER BY time, id LIMIT the_limit) AS d;
	ELSE
		SELECT array_agg(id), array_agg(time), array_agg(workspace) INTO the_ids, the_times, the_workspaces
		FROM (SELECT id, time, workspace FROM callvault.documents
			WHERE company = the_company AND (workspace, time, id) > (the_workspace, the_start, '') AND workspace <= the_workspace
			ORDER BY workspace, time, id LIMIT the_limit) AS read
		WHERE time < the_end;
	END IF;
	RETURN callvault.bury(the_company, last_number, the_ids, the_times, the_workspaces);
END $$;

-- take_quota takes up to wanted requests from what is left of a day. The row is
-- locked before it is looked at, as in put_batch.
CREATE FUNCTION callvault.take_quota(the_company text, the_day int, the_limit bigint, wanted bigint, kept_days int)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	taken bigint;
BEGIN
	PERFORM callvault.make_company(the_company);
	LOOP -- another process may forget an old day between the two statements
		INSERT INTO callvault.quotas (company, day, used) VALUES (the_company, the_day, 0) ON CONFLICT DO NOTHING;
		SELECT greatest(0, least(wanted, the_limit - used)) INTO taken
		FROM callvault.quotas WHERE company = the_company AND day = the_day FOR UPDATE;
		EXIT WHEN FOUND;
	END LOOP;
	IF taken > 0 THEN
		UPDATE callvault.quotas SET used = used + taken WHERE company = the_company AND day = the_day;
		DELETE FROM callvault.quotas WHERE company = the_company AND day < the_day - kept_days;
	END IF;
	RETURN taken;
END $$;

-- take_second takes up to wanted requests from a bucket that holds per_second and
-- is filled by as many in a second. It returns two numbers: how many it took, and
-- where these are fewer than wanted, in how many microseconds there is another.
-- Processes have clocks of their own, so the server's is looked at, under the
-- lock. A bucket that is to be full in more than a second was taken from before
-- the clock was set back: it is empty.
CREATE FUNCTION callvault.take_second(the_company text, per_second bigint, wanted bigint)
RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
	the_full_at numeric;
	now numeric;
	taken bigint;
	wait bigint := 0;
BEGIN
	LOOP
		SELECT full_at INTO the_full_at FROM callvault.seconds WHERE company = the_company FOR UPDATE;
		EXIT WHEN FOUND;
		INSERT INTO callvault.seconds (company, full_at) VALUES (the_company, 0) ON CONFLICT DO NOTHING;
	END LOOP;
	now := extract(epoch FROM clock_timestamp());
	the_full_at := least(greatest(the_full_at, now), now + 1);
	taken := greatest(0, least(wanted, floor((now + 1 - the_full_at) * per_second)));
	IF taken > 0 THEN
		the_full_at := the_full_at + taken::numeric / per_second;
		UPDATE callvault.seconds SET full_at = the_full_at WHERE company = the_company;
	END IF;
	IF taken < wanted THEN
		wait := greatest(1, ceil((the_full_at - now - 1 + 1::numeric / per_second) * 1000000));
	END IF;
	RETURN ARRAY[taken, wait];
END $$;

-- load_records writes records of another store with the numbers they have
-- there; a record without a time is a tombstone. It returns whether the first
-- number is above the company's latest, and has written nothing when it is not.
CREATE FUNCTION callvault.load_records(the_company text, new_numbers bigint[], new_ids text[], new_times bigint[], new_workspaces text[], new_documents text[])
RETURNS boolean LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan
	SET enable_seqscan = off AS $$
DECLARE
	last_number bigint;
	old_times bigint[]; -- where each of them stood; NULL when it did not
	old_workspaces text[];
	old record;
BEGIN
	PERFORM callvault.make_company(the_company);
	SELECT number INTO last_number FROM callvault.companies WHERE company = the_company FOR UPDATE;
	IF cardinality(new_numbers) = 0 THEN
		RETURN true;
	END IF;
	IF new_numbers[1] <= last_number THEN
		RETURN false;
	END IF;

	SELECT array_agg(at.time ORDER BY b.place), array_agg(at.workspace ORDER BY b.place) INTO old_times, old_workspaces
	FROM unnest(new_ids) WITH ORDINALITY AS b (id, place)
	LEFT JOIN LATERAL (
		SELECT i.time, i.workspace FROM callvault.ids AS i
		WHERE i.company = the_company AND i.id = b.id
		OFFSET 0
	) AS at ON true;

	FOR old IN
		SELECT o.id, o.time, o.workspace FROM unnest(new_ids, old_times, old_workspaces) AS o (id, time, workspace)
		WHERE o.time IS NOT NULL
	LOOP
		DELETE FROM callvault.documents
		WHERE company = the_company AND workspace = old.workspace AND time = old.time AND id = old.id;
	END LOOP;
	INSERT INTO callvault.documents (company, time, id, workspace, document)
	SELECT the_company, n.time, n.id, n.workspace, n.document
	FROM unnest(new_times, new_ids, new_workspaces, new_documents) AS n (time, id, workspace, document)
	WHERE n.time IS NOT NULL
	ORDER BY 2, 3;

	INSERT INTO callvault.ids (company, id, number, time, workspace)
	SELECT the_company, n.id, n.number, n.time, CASE WHEN n.time IS NOT NULL THEN n.workspace END
	FROM unnest(new_ids, new_numbers, new_times, new_workspaces) AS n (id, number, time, workspace)
	ORDER BY 2
	ON CONFLICT (company, id) DO UPDATE SET number = excluded.number, time = excluded.time, workspace = excluded.workspace;

	PERFORM callvault.add_counts(the_company,
		ARRAY(SELECT n.time FROM unnest(new_times, new_workspaces) AS n (time, workspace) WHERE n.time IS NOT NULL),
		ARRAY(SELECT n.workspace FROM unnest(new_times, new_workspaces) AS n (time, workspace) WHERE n.time IS NOT NULL),
		old_times, old_workspaces);
	last_number := new_numbers[cardinality(new_numbers)];
	UPDATE callvault.companies SET number = last_number WHERE company = the_company;
	RETURN true;
END $$;
