-- What distributes the store over a cluster. This runs, once, in the transaction
-- that makes the schema, where the extension citus is installed in the database.
-- docs/citus.md has the reasons at length.

-- Tables and functions are made in one transaction: Citus asks for this then.
SET LOCAL citus.multi_shard_modify_mode TO 'sequential';

-- Shards are moved, while writers go on, by logical replication, which refuses
-- tables that are not logged, and with them all that is co-located. The price is a
-- flush for each share of a second, on clusters only.
ALTER TABLE callvault.seconds SET LOGGED;

-- Everything of a company is on one worker: the tables are distributed by
-- company and co-located, so that a page, a total and a batch are one shard's.
SELECT create_distributed_table('callvault.companies', 'company', colocate_with => 'none');
SELECT create_distributed_table('callvault.documents', 'company', colocate_with => 'callvault.companies');
SELECT create_distributed_table('callvault.ids',       'company', colocate_with => 'callvault.companies');
SELECT create_distributed_table('callvault.counts',    'company', colocate_with => 'callvault.companies');
SELECT create_distributed_table('callvault.quotas',    'company', colocate_with => 'callvault.companies');
SELECT create_distributed_table('callvault.seconds',   'company', colocate_with => 'callvault.companies');

-- callvault.keys, callvault.store and callvault.schema stay what they are: local
-- tables of the coordinator. They are small, asked for without a company, and not
-- joined with the others. A reference table would be written to every node in one
-- transaction, and make keys wait for the slowest.

-- A generic plan is made before the company is known; here it must be known, since
-- it names the shard.
ALTER FUNCTION callvault.make_company(text)                                        RESET plan_cache_mode;
ALTER FUNCTION callvault.add_counts(text, bigint[], text[], bigint[], text[])      RESET plan_cache_mode;
ALTER FUNCTION callvault.bury(text, bigint, text[], bigint[], text[])              RESET plan_cache_mode;
ALTER FUNCTION callvault.put_batch(text, text[], bigint[], text[], text[])         RESET plan_cache_mode;
ALTER FUNCTION callvault.delete_calls(text, text[])                                RESET plan_cache_mode;
ALTER FUNCTION callvault.delete_first(text, text, bigint, bigint, bigint)          RESET plan_cache_mode;
ALTER FUNCTION callvault.load_records(text, bigint[], text[], bigint[], text[], text[]) RESET plan_cache_mode;

-- A call of one of these, outside of a transaction block, goes to the worker that has the company and is run
-- there, in one round trip.
SELECT create_distributed_function('callvault.make_company(text)', 'the_company', colocate_with => 'callvault.companies');
SELECT create_distributed_function('callvault.put_batch(text, text[], bigint[], text[], text[])', 'the_company', colocate_with => 'callvault.companies');
SELECT create_distributed_function('callvault.delete_calls(text, text[])', 'the_company', colocate_with => 'callvault.companies');
SELECT create_distributed_function('callvault.delete_first(text, text, bigint, bigint, bigint)', 'the_company', colocate_with => 'callvault.companies');
SELECT create_distributed_function('callvault.load_records(text, bigint[], text[], bigint[], text[], text[])', 'the_company', colocate_with => 'callvault.companies');
SELECT create_distributed_function('callvault.take_quota(text, int, bigint, bigint, int)', 'the_company', colocate_with => 'callvault.companies');
SELECT create_distributed_function('callvault.take_second(text, bigint, bigint)', 'the_company', colocate_with => 'callvault.companies');

-- These are called by the ones above, where those run: every node has them.
SELECT create_distributed_function('callvault.add_counts(text, bigint[], text[], bigint[], text[])');
SELECT create_distributed_function('callvault.bury(text, bigint, text[], bigint[], text[])');
