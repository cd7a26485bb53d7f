package api

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/callvault/callvault"
)

// entries are a company's users or workspaces: those that were imported, and those that
// calls name.
type entries struct {
	kind  callvault.Kind
	field callvault.Field // of calls
	// write appends the document of an entry that calls name, which has an id and the time
	// of the first of them.
	write func(dst []byte, id callvault.ID, first callvault.Time) []byte
}

// entry is one of entries, valid until the next one.
type entry struct {
	callvault.Entry
	isImported bool
	first      callvault.Time // of the calls that name one that was not imported
	write      func(dst []byte, id callvault.ID, first callvault.Time) []byte
}

// document is that of one which calls name, too, that is made only when it is shown.
func (e entry) document() []byte {
	if !e.isImported {
		return e.write(nil, e.ID, e.first)
	}
	return e.Document
}

// chosenEntries are those after an id, and if there are ids, which ascend, only of these.
type chosenEntries struct {
	after callvault.ID
	ids   []callvault.ID // nil: any
}

func (c *chosenEntries) has(id callvault.ID) bool {
	if _, found := slices.BinarySearchFunc(c.ids, id, callvault.ID.Compare); c.ids != nil && !found {
		return false
	}
	return id.Compare(c.after) > 0
}

// each visits entries in the order of the ids, as numbers, until a visit has enough. One that
// was imported takes the place of the one that calls name.
func (e *entries) each(ctx context.Context, store callvault.Companies, company string, c chosenEntries, visit func(entry) error) error {
	named, err := e.named(ctx, store.Calls(company), c)
	if err != nil {
		return err
	}
	visitNamed := func(until callvault.ID) error { // and takes them out
		for len(named) > 0 && (until.IsZero() || named[0].id.Compare(until) < 0) {
			next := named[0]
			named = named[1:]
			if err := visit(entry{callvault.Entry{ID: next.id}, false, next.first, e.write}); err != nil {
				return err
			}
		}
		return nil
	}
	err = e.imported(ctx, store.Directory(company), c, func(imported callvault.Entry) error {
		if err := visitNamed(imported.ID); err != nil {
			return err
		}
		if len(named) > 0 && named[0].id == imported.ID {
			named = named[1:]
		}
		return visit(entry{Entry: imported, isImported: true})
	})
	if err == nil {
		err = visitNamed(callvault.ID{})
	}
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// imported visits the entries that were imported, in the order of their ids.
func (e *entries) imported(ctx context.Context, from callvault.Entries, c chosenEntries, visit func(callvault.Entry) error) error {
	after, isRead := c.after, false
	return inParts(visit, func(limit int, visit func(callvault.Entry) error) error {
		if c.ids == nil {
			return from.Scan(ctx, e.kind, after, limit, func(entry callvault.Entry) error {
				after = entry.ID
				return visit(entry)
			})
		}
		if isRead { // all at once
			return nil
		}
		isRead = true
		return from.Get(ctx, e.kind, c.ids, func(entry callvault.Entry) error {
			if !c.has(entry.ID) {
				return nil
			}
			return visit(entry)
		})
	})
}

// errEnough ends a read that has found what it needs.
var errEnough = errors.New("enough")

// inParts visits rows, of which read reads the next ones up to a limit, until a visit returns
// errEnough. It lets that part end, because a read that is stopped costs PostgreSQL its
// connection. So parts are small at first.
func inParts[T any](visit func(T) error, read func(limit int, visit func(T) error) error) error {
	const first = 128
	enough := error(nil)
	for limit := first; enough == nil; limit *= 2 {
		n := 0
		err := read(limit, func(row T) error {
			if n++; enough != nil {
				return nil
			}
			err := visit(row)
			if errors.Is(err, errEnough) {
				enough, err = err, nil
			}
			return err
		})
		if err != nil || n < limit && enough == nil {
			return err
		}
	}
	return enough
}

// name is an entry that calls name. A company may have hundreds of thousands.
type name struct {
	id    callvault.ID
	first callvault.Time // of these calls
}

// named are the entries that calls name, in their order. Only an id names one.
func (e *entries) named(ctx context.Context, calls callvault.Reads, c chosenEntries) (named []name, err error) {
	err = calls.Names(ctx, e.field, func(n callvault.Name) error {
		if id, err := callvault.ParseID(n.Name); err == nil && c.has(id) {
			named = append(named, name{id, n.First})
		}
		return nil
	})
	slices.SortFunc(named, func(a, b name) int { return cmp.Or(a.id.Compare(b.id), cmp.Compare(a.first, b.first)) })
	// The same number may have been written with zeros before it.
	return slices.CompactFunc(named, func(a, b name) bool { return a.id == b.id }), err
}
