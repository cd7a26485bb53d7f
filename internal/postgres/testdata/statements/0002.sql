DELETE FROM callvault.counts;
DELETE FROM callvault.counts AS t
		USING (SELECT c.company, c.workspace, c.level, c.bucket
			FROM callvault.counts AS c LEFT JOIN (SELECT d.company, w.workspace, l.level, d.time >> l.shift AS bucket, count(*) AS calls
	FROM callvault.documents AS d
	CROSS JOIN (VALUES (0, 28), (1, 34), (2, 40)) AS l (level, shift)
	CROSS JOIN LATERAL (VALUES (''), (nullif(d.workspace, ''))) AS w (workspace)
	WHERE w.workspace IS NOT NULL AND d.company = $1
	GROUP BY 1, 2, 3, 4) AS a USING (company, workspace, level, bucket)
			WHERE c.company = $1 AND c.calls <> 0 AND a.calls IS NULL) AS gone
		WHERE t.company = $1 AND t.company = gone.company AND t.workspace = gone.workspace AND t.level = gone.level AND t.bucket = gone.bucket;
DELETE FROM callvault.documents;
DELETE FROM callvault.documents AS t
	USING (SELECT d.company, d.time, d.id
		FROM callvault.documents AS d
		CROSS JOIN LATERAL (SELECT i.time FROM callvault.ids AS i
			WHERE i.company = $1 AND i.id = d.id OFFSET 0) AS at
		CROSS JOIN LATERAL (SELECT FROM callvault.documents AS o
			WHERE o.company = $1 AND o.time = at.time AND o.id = d.id OFFSET 0) AS other
		WHERE d.company = $1 AND at.time <> d.time OFFSET 0) AS twice
	WHERE t.company = $1 AND t.company = twice.company AND t.time = twice.time AND t.id = twice.id;
DELETE FROM callvault.ids;
DELETE FROM callvault.quotas;
INSERT INTO callvault.counts (company, workspace, level, bucket, calls)
		SELECT a.company, a.workspace, a.level, a.bucket, a.calls
		FROM (SELECT d.company, w.workspace, l.level, d.time >> l.shift AS bucket, count(*) AS calls
	FROM callvault.documents AS d
	CROSS JOIN (VALUES (0, 28), (1, 34), (2, 40)) AS l (level, shift)
	CROSS JOIN LATERAL (VALUES (''), (nullif(d.workspace, ''))) AS w (workspace)
	WHERE w.workspace IS NOT NULL AND d.company = $1
	GROUP BY 1, 2, 3, 4) AS a
		LEFT JOIN (SELECT * FROM callvault.counts WHERE company = $1) AS c USING (company, workspace, level, bucket)
		WHERE c.calls IS DISTINCT FROM a.calls
		ON CONFLICT (company, workspace, level, bucket) DO UPDATE SET calls = excluded.calls;
INSERT INTO callvault.ids (company, id, number, time, workspace)
		SELECT d.company, d.id, l.number + row_number() OVER (ORDER BY d.time, d.id), d.time, d.workspace
		FROM (SELECT DISTINCT ON (id) company, id, time, workspace FROM callvault.documents AS d
			WHERE d.company = $1 AND NOT EXISTS (SELECT FROM callvault.ids AS i
				WHERE i.company = $1 AND i.id = d.id AND i.time = d.time AND i.workspace = d.workspace)
			ORDER BY id, time DESC) AS d
		JOIN (SELECT c.company, greatest(c.number, coalesce(m.number, 0)) AS number FROM callvault.companies AS c
			LEFT JOIN (SELECT company, max(number) AS number FROM callvault.ids WHERE company = $1 GROUP BY company) AS m ON m.company = c.company
			WHERE c.company = $1) AS l ON l.company = d.company
		ON CONFLICT (company, id) DO UPDATE SET number = excluded.number, time = excluded.time, workspace = excluded.workspace;
