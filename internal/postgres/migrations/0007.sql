-- Facts, and the functions that write calls, which now tell what a program needs to keep facts.
-- Programs of older schemas can't keep them: so the functions that those call go, and others
-- have new names. The program makes the facts of calls that are there: see facts.go.

-- What is asked of many calls at once: see callvault.FactRow. A row holds calls that follow each
-- other, the first at (time, id). The checksums are those of callvault.FactRow. Rows are as large as
-- half a page, and stay in it: each view reads many, and each would be looked up elsewhere.
CREATE TABLE callvault.facts (
	company         text   COLLATE "C" NOT NULL,
	time            bigint NOT NULL,
	id              text   COLLATE "C" NOT NULL,
	checksum        bigint NOT NULL,
	titles_checksum bigint NOT NULL,
	records         bytea  NOT NULL,
	titles          bytea  NOT NULL,
	PRIMARY KEY (company, time, id)
) WITH (toast_tuple_target = 8160);

ALTER TABLE callvault.facts ALTER records SET STORAGE EXTERNAL, ALTER titles SET STORAGE EXTERNAL;

DROP FUNCTION IF EXISTS callvault.put_calls(text, text[], bigint[], text[], text[], bigint[]);
DROP FUNCTION IF EXISTS callvault.put_batch(text, text[], bigint[], text[], text[], bigint[]);
DROP FUNCTION IF EXISTS callvault.remove_calls(text, text[], bigint[]);
DROP FUNCTION IF EXISTS callvault.delete_calls(text, text[], bigint[]);
DROP FUNCTION IF EXISTS callvault.load_records(text, bigint[], text[], bigint[], text[], text[], bigint[]);

-- What writes calls: see 0003.sql for what holds for all of these functions.

-- open_company begins a write by all but the company's mirror.
CREATE FUNCTION callvault.open_company(the_company text)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM callvault.make_company(the_company);
	PERFORM FROM callvault.companies WHERE company = the_company FOR UPDATE;
	PERFORM callvault.refuse_mirrored(the_company);
END $$;

-- facts_of selects the rows of facts that positions belong to, and those of where the calls with
-- some ids stand, each with where the next row begins. Before the first row all belongs to that.
CREATE FUNCTION callvault.facts_of(the_company text, the_times bigint[], the_ids text[], moved text[])
RETURNS TABLE (the_time bigint, the_id text, the_checksum bigint, the_titles_checksum bigint, the_records bytea, the_titles bytea, next_time bigint, next_id text)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan
	SET enable_seqscan = off AS $$
BEGIN
	RETURN QUERY SELECT f.time, f.id, f.checksum, f.titles_checksum, f.records, f.titles, n.time, n.id
	FROM (
		SELECT DISTINCT coalesce(at.time, first.time) AS time, coalesce(at.id, first.id) AS id
		FROM (
			SELECT p.time, p.id FROM unnest(the_times, the_ids) AS p (time, id)
			UNION ALL SELECT i.time, i.id FROM unnest(moved) AS m (id)
			CROSS JOIN LATERAL (
				SELECT i.time, i.id FROM callvault.ids AS i
				WHERE i.company = the_company AND i.id = m.id AND i.time IS NOT NULL
				OFFSET 0
			) AS i
		) AS b
		CROSS JOIN (SELECT f.time, f.id FROM callvault.facts AS f WHERE f.company = the_company ORDER BY f.time, f.id LIMIT 1) AS first
		LEFT JOIN LATERAL (
			SELECT f.time, f.id FROM callvault.facts AS f
			WHERE f.company = the_company AND (f.time, f.id) <= (b.time, b.id)
			ORDER BY f.time DESC, f.id DESC LIMIT 1
		) AS at ON true
	) AS at
	CROSS JOIN LATERAL (
		SELECT f.* FROM callvault.facts AS f
		WHERE f.company = the_company AND f.time = at.time AND f.id = at.id
		OFFSET 0
	) AS f
	LEFT JOIN LATERAL (
		SELECT n.time, n.id FROM callvault.facts AS n
		WHERE n.company = the_company AND (n.time, n.id) > (at.time, at.id)
		ORDER BY n.time, n.id LIMIT 1
	) AS n ON true;
