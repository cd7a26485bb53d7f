-- Mirrors: see callvault.MirrorState.

-- The lease of a company's mirror. The row of a mirror that was ended has no upstream: it stays
-- because its number may not be used again.
CREATE TABLE callvault.mirrors (
	company  text   COLLATE "C" NOT NULL PRIMARY KEY,
	upstream text   NOT NULL,
	holder   text   NOT NULL,
	number   bigint NOT NULL,
	renewed  bigint NOT NULL
);

-- What a mirror remembers, as JSON. The checksum is that of callvault.ValueChecksum.
CREATE TABLE callvault.mirror_values (
	company  text   COLLATE "C" NOT NULL,
	key      text   COLLATE "C" NOT NULL,
	checksum bigint NOT NULL,
	value    text   NOT NULL,
	PRIMARY KEY (company, key)
);

-- The calls that stand apart when a mirror compares totals. kind is that of
-- callvault.Apartness; counted is the time at which the upstream counts the call, and here the
-- time at which it is here.
CREATE TABLE callvault.apart (
	company text   COLLATE "C" NOT NULL,
	id      text   COLLATE "C" NOT NULL,
	kind    int    NOT NULL,
	counted bigint,
	here    bigint,
	PRIMARY KEY (company, id),
	CHECK (CASE kind
		WHEN 1 THEN counted IS NULL AND here IS NOT NULL
		WHEN 2 THEN counted IS NULL AND here IS NOT NULL
		WHEN 3 THEN here IS NULL
		WHEN 4 THEN counted IS NOT NULL AND here IS NOT NULL
		ELSE false END)
);

CREATE INDEX apart_by_counted ON callvault.apart (company, counted) WHERE counted IS NOT NULL;
CREATE INDEX apart_by_here ON callvault.apart (company, here) WHERE here IS NOT NULL;

-- What writes calls: see 0003.sql for what holds for all of these functions.

-- refuse_mirrored is an error if the company has a mirror. The company's row is locked.
CREATE FUNCTION callvault.refuse_mirrored(the_company text)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	the_upstream text;
BEGIN
	SELECT upstream INTO the_upstream FROM callvault.mirrors WHERE company = the_company AND upstream <> '';
	IF FOUND THEN
		RAISE EXCEPTION 'company % is a mirror of %, and only the mirror writes it', the_company, the_upstream
		USING ERRCODE = 'MV001', DETAIL = the_upstream;
	END IF;
END $$;

-- stand_apart makes those of some calls that are here stand apart as a kind, and says when the
-- upstream counts each, or NULL.
CREATE FUNCTION callvault.stand_apart(the_company text, the_ids text[], the_kind int, the_times bigint[])
RETURNS void LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan
	SET enable_seqscan = off AS $$
BEGIN
	INSERT INTO callvault.apart (company, id, kind, counted, here)
	SELECT the_company, i.id, the_kind, n.time, i.time
	FROM unnest(the_ids, the_times) AS n (id, time)
	CROSS JOIN LATERAL (
		SELECT i.id, i.time FROM callvault.ids AS i
		WHERE i.company = the_company AND i.id = n.id AND i.time IS NOT NULL
		OFFSET 0
	) AS i
	ON CONFLICT (company, id) DO UPDATE SET kind = excluded.kind, counted = excluded.counted, here = excluded.here;
END $$;

-- meet_apart takes when the upstream counts each of some calls, or NULL if it has it no
-- more. They stand apart no more, but for those that are withheld, whose ids it returns.
CREATE FUNCTION callvault.meet_apart(the_company text, the_ids text[], the_times bigint[])
RETURNS text[] LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan
	SET enable_seqscan = off AS $$
DECLARE
	withheld text[] := '{}';
	met record;
BEGIN
	FOR met IN
		SELECT a.id, a.kind, n.time
		FROM unnest(the_ids, the_times) AS n (id, time)
		CROSS JOIN LATERAL (
			SELECT a.id, a.kind FROM callvault.apart AS a
			WHERE a.company = the_company AND a.id = n.id
			OFFSET 0
		) AS a
	LOOP
		IF met.kind = 3 THEN
			UPDATE callvault.apart SET counted = met.time WHERE company = the_company AND id = met.id;
			withheld := array_append(withheld, met.id);
		ELSE
			DELETE FROM callvault.apart WHERE company = the_company AND id = met.id;
		END IF;
	END LOOP;
	RETURN withheld;
END $$;