INSERT INTO callvault.store (one, id, cursor_secret, keys_version) VALUES (1, $1, $2, $3) ON CONFLICT DO NOTHING;
SELECT FROM callvault.companies WHERE company = $1 FOR UPDATE;
SELECT FROM callvault.store;
SELECT FROM callvault.store FOR UPDATE;
SELECT c.company, format('the latest number is %s, and that of its ids %s', c.number, m.number) FROM callvault.companies AS c
		JOIN (SELECT company, max(number) AS number FROM callvault.ids GROUP BY company) AS m ON m.company = c.company WHERE c.number <> m.number;
SELECT callvault.delete_calls($1, $2);
SELECT callvault.delete_first($1, $2, $3, $4, $5);
SELECT callvault.load_records($1, $2, $3, $4, $5, $6);
SELECT callvault.make_company($1);
SELECT callvault.put_batch($1, $2, $3, $4, $5);
SELECT callvault.take_quota($1, $2, $3, $4, $5);
SELECT callvault.take_second($1, $2, $3);
SELECT company FROM callvault.companies ORDER BY company;
SELECT company, day, used FROM callvault.quotas WHERE used > 0 ORDER BY company, day;
SELECT company, format('bucket %s of level %s of workspace ''%s'' counts %s calls and has %s', bucket, level, workspace, coalesce(c.calls, 0), coalesce(a.calls, 0))
		FROM callvault.counts AS c FULL JOIN (SELECT d.company, w.workspace, l.level, d.time >> l.shift AS bucket, count(*) AS calls
	FROM callvault.documents AS d
	CROSS JOIN (VALUES (0, 28), (1, 34), (2, 40)) AS l (level, shift)
	CROSS JOIN LATERAL (VALUES (''), (nullif(d.workspace, ''))) AS w (workspace)
	WHERE w.workspace IS NOT NULL AND true
	GROUP BY 1, 2, 3, 4) AS a USING (company, workspace, level, bucket)
		WHERE coalesce(c.calls, 0) <> coalesce(a.calls, 0);
SELECT company, format('call %s stands at no place that its id knows', id) FROM callvault.documents AS d
		WHERE NOT EXISTS (SELECT FROM callvault.ids AS i WHERE i.company = d.company AND i.id = d.id AND i.time = d.time AND i.workspace = d.workspace);
SELECT company, format('id %s stands for a call that is not there', id) FROM callvault.ids AS i
		WHERE i.time IS NOT NULL AND NOT EXISTS (SELECT FROM callvault.documents AS d WHERE d.company = i.company AND d.time = i.time AND d.id = i.id AND d.workspace = i.workspace);
