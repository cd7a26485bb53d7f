DELETE FROM callvault.apart;
DELETE FROM callvault.apart WHERE company = $1;
DELETE FROM callvault.counts;
DELETE FROM callvault.directory;
DELETE FROM callvault.directory WHERE company = $1 AND kind = $2 AND NOT id = ANY($3::text[]);
DELETE FROM callvault.directory WHERE company = $1 AND kind = $2 AND id = ANY($3::text[]);
DELETE FROM callvault.documents;
DELETE FROM callvault.documents AS t
		USING (SELECT company, time, id, row_number() OVER (PARTITION BY id ORDER BY number DESC, time DESC) AS place
			FROM callvault.documents WHERE company = $1) AS d
		WHERE d.place > 1 AND t.company = $1 AND t.company = d.company AND t.time = d.time AND t.id = d.id;
DELETE FROM callvault.facts;
DELETE FROM callvault.facts WHERE company = $1;
DELETE FROM callvault.facts WHERE company = $1 AND time = $2 AND id = $3;
DELETE FROM callvault.ids;
DELETE FROM callvault.ids AS i WHERE i.company = $1 AND i.time IS NOT NULL
		AND NOT EXISTS (SELECT FROM callvault.documents AS d WHERE d.company = $1 AND d.time = i.time AND d.id = i.id OFFSET 0);
DELETE FROM callvault.mirror_values;
DELETE FROM callvault.mirror_values WHERE company = $1;
DELETE FROM callvault.mirror_values WHERE company = $1 AND key = ANY($2::text[]);
DELETE FROM callvault.mirrors;
DELETE FROM callvault.names;
DELETE FROM callvault.names WHERE company = $1 AND calls <= 0;
DELETE FROM callvault.quotas;
DELETE FROM callvault.timelines;
DELETE FROM callvault.timelines WHERE company = $1;
INSERT INTO callvault.apart (company, id, kind, counted)
		SELECT $1, n.id, $2, n.time FROM unnest($3::text[], $4::bigint[]) AS n (id, time);
INSERT INTO callvault.apart (company, id, kind, here)
		SELECT $1, id, $2, time FROM callvault.ids WHERE company = $1 AND time IS NOT NULL;
INSERT INTO callvault.directory (company, kind, id, checksum, document)
		SELECT $1, $2, e.id, e.checksum, e.document FROM unnest($3::text[], $4::bigint[], $5::text[]) AS e (id, checksum, document)
		ON CONFLICT (company, kind, id) DO UPDATE SET checksum = excluded.checksum, document = excluded.document;
INSERT INTO callvault.ids (company, id, number, time, workspace)
		SELECT company, id, number, time, workspace FROM callvault.documents AS d
		WHERE d.company = $1 AND NOT EXISTS (SELECT FROM callvault.ids AS i
			WHERE i.company = $1 AND i.id = d.id AND i.time = d.time AND i.workspace = d.workspace AND i.number = d.number AND i.checksum IS NULL OFFSET 0)
		ON CONFLICT (company, id) DO UPDATE SET number = excluded.number, time = excluded.time, workspace = excluded.workspace, checksum = NULL;
INSERT INTO callvault.mirror_values (company, key, checksum, value)
		SELECT $1, v.key, v.checksum, v.value FROM unnest($2::text[], $3::bigint[], $4::text[]) AS v (key, checksum, value)
		ON CONFLICT (company, key) DO UPDATE SET checksum = excluded.checksum, value = excluded.value;
