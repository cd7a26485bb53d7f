package sqlite

import (
	"bytes"
	"context"
	"fmt"

	"github.com/callvault/callvault"
)

const (
	countEntriesSQL = `SELECT count(*) FROM directory WHERE company = ? AND kind = ?`
	entrySQL        = `SELECT id, checksum, document FROM directory WHERE company = ? AND kind = ? AND id = ?`
	entriesSQL      = `SELECT id, checksum, document FROM directory WHERE company = ? AND kind = ? AND id > ? ORDER BY id LIMIT ?`
	allEntriesSQL   = `SELECT id, checksum, document, kind FROM directory WHERE company = ? ORDER BY kind, id`

	putEntrySQL = `INSERT INTO directory (company, kind, id, checksum, document) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET checksum = excluded.checksum, document = excluded.document`
	deleteEntrySQL = `DELETE FROM directory WHERE company = ? AND kind = ? AND id = ?`
)

// entries are the users and workspaces of a company, to be read.
type entries struct{ of reads }

// directory is the users and workspaces of a company.
type directory struct{ entries }

// Directory hands out one company's users and workspaces.
func (s *Store) Directory(company string) callvault.Directory {
	return directory{entries{reads{s.view, company}}}
}

func (s snapshot) Directory(company string) callvault.Entries {
	return entries{reads{s.view, company}}
}

func (s entries) Count(ctx context.Context, kind callvault.Kind) (n int, err error) {
	err = s.of.ofCompany(ctx, func(c *conn, of company) error {
		counted, err := c.number(countEntriesSQL, of.id, string(kind))
		n = int(counted)
		return err
	})
	return n, err
}

func (s entries) Get(ctx context.Context, kind callvault.Kind, ids []callvault.ID, visit func(callvault.Entry) error) error {
	return s.of.ofCompany(ctx, func(c *conn, of company) error {
		v := callvault.EntryVerifier{Company: of.name, Kind: kind}
		for _, id := range callvault.SortIDs(ids) {
			if err := c.visitEntries(&v, visit, entrySQL, of.id, string(kind), id.Key()); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s entries) Scan(ctx context.Context, kind callvault.Kind, after callvault.ID, limit int, visit func(callvault.Entry) error) error {
	return s.of.ofCompany(ctx, func(c *conn, of company) error {
		v := callvault.EntryVerifier{Company: of.name, Kind: kind, After: after}
		return c.visitEntries(&v, visit, entriesSQL, of.id, string(kind), after.Key(), limit)
	})
}

// visitEntries visits the verified entries of a query.
func (c *conn) visitEntries(v *callvault.EntryVerifier, visit func(callvault.Entry) error, query string, args ...any) error {
	return c.each(func(st *stmt) error {
		e, kept := c.readEntry(st)
		if err := v.Verify(&e, kept); err != nil {
			return err
		}
		return visit(e)
	}, query, args...)
}

// readEntry reads the columns id, checksum and document, which is valid until the next row.
func (c *conn) readEntry(st *stmt) (e callvault.Entry, kept int64) {
	st.ColumnBytes(0, e.ID[:])
	e.Document = c.column(st, 2)
	return e, st.ColumnInt64(1)
}

// Put writes entries in the order of their ids.
func (s directory) Put(ctx context.Context, kind callvault.Kind, entries []callvault.Entry) (result callvault.PutResult, err error) {
	err = s.of.store.writeUnmirrored(ctx, s.of.company, func(c *conn, of company) error {
		return c.putEntries(of, kind, entries, &result)
	})
	if err != nil {
		return callvault.PutResult{}, fmt.Errorf("put %s: %w", kind, err)
	}
	return result, nil
}

func (c *conn) putEntries(of company, kind callvault.Kind, entries []callvault.Entry, result *callvault.PutResult) error {
	for _, e := range callvault.SortEntries(entries) {
		if err := c.putEntry(of, kind, &e, result); err != nil {
			return fmt.Errorf("%s %s: %w", kind.One(), e.ID, err)
		}
	}
	return nil
}

func (c *conn) putEntry(of company, kind callvault.Kind, e *callvault.Entry, result *callvault.PutResult) error {
	there, isSame := false, false
	sum := e.Checksum(of.name, kind)
	err := c.each(func(st *stmt) error {
		before, kept := c.readEntry(st)
		there, isSame = true, kept == sum && bytes.Equal(before.Document, e.Document)
		return nil
	}, entrySQL, of.id, string(kind), e.ID.Key())
	result.Count(there, isSame)
	if err != nil || isSame {
		return err
	}
	return c.run(putEntrySQL, of.id, string(kind), e.ID.Key(), sum, text(e.Document))
}

// Delete removes the entries with these ids.
func (s directory) Delete(ctx context.Context, kind callvault.Kind, ids []callvault.ID) (deleted int, err error) {
	err = s.of.store.writeIn(ctx, s.of.company, func(c *conn, of company) error {
		if err := c.refuseMirrored(of); err != nil {
			return err
		}
		for _, id := range callvault.SortIDs(ids) {
			if err := c.run(deleteEntrySQL, of.id, string(kind), id.Key()); err != nil {
				return fmt.Errorf("%s %s: %w", kind.One(), id, err)
			}
			deleted += c.changed()
		}
		return nil
	})
	if err != nil {
		return 0, callvault.Doing(err, "delete %s", kind)
	}
	return deleted, nil
}

// examineEntries shows the rows of the directory to an examination.
func (c companyRows) examineEntries(e *callvault.Examination) error {
	verifiers := make(map[string]*callvault.EntryVerifier)
	return c.each(func(st *stmt) error {
		entry, kept := c.readEntry(st)
		kind := st.ColumnText(3)
		if verifiers[kind] == nil {
			verifiers[kind] = &callvault.EntryVerifier{Company: c.of.name, Kind: callvault.Kind(kind)}
		}
		return e.Entry(callvault.Kind(kind), st.ColumnText(0), verifiers[kind].Verify(&entry, kept))
	}, allEntriesSQL, c.of.id)
}