END $$;

-- set_facts writes rows of facts, in place of those that begin where they do.
CREATE FUNCTION callvault.set_facts(the_company text, the_times bigint[], the_ids text[], the_checksums bigint[], the_titles_checksums bigint[], the_records bytea[], the_titles bytea[])
RETURNS void LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
BEGIN
	INSERT INTO callvault.facts (company, time, id, checksum, titles_checksum, records, titles)
	SELECT the_company, f.time, f.id, f.checksum, f.titles_checksum, f.records, f.titles
	FROM unnest(the_times, the_ids, the_checksums, the_titles_checksums, the_records, the_titles) AS f (time, id, checksum, titles_checksum, records, titles)
	ON CONFLICT (company, time, id) DO UPDATE
	SET checksum = excluded.checksum, titles_checksum = excluded.titles_checksum, records = excluded.records, titles = excluded.titles;
END $$;

-- numbers_of tells the number of each of some names, or 0.
CREATE FUNCTION callvault.numbers_of(the_company text, the_fields int[], the_names text[])
RETURNS bigint[] LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan
	SET enable_seqscan = off SET enable_bitmapscan = off AS $$
BEGIN
	RETURN (SELECT array_agg(coalesce(k.number, 0) ORDER BY n.place)
	FROM unnest(the_fields, the_names) WITH ORDINALITY AS n (field, name, place)
	LEFT JOIN LATERAL (
		SELECT k.number FROM callvault.names AS k
		WHERE k.company = the_company AND k.field = n.field AND k.name = n.name
		OFFSET 0
	) AS k ON true);
END $$;

-- write_calls writes a batch, all or none: see callvault.Calls. The calls stand in
-- the one order, which is that of documents; the numbers follow it. The checksums are
-- without the numbers. The result is how many were created, then the places in the batch of
-- those that were written, and then the times at which these stood before, or stand now.
--
-- The company's row is locked in a statement of its own, first: at READ
-- COMMITTED each statement sees what was committed before it began, so what
-- follows sees what the writer before has done. One statement that locks and
-- reads would read from before it waited.
--
-- What is to be written of the batch is put into arrays of its own, which are then
-- read side by side; each statement writes one table, as Citus asks for. A row that is
-- not what was written differs from the call in its document or its checksum.
CREATE FUNCTION callvault.write_calls(the_company text, new_ids text[], new_times bigint[], new_workspaces text[], new_documents text[], new_checksums bigint[])
RETURNS bigint[] LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan
	SET enable_seqscan = off AS $$
DECLARE
	last_number bigint;
	the_places bigint[]; -- of the calls that are to be written
	left_times bigint[];
	the_numbers bigint[];
	the_ids text[];
	the_times bigint[];
	the_workspaces text[];
	the_documents text[];
	the_checksums bigint[];
	old_times bigint[]; -- where each of them stood; NULL when it is new, or its document is lost
	old_workspaces text[];
	old_checksums bigint[];
	new_hosts text[];
	new_systems text[];
	old_hosts text[];
	old_systems text[];
	created bigint;
	moved record;