INSERT INTO callvault.mirrors (company, upstream, holder, number, renewed) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (company) DO UPDATE SET upstream = excluded.upstream, holder = excluded.holder, number = excluded.number, renewed = excluded.renewed;
INSERT INTO callvault.names (company, field, name, number, calls, first)
		SELECT $1, n.field, n.name, n.number, n.calls, n.first
		FROM unnest($2::int[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[]) AS n (field, name, number, calls, first)
		ON CONFLICT (company, field, name) DO UPDATE SET number = excluded.number, calls = excluded.calls, first = excluded.first;
INSERT INTO callvault.store (one, id, cursor_secret, keys_version) VALUES (1, $1, $2, $3) ON CONFLICT DO NOTHING;
INSERT INTO callvault.timelines (company, number, id)
		SELECT $1, t.number, t.id FROM unnest($2::bigint[], $3::bytea[]) AS t (number, id);
SELECT
		(SELECT count(*) FROM callvault.apart WHERE company = $1 AND counted >= $2 AND counted < $3) -
		(SELECT count(*) FROM callvault.apart WHERE company = $1 AND here >= $2 AND here < $3);
SELECT * FROM callvault.facts_of($1, $2, $3, $4);
SELECT FROM callvault.companies WHERE company = $1 FOR UPDATE;
SELECT FROM callvault.store;
SELECT FROM callvault.store FOR UPDATE;
SELECT b.id FROM unnest($2::text[]) AS b (id)
		CROSS JOIN LATERAL (
			SELECT FROM callvault.ids AS i WHERE i.company = $1 AND i.id = b.id AND i.time IS NOT NULL OFFSET 0
		) AS i;
SELECT bytes FROM callvault.size;
SELECT c.number::text, m.number::text FROM callvault.companies AS c
		JOIN (SELECT company, max(number) AS number FROM callvault.ids WHERE company = $1 GROUP BY company) AS m ON m.company = c.company
		WHERE c.company = $1 AND c.number < m.number;
SELECT callvault.bury_calls($1, $2, $3);
SELECT callvault.is_awaited($1, $2);
SELECT callvault.load_calls($1, $2, $3, $4, $5, $6, $7);
SELECT callvault.make_company($1);
SELECT callvault.meet_apart($1, $2, $3);
SELECT callvault.numbers_of($1, $2, $3);
SELECT callvault.open_company($1);
SELECT callvault.set_facts($1, $2, $3, $4, $5, $6, $7);
SELECT callvault.stand_apart($1, $2, $3, $4);
SELECT callvault.take_quota($1, $2, $3, $4, $5);
SELECT callvault.take_second($1, $2, $3);
SELECT callvault.withhold_calls($1, $2);
SELECT callvault.write_calls($1, $2, $3, $4, $5, $6);
SELECT company FROM callvault.companies ORDER BY company;
SELECT company, day, used FROM callvault.quotas WHERE used > 0 ORDER BY company, day;
SELECT count(*) FROM callvault.apart WHERE company = $1 AND kind = $2;
SELECT count(*) FROM callvault.directory WHERE company = $1 AND kind = $2;
SELECT count(*) FROM callvault.ids WHERE company = $1;
SELECT count(*) FROM callvault.keys;
SELECT count(*)::text FROM callvault.apart AS a WHERE a.company = $1
		AND NOT EXISTS (SELECT FROM callvault.mirrors AS m WHERE m.company = $1 AND m.upstream <> '') HAVING count(*) > 0;
SELECT cursor_secret FROM callvault.store;
SELECT d.*, t.total
		FROM (SELECT $7 * (SELECT count(*) FROM (
			SELECT time FROM callvault.documents
			WHERE company = $1 AND (workspace, time) >= ($2, $8) AND workspace <= $2 AND $8 < $9
			ORDER BY workspace, time, id LIMIT coalesce((SELECT total FROM callvault.counts
				WHERE company = $1 AND workspace = $2 AND level = 0 AND bucket = ($8 - CASE WHEN $8 < 0 THEN 299999999 ELSE 0 END) / 300000000), 0)) AS edge
		WHERE time < $9) + $10 * (SELECT count(*) FROM (
			SELECT time FROM callvault.documents
			WHERE company = $1 AND (workspace, time) >= ($2, $11) AND workspace <= $2 AND $11 < $12
			ORDER BY workspace, time, id LIMIT coalesce((SELECT total FROM callvault.counts
				WHERE company = $1 AND workspace = $2 AND level = 0 AND bucket = ($11 - CASE WHEN $11 < 0 THEN 299999999 ELSE 0 END) / 300000000), 0)) AS edge
		WHERE time < $12) + $13 * (SELECT coalesce(sum(total), 0)::bigint FROM callvault.counts
		WHERE company = $1 AND workspace = $2 AND level = $14 AND bucket >= $15 AND bucket < $16) + $17 * (SELECT coalesce(sum(total), 0)::bigint FROM callvault.counts
		WHERE company = $1 AND workspace = $2 AND level = $18 AND bucket >= $19 AND bucket < $20) + $21 * (SELECT coalesce(sum(total), 0)::bigint FROM callvault.counts
		WHERE company = $1 AND workspace = $2 AND level = $22 AND bucket >= $23 AND bucket < $24) + $25 * (SELECT coalesce(sum(total), 0)::bigint FROM callvault.counts
		WHERE company = $1 AND workspace = $2 AND level = $26 AND bucket >= $27 AND bucket < $28) + $29 * (SELECT coalesce(sum(total), 0)::bigint FROM callvault.counts
		WHERE company = $1 AND workspace = $2 AND level = $30 AND bucket >= $31 AND bucket < $32) AS total) AS t
		LEFT JOIN LATERAL (SELECT number, checksum, time, id, workspace, document FROM (
			SELECT number, checksum, time, id, workspace, document FROM callvault.documents
			WHERE company = $1 AND (workspace, time, id) > ($2, $3, $5) AND workspace <= $2
			ORDER BY workspace, time, id LIMIT $6) AS read
		WHERE time < $4 ORDER BY workspace, time, id) AS d ON true;
SELECT d.*, t.total
		FROM (SELECT $7 * (SELECT count(*) FROM callvault.documents
		WHERE company = $1 AND time >= $8 AND time < $9) + $10 * (SELECT count(*) FROM callvault.documents
		WHERE company = $1 AND time >= $11 AND time < $12) + $13 * (SELECT coalesce(sum(total), 0)::bigint FROM callvault.counts
		WHERE company = $1 AND workspace = $2 AND level = $14 AND bucket >= $15 AND bucket < $16) + $17 * (SELECT coalesce(sum(total), 0)::bigint FROM callvault.counts
		WHERE company = $1 AND workspace = $2 AND level = $18 AND bucket >= $19 AND bucket < $20) + $21 * (SELECT coalesce(sum(total), 0)::bigint FROM callvault.counts
		WHERE company = $1 AND workspace = $2 AND level = $22 AND bucket >= $23 AND bucket < $24) + $25 * (SELECT coalesce(sum(total), 0)::bigint FROM callvault.counts
		WHERE company = $1 AND workspace = $2 AND level = $26 AND bucket >= $27 AND bucket < $28) + $29 * (SELECT coalesce(sum(total), 0)::bigint FROM callvault.counts
		WHERE company = $1 AND workspace = $2 AND level = $30 AND bucket >= $31 AND bucket < $32) AS total) AS t
		LEFT JOIN LATERAL (SELECT number, checksum, time, id, workspace, document FROM callvault.documents
		WHERE company = $1 AND (time, id) > ($3, $5) AND time < $4 AND $2 = ''
		ORDER BY time, id LIMIT $6) AS d ON true;
SELECT d.number, d.checksum, b.time, b.id, d.workspace, d.document
		FROM unnest($2::bigint[], $3::text[]) WITH ORDINALITY AS b (time, id, place)
		LEFT JOIN LATERAL (SELECT number, checksum, workspace, document FROM callvault.documents AS d
			WHERE d.company = $1 AND d.time = b.time AND d.id = b.id OFFSET 0) AS d ON true
		ORDER BY b.place;
SELECT encode(id, 'hex'), current_setting('transaction_read_only')::boolean FROM callvault.store;
SELECT f.time, f.id, f.checksum, f.titles_checksum, f.records FROM callvault.facts AS f
		WHERE f.company = $1 AND f.time < $3 AND f.time >= coalesce(
			(SELECT time FROM callvault.facts WHERE company = $1 AND time < $2 ORDER BY time DESC LIMIT 1), $2)
		ORDER BY f.time DESC, f.id DESC;
SELECT f.time, f.id, f.checksum, f.titles_checksum, f.records, f.titles FROM callvault.facts AS f
		WHERE f.company = $1 AND f.time < $3 AND f.time >= coalesce(
			(SELECT time FROM callvault.facts WHERE company = $1 AND time < $2 ORDER BY time DESC LIMIT 1), $2)
		ORDER BY f.time DESC, f.id DESC;
SELECT f.time, f.id, f.checksum, f.titles_checksum, f.records, f.titles FROM callvault.facts AS f WHERE f.company = $1 ORDER BY f.time, f.id;
SELECT field, name, number, calls, first FROM callvault.names WHERE company = $1;
SELECT i.number, coalesce(i.checksum, d.checksum), i.time, i.id, d.workspace, d.document
		FROM (SELECT number, checksum, time, id, workspace FROM callvault.ids
			WHERE company = $1 AND number > $2 ORDER BY number LIMIT $3) AS i
		LEFT JOIN LATERAL (
			SELECT checksum, workspace, document FROM callvault.documents AS d
			WHERE d.company = $1 AND d.workspace = i.workspace AND d.time = i.time AND d.id = i.id OFFSET 0
		) AS d ON true ORDER BY i.number;
SELECT i.number, d.checksum, i.time, i.id, d.workspace, d.document
		FROM unnest($2::text[]) WITH ORDINALITY AS b (id, place)
		CROSS JOIN LATERAL (
			SELECT number, time, id, workspace FROM callvault.ids AS i
			WHERE i.company = $1 AND i.id = b.id AND i.time IS NOT NULL OFFSET 0
		) AS i
		LEFT JOIN LATERAL (
			SELECT checksum, workspace, document FROM callvault.documents AS d
			WHERE d.company = $1 AND d.workspace = i.workspace AND d.time = i.time AND d.id = i.id OFFSET 0
		) AS d ON true ORDER BY b.place;
SELECT i.number, d.checksum, i.time, i.id, d.workspace, d.document
		FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS b (id, client, place)
		CROSS JOIN LATERAL (
			SELECT number, time, id, workspace FROM callvault.ids AS i
			WHERE i.company = $1 AND i.id = b.id AND i.time IS NOT NULL OFFSET 0
		) AS i
		LEFT JOIN LATERAL (
			SELECT checksum, workspace, document FROM callvault.documents AS d
			WHERE d.company = $1 AND d.workspace = i.workspace AND d.time = i.time AND d.id = i.id OFFSET 0
		) AS d ON true
		CROSS JOIN LATERAL (SELECT substr(d.document, strpos(d.document, ',"clientUniqueId":')) AS document) AS c
		WHERE starts_with(c.document, ',"clientUniqueId":"') AND NOT starts_with(c.document, ',"clientUniqueId":"' || b.client || '","customData":')
		ORDER BY b.place;
SELECT id FROM (SELECT number, checksum, time, id, workspace, document FROM (
			SELECT number, checksum, time, id, workspace, document FROM callvault.documents
			WHERE company = $1 AND (workspace, time, id) > ($2, $3, $5) AND workspace <= $2
			ORDER BY workspace, time, id LIMIT $6) AS read
		WHERE time < $4 ORDER BY workspace, time, id) AS first;
SELECT id FROM (SELECT number, checksum, time, id, workspace, document FROM callvault.documents
		WHERE company = $1 AND (time, id) > ($3, $5) AND time < $4 AND $2 = ''
		ORDER BY time, id LIMIT $6) AS first;
SELECT id FROM (SELECT number, checksum, time, id, workspace, document FROM callvault.documents
		WHERE company = $1 AND (workspace, time, id) > ($2, $3, $5) AND (workspace, time) < ($2, $4)
		ORDER BY workspace, time, id LIMIT $6) AS first;
SELECT id, checksum, document, kind FROM callvault.directory
		WHERE company = $1 AND kind = $2 AND id = ANY($3::text[]) ORDER BY id;
SELECT id, checksum, document, kind FROM callvault.directory
		WHERE company = $1 AND kind = $2 AND id > $3 ORDER BY id LIMIT $4;
SELECT id, checksum, document, kind FROM callvault.directory WHERE company = $1 ORDER BY kind, id;
SELECT id, kind, counted IS NOT NULL, coalesce(counted, here, 0) FROM callvault.apart WHERE company = $1 AND counted >= $2 AND counted < $3 UNION SELECT id, kind, counted IS NOT NULL, coalesce(counted, here, 0) FROM callvault.apart WHERE company = $1 AND here >= $2 AND here < $3 ORDER BY id;
SELECT id, kind, counted IS NOT NULL, coalesce(counted, here, 0) FROM callvault.apart WHERE company = $1 AND kind = $2 ORDER BY id;
SELECT key, checksum, value FROM callvault.mirror_values WHERE company = $1;
SELECT key, checksum, value FROM callvault.mirror_values WHERE company = $1 AND key >= $2 AND key < $3 ORDER BY key;
SELECT ltrim(id, '0') FROM callvault.apart AS a WHERE a.company = $1 AND a.kind <> 3
		AND NOT EXISTS (SELECT FROM callvault.ids AS i WHERE i.company = $1 AND i.id = a.id AND i.time = a.here);
SELECT ltrim(id, '0') FROM callvault.apart AS a WHERE a.company = $1 AND a.kind = 3
		AND EXISTS (SELECT FROM callvault.ids AS i WHERE i.company = $1 AND i.id = a.id AND i.time IS NOT NULL);
SELECT ltrim(id, '0') FROM callvault.documents AS d
		WHERE d.company = $1 AND NOT EXISTS (SELECT FROM callvault.ids AS i
			WHERE i.company = $1 AND i.id = d.id AND i.time = d.time AND i.workspace = d.workspace AND i.number = d.number AND i.checksum IS NULL OFFSET 0);
SELECT ltrim(id, '0') FROM callvault.ids AS i
		WHERE i.company = $1 AND i.time IS NOT NULL AND NOT EXISTS (SELECT FROM callvault.documents AS d
			WHERE d.company = $1 AND d.time = i.time AND d.id = i.id AND d.workspace = i.workspace OFFSET 0);
SELECT name, calls, first FROM callvault.names WHERE company = $1 AND field = $2;
SELECT number FROM callvault.companies WHERE company = $1;
SELECT number, checksum, NULL::bigint, id, NULL::text, NULL::text FROM callvault.ids WHERE company = $1 AND time IS NULL;
SELECT number, checksum, time, id, workspace, document FROM (
			SELECT number, checksum, time, id, workspace, document FROM callvault.documents
			WHERE company = $1 AND (workspace, time, id) < ($2, $3, $5) AND workspace >= $2
			ORDER BY workspace DESC, time DESC, id DESC LIMIT $6) AS read
		WHERE time >= $4 ORDER BY workspace DESC, time DESC, id DESC;
SELECT number, checksum, time, id, workspace, document FROM (
			SELECT number, checksum, time, id, workspace, document FROM callvault.documents
			WHERE company = $1 AND (workspace, time, id) > ($2, $3, $5) AND workspace <= $2
			ORDER BY workspace, time, id LIMIT $6) AS read
		WHERE time < $4 ORDER BY workspace, time, id;
SELECT number, checksum, time, id, workspace, document FROM callvault.documents
		WHERE company = $1 AND (time, id) < ($3, $5) AND time >= $4 AND $2 = ''
		ORDER BY time DESC, id DESC LIMIT $6;
SELECT number, checksum, time, id, workspace, document FROM callvault.documents
		WHERE company = $1 AND (time, id) > ($3, $5) AND time < $4 AND $2 = ''
		ORDER BY time, id LIMIT $6;
SELECT number, checksum, time, id, workspace, document FROM callvault.documents
		WHERE company = $1 AND (workspace, time, id) < ($2, $3, $5) AND (workspace, time) >= ($2, $4)
		ORDER BY workspace DESC, time DESC, id DESC LIMIT $6;
SELECT number, checksum, time, id, workspace, document FROM callvault.documents
		WHERE company = $1 AND (workspace, time, id) > ($2, $3, $5) AND (workspace, time) < ($2, $4)
		ORDER BY workspace, time, id LIMIT $6;
SELECT number, id FROM callvault.timelines WHERE company = $1 ORDER BY number;
SELECT number::text, count(*)::text FROM callvault.ids WHERE company = $1 GROUP BY number HAVING count(*) > 1;
SELECT s.keys_version, k.id, k.name, k.kind, k.company, k.scopes, k.digest, k.created, k.expires, k.revoked, k.used, k.checksum
		FROM callvault.store AS s LEFT JOIN callvault.keys AS k ON s.keys_version <> $1 ORDER BY k.id;
SELECT upstream, holder, number, renewed FROM callvault.mirrors WHERE company = $1;
SELECT version, usable_since FROM callvault.schema;
SELECT workspace, level, bucket, total,
		(mod(mod(digest, 18446744073709551616) + 27670116110564327424, 18446744073709551616) - 9223372036854775808)::bigint, number
		FROM callvault.counts WHERE company = $1;
UPDATE callvault.companies AS t SET number = m.number
		FROM (SELECT company, max(number) AS number FROM callvault.ids WHERE company = $1 GROUP BY company) AS m
		WHERE t.company = $1 AND t.company = m.company AND t.number < m.number;
UPDATE callvault.companies SET fork = true;
UPDATE callvault.companies SET fork = true WHERE company = $1;
UPDATE callvault.companies SET number = 0, fork = true;
UPDATE callvault.keys SET used = $3 WHERE company = $1 AND id = $2 AND (used < $3 OR used IS NULL);
UPDATE callvault.quotas SET used = greatest(0, used - $3) WHERE company = $1 AND day = $2;
UPDATE callvault.schema SET version = $1, usable_since = $2;
UPDATE callvault.store SET cursor_secret = $1;
WITH RECURSIVE w (workspace) AS (
			SELECT ''::text COLLATE "C"
			UNION ALL
			SELECT n.workspace FROM w CROSS JOIN LATERAL (SELECT d.workspace FROM callvault.documents AS d
				WHERE d.company = $1 AND d.workspace > w.workspace ORDER BY d.workspace, d.time, d.id LIMIT 1) AS n)
		SELECT workspace FROM w WHERE workspace <> '';
WITH v AS (UPDATE callvault.store SET keys_version = $12)
		INSERT INTO callvault.keys (id, name, kind, company, scopes, digest, created, expires, revoked, used, checksum)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);
WITH v AS (UPDATE callvault.store SET keys_version = $4)
		UPDATE callvault.keys SET revoked = $2, checksum = $3 WHERE id = $1;