SELECT company, format('number %s is that of %s ids', number, count(*)) FROM callvault.ids GROUP BY company, number HAVING count(*) > 1;
SELECT count(*) FROM callvault.ids WHERE company = $1 AND number > $2;
SELECT count(*) FROM callvault.keys;
SELECT cursor_secret FROM callvault.store;
SELECT d.time, d.id, d.document, t.total
		FROM (SELECT $7 * (SELECT count(*) FROM (
			SELECT time FROM callvault.documents
			WHERE company = $1 AND (workspace, time) >= ($2, $8) AND workspace <= $2 AND $8 < $9
			ORDER BY workspace, time, id LIMIT coalesce((SELECT calls FROM callvault.counts
				WHERE company = $1 AND workspace = $2 AND level = 0 AND bucket = $8 >> 28), 0)) AS edge
		WHERE time < $9) + $10 * (SELECT count(*) FROM (
			SELECT time FROM callvault.documents
			WHERE company = $1 AND (workspace, time) >= ($2, $11) AND workspace <= $2 AND $11 < $12
			ORDER BY workspace, time, id LIMIT coalesce((SELECT calls FROM callvault.counts
				WHERE company = $1 AND workspace = $2 AND level = 0 AND bucket = $11 >> 28), 0)) AS edge
		WHERE time < $12) + $13 * (SELECT coalesce(sum(calls), 0)::bigint FROM callvault.counts
		WHERE company = $1 AND workspace = $2 AND level = $14 AND bucket >= $15 AND bucket < $16) + $17 * (SELECT coalesce(sum(calls), 0)::bigint FROM callvault.counts
		WHERE company = $1 AND workspace = $2 AND level = $18 AND bucket >= $19 AND bucket < $20) + $21 * (SELECT coalesce(sum(calls), 0)::bigint FROM callvault.counts
		WHERE company = $1 AND workspace = $2 AND level = $22 AND bucket >= $23 AND bucket < $24) + $25 * (SELECT coalesce(sum(calls), 0)::bigint FROM callvault.counts
		WHERE company = $1 AND workspace = $2 AND level = $26 AND bucket >= $27 AND bucket < $28) + $29 * (SELECT coalesce(sum(calls), 0)::bigint FROM callvault.counts
		WHERE company = $1 AND workspace = $2 AND level = $30 AND bucket >= $31 AND bucket < $32) AS total) AS t
		LEFT JOIN LATERAL (SELECT time, id, document FROM (
			SELECT workspace, time, id, document FROM callvault.documents
			WHERE company = $1 AND (workspace, time, id) > ($2, $3, $5) AND workspace <= $2
			ORDER BY workspace, time, id LIMIT $6) AS read
		WHERE time < $4 ORDER BY workspace, time, id) AS d ON true;
SELECT d.time, d.id, d.document, t.total
		FROM (SELECT $7 * (SELECT count(*) FROM callvault.documents
		WHERE company = $1 AND time >= $8 AND time < $9) + $10 * (SELECT count(*) FROM callvault.documents
		WHERE company = $1 AND time >= $11 AND time < $12) + $13 * (SELECT coalesce(sum(calls), 0)::bigint FROM callvault.counts
		WHERE company = $1 AND workspace = $2 AND level = $14 AND bucket >= $15 AND bucket < $16) + $17 * (SELECT coalesce(sum(calls), 0)::bigint FROM callvault.counts
		WHERE company = $1 AND workspace = $2 AND level = $18 AND bucket >= $19 AND bucket < $20) + $21 * (SELECT coalesce(sum(calls), 0)::bigint FROM callvault.counts
		WHERE company = $1 AND workspace = $2 AND level = $22 AND bucket >= $23 AND bucket < $24) + $25 * (SELECT coalesce(sum(calls), 0)::bigint FROM callvault.counts
		WHERE company = $1 AND workspace = $2 AND level = $26 AND bucket >= $27 AND bucket < $28) + $29 * (SELECT coalesce(sum(calls), 0)::bigint FROM callvault.counts
		WHERE company = $1 AND workspace = $2 AND level = $30 AND bucket >= $31 AND bucket < $32) AS total) AS t
		LEFT JOIN LATERAL (SELECT time, id, document FROM callvault.documents
		WHERE company = $1 AND (time, id) > ($3, $5) AND time < $4 AND $2 = ''
		ORDER BY time, id LIMIT $6) AS d ON true;
SELECT encode(id, 'hex'), current_setting('transaction_read_only')::boolean FROM callvault.store;
SELECT i.number, i.id, i.time, d.workspace, d.document
		FROM (SELECT number, id, time FROM callvault.ids WHERE company = $1 AND number > $2 ORDER BY number OFFSET 0) AS i
		LEFT JOIN LATERAL (
			SELECT workspace, document FROM callvault.documents AS d WHERE d.company = $1 AND d.time = i.time AND d.id = i.id OFFSET 0
		) AS d ON true;
