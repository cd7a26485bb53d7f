-- Names. The program makes those of calls that are there in the same transaction: see
-- names.go. Older programs call the functions of this step, and so keep names too.

-- The names that calls have in a field (see callvault.Field), how many calls have each, and
-- the time of the first of them. name is as callvault.NameKey has it; number is what other
-- rows may have in its place. A name goes with its last call.
CREATE TABLE callvault.names (
	company text   COLLATE "C" NOT NULL,
	field   int    NOT NULL,
	number  bigint NOT NULL,
	name    text   COLLATE "C" NOT NULL,
	calls   bigint NOT NULL,
	first   bigint NOT NULL,
	PRIMARY KEY (company, field, name),
	UNIQUE (company, number) -- and not the field: a name is looked up by the other key then
);

-- What writes calls: see 0003.sql for what holds for all of these functions.

-- add_names adds calls that came and calls that went to the names that are kept, when the
-- documents are written. A name that is new has the next number, one without
-- calls goes, and one whose first call went looks for the next.
CREATE FUNCTION callvault.add_names(the_company text,
	new_times bigint[], new_workspaces text[], new_hosts text[], new_systems text[],
	old_times bigint[], old_workspaces text[], old_hosts text[], old_systems text[])
RETURNS void LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan
	SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
	the_fields int[];
	the_names text[];
	the_calls bigint[];
	added bigint[]; -- the first times of what came and what went, or NULL
	removed bigint[];
	the_numbers bigint[];
	last_number bigint;
	lost record;
	the_first bigint;
	the_start bigint; -- the time of the first call that is there where some went
BEGIN
	SELECT coalesce(max(number), 0) INTO last_number FROM callvault.names WHERE company = the_company;
	SELECT array_agg(n.field), array_agg(n.name), array_agg(n.calls), array_agg(n.added), array_agg(n.removed),
		array_agg(last_number + n.place)
	INTO the_fields, the_names, the_calls, added, removed, the_numbers
	FROM (
		SELECT n.field, n.name, n.calls, n.added, n.removed,
			row_number() OVER (ORDER BY at.number IS NOT NULL, n.field, n.name) AS place
		FROM (
			SELECT a.field, a.name, sum(a.calls) AS calls, min(a.added) AS added, min(a.removed) AS removed
			FROM (
				SELECT 0 AS field, u.name, count(*) AS calls, min(u.time) AS added, NULL::bigint AS removed
				FROM unnest(new_times, new_hosts) AS u (time, name) WHERE u.time IS NOT NULL AND u.name <> '' GROUP BY 2
				UNION ALL SELECT 1, u.name, count(*), min(u.time), NULL
				FROM unnest(new_times, new_workspaces) AS u (time, name) WHERE u.time IS NOT NULL AND u.name <> '' GROUP BY 2
				UNION ALL SELECT 2, u.name, count(*), min(u.time), NULL
				FROM unnest(new_times, new_systems) AS u (time, name) WHERE u.time IS NOT NULL AND u.name <> '' GROUP BY 2
				UNION ALL SELECT 0, u.name, -count(*), NULL, min(u.time)
				FROM unnest(old_times, old_hosts) AS u (time, name) WHERE u.time IS NOT NULL AND u.name <> '' GROUP BY 2
				UNION ALL SELECT 1, u.name, -count(*), NULL, min(u.time)
				FROM unnest(old_times, old_workspaces) AS u (time, name) WHERE u.time IS NOT NULL AND u.name <> '' GROUP BY 2
				UNION ALL SELECT 2, u.name, -count(*), NULL, min(u.time)
				FROM unnest(old_times, old_systems) AS u (time, name) WHERE u.time IS NOT NULL AND u.name <> '' GROUP BY 2
			) AS a
			GROUP BY 1, 2
		) AS n
		LEFT JOIN LATERAL (
			SELECT k.number FROM callvault.names AS k
			WHERE k.company = the_company AND k.field = n.field AND k.name = n.name
			OFFSET 0
		) AS at ON true
	) AS n;
	IF the_names IS NULL THEN
		RETURN;
	END IF;

	INSERT INTO callvault.names AS k (company, field, number, name, calls, first)
	SELECT the_company, n.field, n.number, n.name, n.calls, coalesce(n.added, n.removed)
	FROM unnest(the_fields, the_numbers, the_names, the_calls, added, removed) AS n (field, number, name, calls, added, removed)
	ON CONFLICT (company, field, name) DO UPDATE
	SET calls = k.calls + excluded.calls, first = least(k.first, excluded.first);

	FOR lost IN
		SELECT n.field, n.name, k.calls, k.first,
			CASE n.field WHEN 0 THEN ',"primaryUserId":"' || n.name WHEN 2 THEN ',"system":"' || n.name ELSE '' END AS mark
		FROM unnest(the_fields, the_names, removed) AS n (field, name, removed)
		CROSS JOIN LATERAL (
			SELECT k.calls, k.first FROM callvault.names AS k
			WHERE k.company = the_company AND k.field = n.field AND k.name = n.name
			OFFSET 0
		) AS k
		WHERE n.removed IS NOT NULL AND n.removed <= k.first
	LOOP
		IF lost.calls <= 0 THEN
			DELETE FROM callvault.names WHERE company = the_company AND field = lost.field AND name = lost.name;
		ELSE
			IF the_start IS NULL THEN -- else each search walks over all rows that were deleted
				SELECT min(n.removed) INTO the_start FROM unnest(removed) AS n (removed);
				SELECT d.time INTO the_start FROM callvault.documents AS d
				WHERE d.company = the_company AND d.time >= the_start ORDER BY d.time, d.id LIMIT 1;
			END IF;
			SELECT n.time INTO the_first
			FROM (
				SELECT d.time, d.workspace, {part of d} AS part FROM callvault.documents AS d
				WHERE d.company = the_company AND d.time >= greatest(lost.first, the_start) AND strpos(d.document, lost.mark) > 0
				ORDER BY d.time, d.id
				OFFSET 0
			) AS n
			WHERE CASE lost.field WHEN 0 THEN {host of n} WHEN 1 THEN n.workspace ELSE {system of n} END = lost.name
			LIMIT 1;
			UPDATE callvault.names SET first = coalesce(the_first, first) -- without one its count is wrong
			WHERE company = the_company AND field = lost.field AND name = lost.name;
		END IF;
	END LOOP;
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
CREATE OR REPLACE FUNCTION callvault.put_batch(the_company text, new_ids text[], new_times bigint[], new_workspaces text[], new_documents text[], new_checksums bigint[])
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
	new_hosts text[];
	new_systems text[];
	old_hosts text[];
	old_systems text[];
	created bigint;
	moved record;
