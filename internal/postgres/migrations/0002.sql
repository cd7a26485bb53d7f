-- The functions of limits. Each is one company's, which is its first argument. Those
-- that write calls stand in 0007.sql, which replaced the ones of this step.

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
