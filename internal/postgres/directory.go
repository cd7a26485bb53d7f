package postgres

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/callvault/callvault"
)

const (
	countEntriesSQL = `SELECT count(*) FROM callvault.directory WHERE company = $1 AND kind = $2`
	entriesOfSQL    = `SELECT id, checksum, document, kind FROM callvault.directory
		WHERE company = $1 AND kind = $2 AND id = ANY($3::text[]) ORDER BY id`
	entriesSQL = `SELECT id, checksum, document, kind FROM callvault.directory
		WHERE company = $1 AND kind = $2 AND id > $3 ORDER BY id LIMIT $4`
	allEntriesSQL = `SELECT id, checksum, document, kind FROM callvault.directory WHERE company = $1 ORDER BY kind, id`

	putEntriesSQL = `INSERT INTO callvault.directory (company, kind, id, checksum, document)
		SELECT $1, $2, e.id, e.checksum, e.document FROM unnest($3::text[], $4::bigint[], $5::text[]) AS e (id, checksum, document)
		ON CONFLICT (company, kind, id) DO UPDATE SET checksum = excluded.checksum, document = excluded.document`
	deleteEntriesSQL = `DELETE FROM callvault.directory WHERE company = $1 AND kind = $2 AND id = ANY($3::text[])`
)

// entries are the users and workspaces of a company, to be read.
type entries struct {
	asker
	company string
}

// directory is the users and workspaces of a company.
type directory struct {
	entries
	store *Store
}

// Directory hands out one company's users and workspaces.
func (s *Store) Directory(company string) callvault.Directory {
	return directory{entries{s, company}, s}
}

func (s snapshot) Directory(company string) callvault.Entries { return entries{s, company} }

func (s entries) Count(ctx context.Context, kind callvault.Kind) (n int, err error) {
	err = one(ctx, s, []any{&n}, countEntriesSQL, s.company, string(kind))
	return n, err
}

func (s entries) Get(ctx context.Context, kind callvault.Kind, ids []callvault.ID, visit func(callvault.Entry) error) error {
	v := callvault.EntryVerifier{Company: s.company, Kind: kind}
	return s.each(ctx, entryVisitor(&v, visit), entriesOfSQL, s.company, string(kind), keysOf(callvault.SortIDs(ids)))
}

func (s entries) Scan(ctx context.Context, kind callvault.Kind, after callvault.ID, limit int, visit func(callvault.Entry) error) error {
	v := callvault.EntryVerifier{Company: s.company, Kind: kind, After: after}
	return s.each(ctx, entryVisitor(&v, visit), entriesSQL, s.company, string(kind), after.Key(), limited(limit))
}

// entryVisitor visits the verified entries of a query.
func entryVisitor(v *callvault.EntryVerifier, visit func(callvault.Entry) error) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		e, kept := readEntry(rows)
		if err := v.Verify(&e, kept); err != nil {
			return err
		}
		return visit(e)
	}
}

// readEntry reads the columns id, checksum and document, which is valid until the next row.
// What is malformed does not match its checksum.
func readEntry(rows pgx.Rows) (e callvault.Entry, kept int64) {
	values := rows.RawValues()
	copy(e.ID[:], values[0])
	kept, _ = readInt(values[1], rows.FieldDescriptions()[1].Format)
	e.Document = values[2]
	return e, kept
}

// Put writes the entries that are not there to the byte, under the company's lock.
func (s directory) Put(ctx context.Context, kind callvault.Kind, entries []callvault.Entry) (result callvault.PutResult, err error) {
	err = callvault.CheckCompany(s.company)
	if err == nil {
		err = s.store.inTx(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error {
			if err := lock(ctx, tx, s.company); err != nil {
				return err
			}
			if err := s.store.refuseMirrored(ctx, tx, s.company); err != nil {
				return err
			}
			return s.put(ctx, tx, kind, entries, &result)
		})
	}
	if err = s.store.cause(ctx, err); err != nil {
		return callvault.PutResult{}, fmt.Errorf("put %s: %w", kind, err)
	}
	return result, nil
}

// put writes entries while the company is locked.
func (s directory) put(ctx context.Context, tx querier, kind callvault.Kind, entries []callvault.Entry, result *callvault.PutResult) error {
	for chunk := range slices.Chunk(callvault.SortEntries(entries), maxEntries) {
		if err := s.putChunk(ctx, tx, kind, chunk, result); err != nil {
			return err
		}
	}
	return nil
}

// maxEntries is how many entries are written at once: see maxBytes.
const maxEntries = 500

func (s directory) putChunk(ctx context.Context, tx querier, kind callvault.Kind, chunk []callvault.Entry, result *callvault.PutResult) error {
	ids, sums := make([]callvault.ID, len(chunk)), make(map[callvault.ID]int64, len(chunk))
	for i := range chunk {
		ids[i], sums[chunk[i].ID] = chunk[i].ID, chunk[i].Checksum(s.company, kind)
	}
	isSame := make(map[callvault.ID]bool) // of those that are there
	err := s.store.eachIn(ctx, tx, func(rows pgx.Rows) error {
		before, kept := readEntry(rows)
		isSame[before.ID] = kept == sums[before.ID] && before.Checksum(s.company, kind) == kept
		return nil
	}, entriesOfSQL, s.company, string(kind), keysOf(ids))
	if err != nil {
		return err
	}
	var keys, documents []string
	var checksums []int64
	for _, e := range chunk {
		same, there := isSame[e.ID]
		result.Count(there, same)
		if !same {
			keys, documents, checksums = append(keys, e.ID.Key()), append(documents, text(e.Document)), append(checksums, sums[e.ID])
		}
	}
	if len(keys) == 0 {
		return nil
	}
	_, err = tx.Exec(ctx, putEntriesSQL, s.company, string(kind), keys, checksums, documents)
	return err
}

// Delete removes the entries with these ids.
func (s directory) Delete(ctx context.Context, kind callvault.Kind, ids []callvault.ID) (deleted int, err error) {
	err = s.store.inTx(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, lockCompanySQL, s.company); err != nil {
			return err
		}
		if err := s.store.refuseMirrored(ctx, tx, s.company); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, deleteEntriesSQL, s.company, string(kind), keysOf(callvault.SortIDs(ids)))
		deleted = int(tag.RowsAffected())
		return err
	})
	if err = s.store.cause(ctx, err); err != nil {
		return 0, callvault.Doing(err, "delete %s", kind)
	}
	return deleted, nil
}

// examineEntries shows the rows of the directory to an examination.
func (c companyRows) examineEntries(e *callvault.Examination) error {
	verifiers := make(map[callvault.Kind]*callvault.EntryVerifier)
	return c.each(func(rows pgx.Rows) error {
		entry, kept := readEntry(rows)
		kind := callvault.Kind(rows.RawValues()[3])
		if verifiers[kind] == nil {
			verifiers[kind] = &callvault.EntryVerifier{Company: c.company, Kind: kind}
		}
		return e.Entry(kind, string(rows.RawValues()[0]), verifiers[kind].Verify(&entry, kept))
	}, allEntriesSQL, c.company)
}

// removeEntrySQL removes one row, whose id may be damaged.
const removeEntrySQL = `DELETE FROM callvault.directory WHERE company = $1 AND kind = $2 AND id = $3`
