-- Checksums, digests, timelines, and buckets of the clock. The program fills the new
-- columns of rows that are there in the same transaction: see fill.go. Programs that
-- know older schemas can't use this one.

-- number is that of the call's latest change, checksum what callvault.Record.Checksum
-- gives. In ids a tombstone has one too, and a call has none.
ALTER TABLE callvault.documents ADD COLUMN number bigint, ADD COLUMN checksum bigint;
ALTER TABLE callvault.ids ADD COLUMN checksum bigint;
CREATE INDEX ids_by_number ON callvault.ids (company, number);

-- digest is the sum of the calls' checksums, of which the remainder by 2^64 counts.
-- number is that of the last change in the bucket, also one that moved a call out of it. A row
-- stays when its calls have gone. The count has a new name so that programs of older
-- schemas, whose buckets were others, fail and do not count wrongly.
TRUNCATE callvault.counts;
ALTER TABLE callvault.counts RENAME COLUMN calls TO total;
ALTER TABLE callvault.counts ADD COLUMN digest numeric NOT NULL, ADD COLUMN number bigint NOT NULL;

-- The timelines of a company: see callvault.Timeline.
CREATE TABLE callvault.timelines (
	company text   COLLATE "C" NOT NULL,
	number  bigint NOT NULL,
	id      bytea  NOT NULL,
	PRIMARY KEY (company, number)
);

-- fork tells that the next change of a call begins a timeline, and server which server
-- made the last one.
ALTER TABLE callvault.companies ADD COLUMN fork boolean NOT NULL DEFAULT true, ADD COLUMN server text NOT NULL DEFAULT '';

-- used is the day of the last use, in days since 1970.
ALTER TABLE callvault.keys ADD COLUMN name text NOT NULL DEFAULT '', ADD COLUMN used int, ADD COLUMN checksum bigint;

-- How many bytes the tables take, with their indexes.
CREATE VIEW callvault.size AS
	SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint AS bytes FROM pg_class
	WHERE relnamespace = 'callvault'::regnamespace AND relkind = 'r';

DROP FUNCTION IF EXISTS callvault.put_batch(text, text[], bigint[], text[], text[]);
DROP FUNCTION IF EXISTS callvault.delete_calls(text, text[]);
DROP FUNCTION IF EXISTS callvault.delete_first(text, text, bigint, bigint, bigint);
DROP FUNCTION IF EXISTS callvault.load_records(text, bigint[], text[], bigint[], text[], text[]);
DROP FUNCTION IF EXISTS callvault.bury(text, bigint, text[], bigint[], text[]);
DROP FUNCTION IF EXISTS callvault.add_counts(text, bigint[], text[], bigint[], text[]);

-- What writes calls. Each function is one company's, which is its first argument.
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

-- server_of tells the server that has a company, and the tables there, from others: a
-- standby that is promoted or a restore to a point in time has another timeline of the
-- log, a dump that is read in has other tables, and a database made from a template is
-- another one.
CREATE FUNCTION callvault.server_of(the_company text)
RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws('/', (pg_control_system()).system_identifier, left(pg_walfile_name(pg_current_wal_lsn()), 8),
		(SELECT oid FROM pg_database WHERE datname = current_database()), 'callvault.companies'::regclass::oid)
$$;

-- begin_timeline begins a timeline with the change after a number, where one is due.
CREATE FUNCTION callvault.begin_timeline(the_company text, last_number bigint)
RETURNS void LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
	the_server text;
BEGIN
	SELECT s.server INTO the_server
	FROM (SELECT fork, server AS last_server, callvault.server_of(company) AS server
		FROM callvault.companies WHERE company = the_company OFFSET 0) AS s
	WHERE s.fork OR s.server <> s.last_server;
	IF FOUND THEN
		INSERT INTO callvault.timelines (company, number, id)
		VALUES (the_company, last_number, substr(sha256(uuid_send(gen_random_uuid())), 1, 8))
		ON CONFLICT (company, number) DO UPDATE SET id = excluded.id;
		UPDATE callvault.companies SET fork = false, server = the_server WHERE company = the_company;
	END IF;
END $$;

-- make_company makes a company unless it is there, and tells whether it did. It
-- looks first: an insert that conflicts with a row waits for the writer who is
-- changing it, and a quota must not wait for a batch.
CREATE OR REPLACE FUNCTION callvault.make_company(the_company text)
RETURNS boolean LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
BEGIN
	IF EXISTS (SELECT FROM callvault.companies WHERE company = the_company) THEN
		RETURN false;
	END IF;
	INSERT INTO callvault.companies (company) VALUES (the_company) ON CONFLICT DO NOTHING;
	IF NOT FOUND THEN
		RETURN false;
	END IF;
	PERFORM callvault.begin_timeline(the_company, 0);
	RETURN true;
