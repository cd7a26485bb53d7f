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