SELECT number FROM callvault.companies WHERE company = $1;
SELECT number, id, time IS NULL FROM callvault.ids WHERE company = $1 ORDER BY number;
SELECT s.keys_version, k.id, k.kind, k.company, k.scopes, k.digest, k.created, k.expires, k.revoked
		FROM callvault.store AS s LEFT JOIN callvault.keys AS k ON s.keys_version <> $1 ORDER BY k.id;
SELECT time, id, document FROM (
			SELECT workspace, time, id, document FROM callvault.documents
			WHERE company = $1 AND (workspace, time, id) > ($2, $3, $5) AND workspace <= $2
			ORDER BY workspace, time, id LIMIT $6) AS read
		WHERE time < $4 ORDER BY workspace, time, id;
SELECT time, id, document FROM callvault.documents
		WHERE company = $1 AND (time, id) > ($3, $5) AND time < $4 AND $2 = ''
		ORDER BY time, id LIMIT $6;
SELECT time, id, document FROM callvault.documents
		WHERE company = $1 AND (workspace, time, id) > ($2, $3, $5) AND (workspace, time) < ($2, $4)
		ORDER BY workspace, time, id LIMIT $6;
SELECT version, usable_since FROM callvault.schema;
UPDATE callvault.companies AS t SET number = m.number
		FROM (SELECT company, max(number) AS number FROM callvault.ids WHERE company = $1 GROUP BY company) AS m
		WHERE t.company = $1 AND t.company = m.company AND t.number <> m.number;
UPDATE callvault.companies SET number = 0;
UPDATE callvault.ids AS t SET number = again.number
		FROM (SELECT p.company, p.id, l.number + row_number() OVER (ORDER BY p.number, p.id) AS number
			FROM (SELECT company, id, number, row_number() OVER (PARTITION BY number ORDER BY id) AS place
				FROM callvault.ids WHERE company = $1) AS p
			JOIN (SELECT c.company, greatest(c.number, coalesce(m.number, 0)) AS number FROM callvault.companies AS c
			LEFT JOIN (SELECT company, max(number) AS number FROM callvault.ids WHERE company = $1 GROUP BY company) AS m ON m.company = c.company
			WHERE c.company = $1) AS l ON l.company = p.company WHERE p.place > 1) AS again
		WHERE t.company = $1 AND t.company = again.company AND t.id = again.id;
UPDATE callvault.ids AS t SET time = NULL, workspace = NULL, number = gone.number
		FROM (SELECT i.company, i.id, l.number + row_number() OVER (ORDER BY i.id) AS number
			FROM callvault.ids AS i JOIN (SELECT c.company, greatest(c.number, coalesce(m.number, 0)) AS number FROM callvault.companies AS c
			LEFT JOIN (SELECT company, max(number) AS number FROM callvault.ids WHERE company = $1 GROUP BY company) AS m ON m.company = c.company
			WHERE c.company = $1) AS l ON l.company = i.company
			WHERE i.company = $1 AND i.time IS NOT NULL AND NOT EXISTS (SELECT FROM callvault.documents AS d
				WHERE d.company = $1 AND d.time = i.time AND d.id = i.id)) AS gone
		WHERE t.company = $1 AND t.company = gone.company AND t.id = gone.id;
UPDATE callvault.quotas SET used = greatest(0, used - $3) WHERE company = $1 AND day = $2;
UPDATE callvault.schema SET version = $1, usable_since = $2;
UPDATE callvault.store SET cursor_secret = $1;
WITH k AS (SELECT id, revoked FROM callvault.keys WHERE company = $1 AND id = $2),
		v AS (UPDATE callvault.store SET keys_version = $4 WHERE EXISTS (SELECT FROM k WHERE revoked IS NULL)),
		r AS (UPDATE callvault.keys AS t SET revoked = $3 FROM k WHERE t.id = k.id AND k.revoked IS NULL)
		SELECT count(*) FROM k;
WITH v AS (UPDATE callvault.store SET keys_version = $9)
		INSERT INTO callvault.keys (id, kind, company, scopes, digest, created, expires, revoked)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8);