END $$;

-- add_counts counts changes: of each its number, the call that came and the one that
-- went. They are summed by the finest bucket first, so that the rest is done for a few
-- rows and not for each call.
CREATE FUNCTION callvault.add_counts(the_company text, numbers bigint[],
	new_times bigint[], new_workspaces text[], new_checksums bigint[],
	old_times bigint[], old_workspaces text[], old_checksums bigint[])
RETURNS void LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan
	SET enable_seqscan = off AS $$
BEGIN
	INSERT INTO callvault.counts AS c (company, workspace, level, bucket, total, digest, number)
	SELECT the_company, w.workspace, l.level, (f.bucket - CASE WHEN f.bucket < 0 THEN l.ratio - 1 ELSE 0 END) / l.ratio,
		sum(f.calls), sum(f.digest), max(f.number)
	FROM (
		SELECT t.workspace, (t.time - CASE WHEN t.time < 0 THEN {width} - 1 ELSE 0 END) / {width} AS bucket,
			sum(t.sign) AS calls, max(n.number) AS number,
			coalesce(sum(t.checksum) FILTER (WHERE t.sign > 0), 0) - coalesce(sum(t.checksum) FILTER (WHERE t.sign < 0), 0) AS digest
		FROM unnest(numbers, new_times, new_workspaces, new_checksums, old_times, old_workspaces, old_checksums)
			AS n (number, new_time, new_workspace, new_checksum, old_time, old_workspace, old_checksum)
		CROSS JOIN LATERAL (VALUES
			(1, n.new_time, n.new_workspace, n.new_checksum),
			(-1, n.old_time, n.old_workspace, n.old_checksum)) AS t (sign, time, workspace, checksum)
		WHERE t.time IS NOT NULL
		GROUP BY 1, 2
	) AS f
	CROSS JOIN (VALUES {ratios}) AS l (level, ratio)
	CROSS JOIN LATERAL (VALUES (''), (nullif(f.workspace, ''))) AS w (workspace)
	WHERE w.workspace IS NOT NULL
	GROUP BY 2, 3, 4
	ORDER BY 2, 3, 4
	ON CONFLICT (company, workspace, level, bucket) DO UPDATE
	SET total = c.total + excluded.total, digest = c.digest + excluded.digest, number = greatest(c.number, excluded.number);
END $$;

-- put_batch writes a batch, all or none: see callvault.Calls. The calls stand in
-- the one order, which is that of documents; the numbers follow it. The checksums are
-- without the numbers. The result
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
-- read side by side; each statement writes one table, as Citus asks for. A row that is
-- not what was written differs from the call in its document or its checksum.
CREATE FUNCTION callvault.put_batch(the_company text, new_ids text[], new_times bigint[], new_workspaces text[], new_documents text[], new_checksums bigint[])
RETURNS bigint[] LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan
	SET enable_seqscan = off AS $$
DECLARE
	last_number bigint;
	the_numbers bigint[]; -- of the calls that are to be written
	the_ids text[];
	the_times bigint[];
	the_workspaces text[];
	the_documents text[];
	the_checksums bigint[];
	old_times bigint[]; -- where each of them stood; NULL when it is new, or its document is lost
	old_workspaces text[];
	old_checksums bigint[];
	created bigint;
	moved record;