BEGIN
	PERFORM callvault.make_company(the_company);
	SELECT number INTO last_number FROM callvault.companies WHERE company = the_company FOR UPDATE;

	SELECT array_agg(n.number), array_agg(n.id), array_agg(n.time), array_agg(n.workspace), array_agg(n.document), array_agg(n.checksum # n.number),
		array_agg(n.old_time), array_agg(n.old_workspace), array_agg(n.old_checksum), count(*) FILTER (WHERE n.is_new),
		array_agg({host of n}), array_agg({system of n}), array_agg(n.old_host), array_agg(n.old_system)
	INTO the_numbers, the_ids, the_times, the_workspaces, the_documents, the_checksums, old_times, old_workspaces, old_checksums, created,
		new_hosts, new_systems, old_hosts, old_systems
	FROM (
		SELECT last_number + row_number() OVER (ORDER BY b.place) AS number, b.id, b.time, b.workspace, b.document, b.checksum,
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
	PERFORM callvault.add_names(the_company, the_times, the_workspaces, new_hosts, new_systems, old_times, old_workspaces, old_hosts, old_systems);
	last_number := last_number + cardinality(the_ids);
	UPDATE callvault.companies SET number = last_number WHERE company = the_company;
	RETURN ARRAY[created, cardinality(the_ids) - created];
END $$;

-- delete_calls removes the calls with some ids, none twice, leaves tombstones with the
-- next numbers, and tells how many calls there were. The checksums are those of the
-- tombstones, without the numbers.
CREATE OR REPLACE FUNCTION callvault.delete_calls(the_company text, doomed text[], new_checksums bigint[])
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
	old_hosts text[];
	old_systems text[];
	gone record;
BEGIN
	SELECT number INTO last_number FROM callvault.companies WHERE company = the_company FOR UPDATE;
	SELECT array_agg(n.number), array_agg(n.id), array_agg(n.checksum # n.number),
		array_agg(n.old_time), array_agg(n.old_workspace), array_agg(n.old_checksum),
		array_agg(n.old_host), array_agg(n.old_system)
	INTO the_numbers, the_ids, the_checksums, old_times, old_workspaces, old_checksums, old_hosts, old_systems
	FROM (
		SELECT last_number + row_number() OVER (ORDER BY b.place) AS number, b.id, b.checksum,
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
	PERFORM callvault.add_names(the_company, '{}', '{}', '{}', '{}', old_times, old_workspaces, old_hosts, old_systems);
	last_number := last_number + cardinality(the_ids);
	UPDATE callvault.companies SET number = last_number WHERE company = the_company;
	RETURN cardinality(the_ids);
END $$;

-- load_records writes records of another store with the numbers and checksums they have
-- there; a record without a time is a tombstone. It returns whether the first
-- number is above the company's latest, and has written nothing when it is not.
CREATE OR REPLACE FUNCTION callvault.load_records(the_company text, new_numbers bigint[], new_ids text[], new_times bigint[], new_workspaces text[], new_documents text[], new_checksums bigint[])
RETURNS boolean LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan
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
	IF cardinality(new_numbers) = 0 THEN
		RETURN true;
	END IF;
	IF new_numbers[1] <= last_number THEN
		RETURN false;
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
	RETURN true;
END $$;
