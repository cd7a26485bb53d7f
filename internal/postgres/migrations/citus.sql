-- What distributes the store over a cluster. This runs in the transaction that makes the
-- schema, where the extension citus is installed in the database, and again in each that
-- adds to the schema of a store that is distributed. docs/citus.md has the reasons at length.

-- Tables and functions are made in one transaction: Citus asks for this then.
SET LOCAL citus.multi_shard_modify_mode TO 'sequential';

-- Shards are moved, while writers go on, by logical replication, which refuses
-- tables that are not logged, and with them all that is co-located. The price is a
-- flush for each share of a second, on clusters only.
ALTER TABLE callvault.seconds SET LOGGED;

-- Everything of a company is on one worker: the tables are distributed by
-- company and co-located, so that a page, a total and a batch are one shard's.
DO $$
DECLARE
	name text;
BEGIN
	FOREACH name IN ARRAY ARRAY['companies', 'documents', 'ids', 'counts', 'names', 'facts', 'timelines', 'quotas', 'seconds', 'directory', 'mirrors', 'mirror_values', 'apart'] LOOP
		CONTINUE WHEN EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = ('callvault.' || name)::regclass);
		PERFORM create_distributed_table('callvault.' || name, 'company',
			colocate_with => CASE name WHEN 'companies' THEN 'none' ELSE 'callvault.companies' END);
	END LOOP;
END $$;

-- callvault.keys, callvault.store and callvault.schema stay what they are: local
-- tables of the coordinator. They are small, asked for without a company, and not
-- joined with the others. A reference table would be written to every node in one
-- transaction, and make keys wait for the slowest.

-- The rows of a distributed table are in its shards, which may be tables of this schema too.
CREATE OR REPLACE VIEW callvault.size AS
	SELECT sum(CASE WHEN EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = oid)
		THEN citus_total_relation_size(oid) ELSE pg_total_relation_size(oid) END)::bigint AS bytes FROM pg_class
	WHERE relnamespace = 'callvault'::regnamespace AND relkind = 'r' AND NOT relation_is_a_known_shard(oid);

-- A generic plan is made before the company is known; here it must be known, since
-- it names the shard.
ALTER FUNCTION callvault.make_company(text) RESET plan_cache_mode;
ALTER FUNCTION callvault.begin_timeline(text, bigint) RESET plan_cache_mode;
ALTER FUNCTION callvault.add_counts(text, bigint[], bigint[], text[], bigint[], bigint[], text[], bigint[]) RESET plan_cache_mode;
ALTER FUNCTION callvault.add_names(text, bigint[], text[], text[], text[], bigint[], text[], text[], text[]) RESET plan_cache_mode;
ALTER FUNCTION callvault.stand_apart(text, text[], int, bigint[]) RESET plan_cache_mode;
ALTER FUNCTION callvault.meet_apart(text, text[], bigint[]) RESET plan_cache_mode;
ALTER FUNCTION callvault.facts_of(text, bigint[], text[], text[]) RESET plan_cache_mode;
ALTER FUNCTION callvault.set_facts(text, bigint[], text[], bigint[], bigint[], bytea[], bytea[]) RESET plan_cache_mode;
ALTER FUNCTION callvault.numbers_of(text, int[], text[]) RESET plan_cache_mode;
ALTER FUNCTION callvault.write_calls(text, text[], bigint[], text[], text[], bigint[]) RESET plan_cache_mode;
ALTER FUNCTION callvault.bury_calls(text, text[], bigint[]) RESET plan_cache_mode;
ALTER FUNCTION callvault.withhold_calls(text, text[]) RESET plan_cache_mode;
ALTER FUNCTION callvault.load_calls(text, bigint[], text[], bigint[], text[], text[], bigint[]) RESET plan_cache_mode;

-- A call of one of these, outside of a transaction block, goes to the worker that has the company and is run
-- there, in one round trip.
SELECT create_distributed_function('callvault.make_company(text)', 'the_company', colocate_with => 'callvault.companies');
SELECT create_distributed_function('callvault.take_quota(text, int, bigint, bigint, int)', 'the_company', colocate_with => 'callvault.companies');
SELECT create_distributed_function('callvault.take_second(text, bigint, bigint)', 'the_company', colocate_with => 'callvault.companies');

-- These are called by the ones above, where those run: every node has them.
SELECT create_distributed_function('callvault.server_of(text)');
SELECT create_distributed_function('callvault.begin_timeline(text, bigint)');
SELECT create_distributed_function('callvault.add_counts(text, bigint[], bigint[], text[], bigint[], bigint[], text[], bigint[])');
SELECT create_distributed_function('callvault.add_names(text, bigint[], text[], text[], text[], bigint[], text[], text[], text[])');
SELECT create_distributed_function('callvault.refuse_mirrored(text)');
SELECT create_distributed_function('callvault.stand_apart(text, text[], int, bigint[])');
SELECT create_distributed_function('callvault.meet_apart(text, text[], bigint[])');
SELECT create_distributed_function('callvault.open_company(text)');
SELECT create_distributed_function('callvault.facts_of(text, bigint[], text[], text[])');
SELECT create_distributed_function('callvault.set_facts(text, bigint[], text[], bigint[], bigint[], bytea[], bytea[])');
SELECT create_distributed_function('callvault.numbers_of(text, int[], text[])');
SELECT create_distributed_function('callvault.write_calls(text, text[], bigint[], text[], text[], bigint[])');
SELECT create_distributed_function('callvault.bury_calls(text, text[], bigint[])');
SELECT create_distributed_function('callvault.withhold_calls(text, text[])');
SELECT create_distributed_function('callvault.load_calls(text, bigint[], text[], bigint[], text[], text[], bigint[])');
SELECT create_distributed_function('callvault.is_awaited(text, bigint)');