BEGIN
	PERFORM callvault.make_company(the_company);
	SELECT number INTO last_number FROM callvault.companies WHERE company = the_company FOR UPDATE;

	SELECT array_agg(n.number), array_agg(n.id), array_agg(n.time), array_agg(n.workspace), array_agg(n.document), array_agg(n.checksum # n.number),
		array_agg(n.old_time), array_agg(n.old_workspace), array_agg(n.old_checksum), count(*) FILTER (WHERE n.is_new)
	INTO the_numbers, the_ids, the_times, the_workspaces, the_documents, the_checksums, old_times, old_workspaces, old_checksums, created
	FROM (
		SELECT last_number + row_number() OVER (ORDER BY b.place) AS number, b.id, b.time, b.workspace, b.document, b.checksum,
			at.time IS NULL AS is_new, old.time AS old_time, old.workspace AS old_workspace, old.checksum AS old_checksum
		FROM unnest(new_ids, new_times, new_workspaces, new_documents, new_checksums) WITH ORDINALITY AS b (id, time, workspace, document, checksum, place)
		LEFT JOIN LATERAL (
			SELECT i.time, i.workspace FROM callvault.ids AS i
			WHERE i.company = the_company AND i.id = b.id
			OFFSET 0 -- one look at each key, in this order, whatever the planner thinks of the tables
		) AS at ON true
		LEFT JOIN LATERAL (
			SELECT d.time, d.workspace, d.document, d.number, d.checksum FROM callvault.documents AS d
			WHERE d.company = the_company AND d.workspace = at.workspace AND d.time = at.time AND d.id = b.id
			OFFSET 0
		) AS old ON true
		WHERE old.document IS DISTINCT FROM b.document OR old.time <> b.time OR old.workspace <> b.workspace
			OR old.checksum # old.number <> b.checksum
		ORDER BY b.place
	) AS n;
	IF the_ids IS NULL THEN
		RETURN ARRAY[0, 0];
	END IF;
	PERFORM callvault.begin_timeline(the_company, last_number);

	FOR moved IN
		SELECT n.id, n.old_time, n.old_workspace
		FROM unnest(the_ids, the_times, old_times, old_workspaces) AS n (id, time, old_time, old_workspace)
		WHERE n.old_time <> n.time
	LOOP
		DELETE FROM callvault.documents
		WHERE company = the_company AND workspace = moved.old_workspace AND time = moved.old_time AND id = moved.id;
	END LOOP;
	INSERT INTO callvault.documents (company, time, id, workspace, document, number, checksum)
	SELECT the_company, n.time, n.id, n.workspace, n.document, n.number, n.checksum
	FROM unnest(the_times, the_ids, the_workspaces, the_documents, the_numbers, the_checksums) AS n (time, id, workspace, document, number, checksum)
	ON CONFLICT (company, time, id) DO UPDATE
	SET workspace = excluded.workspace, document = excluded.document, number = excluded.number, checksum = excluded.checksum;

	INSERT INTO callvault.ids (company, id, number, time, workspace)
	SELECT the_company, n.id, n.number, n.time, n.workspace
	FROM unnest(the_ids, the_numbers, the_times, the_workspaces) AS n (id, number, time, workspace)
	ORDER BY 2
	ON CONFLICT (company, id) DO UPDATE
	SET number = excluded.number, time = excluded.time, workspace = excluded.workspace, checksum = NULL;

	PERFORM callvault.add_counts(the_company, the_numbers, the_times, the_workspaces, the_checksums, old_times, old_workspaces, old_checksums);
	last_number := last_number + cardinality(the_ids);
	UPDATE callvault.companies SET number = last_number WHERE company = the_company;
	RETURN ARRAY[created, cardinality(the_ids) - created];
END $$;

-- delete_calls removes the calls with some ids, none twice, leaves tombstones with the
-- next numbers, and tells how many calls there were. The checksums are those of the
-- tombstones, without the numbers.
CREATE FUNCTION callvault.delete_calls(the_company text, doomed text[], new_checksums bigint[])
RETURNS bigint LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan
	SET enable_seqscan = off AS $$
DECLARE
	last_number bigint;
	the_numbers bigint[];
	the_ids text[];
	the_checksums bigint[];
	old_times bigint[];
	old_workspaces text[];
	old_checksums bigint[];
	gone record;
BEGIN
	SELECT number INTO last_number FROM callvault.companies WHERE company = the_company FOR UPDATE;
	SELECT array_agg(n.number), array_agg(n.id), array_agg(n.checksum # n.number),
		array_agg(n.old_time), array_agg(n.old_workspace), array_agg(n.old_checksum)
	INTO the_numbers, the_ids, the_checksums, old_times, old_workspaces, old_checksums
	FROM (
		SELECT last_number + row_number() OVER (ORDER BY b.place) AS number, b.id, b.checksum,
			old.time AS old_time, old.workspace AS old_workspace, old.checksum AS old_checksum
		FROM unnest(doomed, new_checksums) WITH ORDINALITY AS b (id, checksum, place)
		CROSS JOIN LATERAL (
			SELECT i.time, i.workspace FROM callvault.ids AS i
			WHERE i.company = the_company AND i.id = b.id AND i.time IS NOT NULL
			OFFSET 0
		) AS at
		LEFT JOIN LATERAL (
			SELECT d.time, d.workspace, d.checksum FROM callvault.documents AS d
			WHERE d.company = the_company AND d.workspace = at.workspace AND d.time = at.time AND d.id = b.id
			OFFSET 0
		) AS old ON true
		ORDER BY b.place
	) AS n;
	IF the_ids IS NULL THEN
		RETURN 0;
	END IF;
	PERFORM callvault.begin_timeline(the_company, last_number);

	FOR gone IN
		SELECT g.id, g.time, g.workspace FROM unnest(the_ids, old_times, old_workspaces) AS g (id, time, workspace)
	LOOP
		DELETE FROM callvault.documents
		WHERE company = the_company AND workspace = gone.workspace AND time = gone.time AND id = gone.id;
	END LOOP;
	INSERT INTO callvault.ids (company, id, number, checksum)
	SELECT the_company, g.id, g.number, g.checksum
	FROM unnest(the_ids, the_numbers, the_checksums) AS g (id, number, checksum)
	ON CONFLICT (company, id) DO UPDATE SET number = excluded.number, checksum = excluded.checksum, time = NULL, workspace = NULL;

	PERFORM callvault.add_counts(the_company, the_numbers, '{}', '{}', '{}', old_times, old_workspaces, old_checksums);
	last_number := last_number + cardinality(the_ids);
	UPDATE callvault.companies SET number = last_number WHERE company = the_company;
	RETURN cardinality(the_ids);
END $$;

-- load_records writes records of another store with the numbers and checksums they have
-- there; a record without a time is a tombstone. It returns whether the first
-- number is above the company's latest, and has written nothing when it is not.
CREATE FUNCTION callvault.load_records(the_company text, new_numbers bigint[], new_ids text[], new_times bigint[], new_workspaces text[], new_documents text[], new_checksums bigint[])
RETURNS boolean LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan
	SET enable_seqscan = off AS $$
DECLARE
	last_number bigint;
	old_times bigint[]; -- where each of them stood; NULL when it did not
	old_workspaces text[];
	old_checksums bigint[];
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

	SELECT array_agg(old_row.time ORDER BY b.place), array_agg(old_row.workspace ORDER BY b.place), array_agg(old_row.checksum ORDER BY b.place)
	INTO old_times, old_workspaces, old_checksums
	FROM unnest(new_ids) WITH ORDINALITY AS b (id, place)
	LEFT JOIN LATERAL (
		SELECT i.time, i.workspace FROM callvault.ids AS i
		WHERE i.company = the_company AND i.id = b.id
		OFFSET 0
	) AS at ON true
	LEFT JOIN LATERAL (
		SELECT d.time, d.workspace, d.checksum FROM callvault.documents AS d
		WHERE d.company = the_company AND d.workspace = at.workspace AND d.time = at.time AND d.id = b.id
		OFFSET 0
	) AS old_row ON true;

	FOR old IN
		SELECT o.id, o.time, o.workspace FROM unnest(new_ids, old_times, old_workspaces) AS o (id, time, workspace)
		WHERE o.time IS NOT NULL
	LOOP
		DELETE FROM callvault.documents
		WHERE company = the_company AND workspace = old.workspace AND time = old.time AND id = old.id;
	END LOOP;
	INSERT INTO callvault.documents (company, time, id, workspace, document, number, checksum)
	SELECT the_company, n.time, n.id, n.workspace, n.document, n.number, n.checksum
	FROM unnest(new_times, new_ids, new_workspaces, new_documents, new_numbers, new_checksums) AS n (time, id, workspace, document, number, checksum)
	WHERE n.time IS NOT NULL
	ORDER BY 2, 3;

	INSERT INTO callvault.ids (company, id, number, time, workspace, checksum)
	SELECT the_company, n.id, n.number, n.time, CASE WHEN n.time IS NOT NULL THEN n.workspace END, CASE WHEN n.time IS NULL THEN n.checksum END
	FROM unnest(new_ids, new_numbers, new_times, new_workspaces, new_checksums) AS n (id, number, time, workspace, checksum)
	ORDER BY 2
	ON CONFLICT (company, id) DO UPDATE
	SET number = excluded.number, time = excluded.time, workspace = excluded.workspace, checksum = excluded.checksum;

	PERFORM callvault.add_counts(the_company, new_numbers, new_times, new_workspaces, new_checksums, old_times, old_workspaces, old_checksums);
	last_number := new_numbers[cardinality(new_numbers)];
	UPDATE callvault.companies SET number = last_number WHERE company = the_company;
	RETURN true;
END $$;