BEGIN
	SELECT number INTO last_number FROM callvault.companies WHERE company = the_company FOR UPDATE;

	SELECT array_agg(n.number), array_agg(n.id), array_agg(n.time), array_agg(n.workspace), array_agg(n.document), array_agg(n.checksum # n.number),
		array_agg(n.old_time), array_agg(n.old_workspace), array_agg(n.old_checksum), count(*) FILTER (WHERE n.is_new),
		array_agg({host of n}), array_agg({system of n}), array_agg(n.old_host), array_agg(n.old_system),
		array_agg(n.place), array_agg(coalesce(n.old_time, n.time))
	INTO the_numbers, the_ids, the_times, the_workspaces, the_documents, the_checksums, old_times, old_workspaces, old_checksums, created,
		new_hosts, new_systems, old_hosts, old_systems, the_places, left_times
	FROM (
		SELECT last_number + row_number() OVER (ORDER BY b.place) AS number, b.place, b.id, b.time, b.workspace, b.document, b.checksum,
			at.time IS NULL AS is_new, old.time AS old_time, old.workspace AS old_workspace, old.checksum AS old_checksum,
			{part of b} AS part, {host of old} AS old_host, {system of old} AS old_system
		FROM unnest(new_ids, new_times, new_workspaces, new_documents, new_checksums) WITH ORDINALITY AS b (id, time, workspace, document, checksum, place)
		LEFT JOIN LATERAL (
			SELECT i.time, i.workspace FROM callvault.ids AS i
			WHERE i.company = the_company AND i.id = b.id
			OFFSET 0 -- one look at each key, in this order, whatever the planner thinks of the tables
		) AS at ON true
		LEFT JOIN LATERAL (
			SELECT d.time, d.workspace, d.document, d.number, d.checksum, {part of d} AS part FROM callvault.documents AS d
			WHERE d.company = the_company AND d.workspace = at.workspace AND d.time = at.time AND d.id = b.id
			OFFSET 0
		) AS old ON true
		WHERE old.document IS DISTINCT FROM b.document OR old.time <> b.time OR old.workspace <> b.workspace
			OR old.checksum # old.number <> b.checksum
		ORDER BY b.place
	) AS n;
	IF the_ids IS NULL THEN
		RETURN ARRAY[0];
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
	PERFORM callvault.add_names(the_company, the_times, the_workspaces, new_hosts, new_systems, old_times, old_workspaces, old_hosts, old_systems);
	last_number := last_number + cardinality(the_ids);
	UPDATE callvault.companies SET number = last_number WHERE company = the_company;
	RETURN created || the_places || left_times;
END $$;

-- bury_calls removes the calls with some ids, none twice, and leaves tombstones with the next
-- numbers. The checksums are those of the tombstones, without the numbers. The result is how
-- many calls there were, then the places of the ids whose documents were removed, and then the
-- times of these.
CREATE FUNCTION callvault.bury_calls(the_company text, doomed text[], new_checksums bigint[])
RETURNS bigint[] LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan
	SET enable_seqscan = off AS $$
DECLARE
	last_number bigint;
	the_places bigint[];
	left_times bigint[];
	the_numbers bigint[];
	the_ids text[];
	the_checksums bigint[];
	old_times bigint[];
	old_workspaces text[];
	old_checksums bigint[];
	old_hosts text[];
	old_systems text[];
	gone record;
BEGIN
	SELECT number INTO last_number FROM callvault.companies WHERE company = the_company FOR UPDATE;
	SELECT array_agg(n.number), array_agg(n.id), array_agg(n.checksum # n.number),
		array_agg(n.old_time), array_agg(n.old_workspace), array_agg(n.old_checksum),
		array_agg(n.old_host), array_agg(n.old_system),
		array_agg(n.place) FILTER (WHERE n.old_time IS NOT NULL), array_agg(n.old_time) FILTER (WHERE n.old_time IS NOT NULL)
	INTO the_numbers, the_ids, the_checksums, old_times, old_workspaces, old_checksums, old_hosts, old_systems, the_places, left_times
	FROM (
		SELECT last_number + row_number() OVER (ORDER BY b.place) AS number, b.place, b.id, b.checksum,
			old.time AS old_time, old.workspace AS old_workspace, old.checksum AS old_checksum,
			{host of old} AS old_host, {system of old} AS old_system
		FROM unnest(doomed, new_checksums) WITH ORDINALITY AS b (id, checksum, place)
		CROSS JOIN LATERAL (
			SELECT i.time, i.workspace FROM callvault.ids AS i
			WHERE i.company = the_company AND i.id = b.id AND i.time IS NOT NULL
			OFFSET 0
		) AS at
		LEFT JOIN LATERAL (
			SELECT d.time, d.workspace, d.checksum, {part of d} AS part FROM callvault.documents AS d
			WHERE d.company = the_company AND d.workspace = at.workspace AND d.time = at.time AND d.id = b.id
			OFFSET 0
		) AS old ON true
		ORDER BY b.place
	) AS n;
	IF the_ids IS NULL THEN
		RETURN ARRAY[0];
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
	PERFORM callvault.add_names(the_company, '{}', '{}', '{}', '{}', old_times, old_workspaces, old_hosts, old_systems);
	last_number := last_number + cardinality(the_ids);
	UPDATE callvault.companies SET number = last_number WHERE company = the_company;
	RETURN cardinality(the_ids)::bigint || the_places || left_times;
END $$;

-- withhold_calls withholds the calls with some ids from the company's mirror, if it has one. What
-- the upstream did not count, as Own or Kept, it does not count then either.
CREATE FUNCTION callvault.withhold_calls(the_company text, doomed text[])
RETURNS void LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan
	SET enable_seqscan = off AS $$
BEGIN
	IF EXISTS (SELECT FROM callvault.mirrors WHERE company = the_company AND upstream <> '') THEN
		INSERT INTO callvault.apart (company, id, kind, counted)
		SELECT the_company, i.id, 3, i.time
		FROM unnest(doomed) AS n (id)
		CROSS JOIN LATERAL (
			SELECT i.id, i.time FROM callvault.ids AS i
			WHERE i.company = the_company AND i.id = n.id AND i.time IS NOT NULL
			OFFSET 0
		) AS i
		ON CONFLICT (company, id) DO UPDATE SET kind = excluded.kind, here = NULL;
	END IF;
END $$;

-- load_calls writes records of another store with the numbers and checksums they have
-- there; a record without a time is a tombstone. The result is the time at which each stood
-- before, or NULL. Where the first number is not above the company's latest it is NULL, and
-- nothing is written.
CREATE FUNCTION callvault.load_calls(the_company text, new_numbers bigint[], new_ids text[], new_times bigint[], new_workspaces text[], new_documents text[], new_checksums bigint[])
RETURNS bigint[] LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan
	SET enable_seqscan = off AS $$
DECLARE
	last_number bigint;
	old_times bigint[]; -- where each of them stood; NULL when it did not
	old_workspaces text[];
	old_checksums bigint[];
	new_hosts text[];
	new_systems text[];
	old_hosts text[];
	old_systems text[];
	old record;
BEGIN
	PERFORM callvault.make_company(the_company);
	SELECT number INTO last_number FROM callvault.companies WHERE company = the_company FOR UPDATE;
	PERFORM callvault.refuse_mirrored(the_company);
	IF cardinality(new_numbers) = 0 THEN
		RETURN '{}';
	END IF;
	IF new_numbers[1] <= last_number THEN
		RETURN NULL;
	END IF;

	SELECT array_agg(old_row.time ORDER BY b.place), array_agg(old_row.workspace ORDER BY b.place), array_agg(old_row.checksum ORDER BY b.place),
		array_agg({host of b} ORDER BY b.place), array_agg({system of b} ORDER BY b.place),
		array_agg({host of old_row} ORDER BY b.place), array_agg({system of old_row} ORDER BY b.place)
	INTO old_times, old_workspaces, old_checksums, new_hosts, new_systems, old_hosts, old_systems
	FROM (
		SELECT u.id, u.place, {part of u} AS part FROM unnest(new_ids, new_documents) WITH ORDINALITY AS u (id, document, place)
		OFFSET 0
	) AS b
	LEFT JOIN LATERAL (
		SELECT i.time, i.workspace FROM callvault.ids AS i
		WHERE i.company = the_company AND i.id = b.id
		OFFSET 0
	) AS at ON true
	LEFT JOIN LATERAL (
		SELECT d.time, d.workspace, d.checksum, {part of d} AS part FROM callvault.documents AS d
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
	PERFORM callvault.add_names(the_company, new_times, new_workspaces, new_hosts, new_systems, old_times, old_workspaces, old_hosts, old_systems);
	last_number := new_numbers[cardinality(new_numbers)];
	UPDATE callvault.companies SET number = last_number WHERE company = the_company;
	RETURN old_times;
END $$;
