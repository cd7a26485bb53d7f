-- Names. The program makes those of calls that are there in the same transaction: see
-- names.go.

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
-- documents are written. A name that is new has the next number, one without calls goes. One
-- walk finds the next calls of all names whose first call went; no statement joins the two,
-- because plans that are made before the names are known may compare each with each.
CREATE FUNCTION callvault.add_names(the_company text,
	new_times bigint[], new_workspaces text[], new_hosts text[], new_systems text[],
	old_times bigint[], old_workspaces text[], old_hosts text[], old_systems text[])
RETURNS void LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan
	SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
	last_number bigint;
	the_fields int[];
	the_names text[];
	the_numbers bigint[];
	the_calls bigint[];
	old_firsts bigint[];
	the_firsts bigint[]; -- NULL where the first call went
	gone record;
	at_once bigint := 256;
	the_start bigint; -- of the next part of the walk
	the_end bigint;
	met bigint;
	met_fields int[];
	met_names text[];
	met_firsts bigint[];
	seeks_names boolean;
	seeks_systems boolean; -- whose search doubles what a row costs
BEGIN
	SELECT coalesce(max(number), 0) INTO last_number FROM callvault.names WHERE company = the_company;
	SELECT array_agg(n.field), array_agg(n.name), array_agg(coalesce(n.number, last_number + n.place)), array_agg(n.calls), array_agg(n.first),
		array_agg(CASE WHEN n.removed <= n.first AND (n.added > n.first) IS NOT FALSE THEN NULL ELSE least(n.first, n.added, n.removed) END)
	INTO the_fields, the_names, the_numbers, the_calls, old_firsts, the_firsts
	FROM (
		SELECT n.field, n.name, n.added, n.removed, at.number, at.first, n.calls + coalesce(at.calls, 0) AS calls,
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
			SELECT k.number, k.calls, k.first FROM callvault.names AS k
			WHERE k.company = the_company AND k.field = n.field AND k.name = n.name
			OFFSET 0
		) AS at ON true
	) AS n;
	IF the_names IS NULL THEN
		RETURN;
	END IF;

	FOR gone IN
		SELECT n.field, n.name FROM unnest(the_fields, the_names, the_calls) AS n (field, name, calls) WHERE n.calls <= 0
	LOOP
		DELETE FROM callvault.names WHERE company = the_company AND field = gone.field AND name = gone.name;
	END LOOP;
	INSERT INTO callvault.names AS k (company, field, number, name, calls, first)
	SELECT the_company, n.field, n.number, n.name, n.calls, n.first
	FROM unnest(the_fields, the_numbers, the_names, the_calls, the_firsts) AS n (field, number, name, calls, first)
	WHERE n.calls > 0 AND n.first IS NOT NULL
	ON CONFLICT (company, field, name) DO UPDATE SET calls = excluded.calls, first = excluded.first;

	SELECT array_agg(n.field), array_agg(n.name), array_agg(n.number), array_agg(n.calls), array_agg(n.old), array_agg(n.first), min(n.old),
		count(*) > 0, bool_or(n.field = 2)
	INTO the_fields, the_names, the_numbers, the_calls, old_firsts, the_firsts, the_start, seeks_names, seeks_systems
	FROM unnest(the_fields, the_names, the_numbers, the_calls, old_firsts, the_firsts) AS n (field, name, number, calls, old, first)
	WHERE n.calls > 0 AND n.first IS NULL;
	WHILE seeks_names LOOP
		SELECT array_agg(m.field), array_agg(m.name), array_agg(m.first), max(m.last), sum(m.calls) FILTER (WHERE m.field = 0)
		INTO met_fields, met_names, met_firsts, the_end, met
		FROM (
			SELECT CASE 0 WHEN grouping(n.host) THEN 0 WHEN grouping(n.workspace) THEN 1 ELSE 2 END AS field,
				coalesce(n.host, n.workspace, n.system) AS name, min(n.time) AS first, max(n.time) AS last, count(*) AS calls
			FROM (
				SELECT n.time, n.workspace, {host of n} AS host, CASE WHEN seeks_systems THEN {system of n} END AS system
				FROM (
					SELECT d.time, d.workspace, {part of d} AS part FROM callvault.documents AS d
					WHERE d.company = the_company AND d.time >= the_start
					ORDER BY d.time, d.id
					LIMIT at_once
				) AS n
			) AS n
			GROUP BY GROUPING SETS (n.host, n.workspace, n.system)
		) AS m;
		SELECT array_agg(n.field), array_agg(n.name), array_agg(n.number), array_agg(n.calls), array_agg(n.old), array_agg(n.first),
			bool_or(n.first IS NULL), bool_or(n.first IS NULL AND n.field = 2)
		INTO the_fields, the_names, the_numbers, the_calls, old_firsts, the_firsts, seeks_names, seeks_systems
		FROM (
			SELECT a.field, a.name, max(a.number) AS number, max(a.calls) AS calls, max(a.old) AS old, min(a.first) AS first
			FROM (
				SELECT l.field, l.name, l.number, l.calls, l.old, l.first
				FROM unnest(the_fields, the_names, the_numbers, the_calls, old_firsts, the_firsts) AS l (field, name, number, calls, old, first)
				UNION ALL SELECT m.field, m.name, NULL, NULL, NULL, m.first
				FROM unnest(met_fields, met_names, met_firsts) AS m (field, name, first)
			) AS a
			GROUP BY 1, 2
			HAVING max(a.number) IS NOT NULL
		) AS n;
		EXIT WHEN met IS NULL OR met < at_once; -- the count of a name that is left is wrong
		IF at_once < 8192 OR the_end = the_start THEN -- else many calls of one time are all that is ever read
			at_once := 2 * at_once;
		END IF;
		the_start := the_end;
	END LOOP;
	INSERT INTO callvault.names AS k (company, field, number, name, calls, first)
	SELECT the_company, n.field, n.number, n.name, n.calls, coalesce(n.first, n.old)
	FROM unnest(the_fields, the_numbers, the_names, the_calls, old_firsts, the_firsts) AS n (field, number, name, calls, old, first)
	WHERE n.name IS NOT NULL
	ON CONFLICT (company, field, name) DO UPDATE SET calls = excluded.calls, first = excluded.first;
END $$;

-- is_awaited tells whether another writer of the company has waited for this transaction for so
-- many milliseconds. Within a transaction Citus asks the coordinator, where nobody waits.
CREATE OR REPLACE FUNCTION callvault.is_awaited(the_company text, patience bigint) RETURNS boolean LANGUAGE sql AS $$
	SELECT EXISTS (
		SELECT FROM pg_locks
		WHERE NOT granted AND transactionid = pg_current_xact_id()::xid AND waitstart <= clock_timestamp() - patience * interval '1 millisecond')
$$;
