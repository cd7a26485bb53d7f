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

-- is_awaited tells whether another writer of the company has waited for this transaction for so
-- many milliseconds. Within a transaction Citus asks the coordinator, where nobody waits.
CREATE OR REPLACE FUNCTION callvault.is_awaited(the_company text, patience bigint) RETURNS boolean LANGUAGE sql AS $$
	SELECT EXISTS (
		SELECT FROM pg_locks
		WHERE NOT granted AND transactionid = pg_current_xact_id()::xid AND waitstart <= clock_timestamp() - patience * interval '1 millisecond')
$$;
