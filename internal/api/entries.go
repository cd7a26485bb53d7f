package api

import (
	"context"
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
	named bool           // by calls; it was not imported
	first callvault.Time // of the calls that name it
}

// each visits the entries after an id in the order of the ids, as numbers. One that was
// imported takes the place of the one that calls name. Only an id names one.
func (e *entries) each(ctx context.Context, store callvault.Companies, company string, after callvault.ID, visit func(*entry) error) error {
	named, err := e.named(ctx, store, company, after)
	if err != nil {
		return err
	}
	var document []byte
	visitNamed := func(until callvault.ID) error { // and takes them out
		for len(named) > 0 && (until.IsZero() || named[0].ID.Compare(until) < 0) {
			next := &named[0]
			document = e.write(document[:0], next.ID, next.first)
			next.Document = document
			if err := visit(next); err != nil {
				return err
			}
			named = named[1:]
		}
		return nil
	}
	err = store.Directory(company).Scan(ctx, e.kind, after, -1, func(imported callvault.Entry) error {
		if err := visitNamed(imported.ID); err != nil {
			return err
		}
		if len(named) > 0 && named[0].ID == imported.ID {
			named = named[1:]
		}
		return visit(&entry{Entry: imported})
	})
	if err == nil {
		err = visitNamed(callvault.ID{})
	}
	return err
}

// get visits the entry with an id, if there is one.
func (e *entries) get(ctx context.Context, store callvault.Companies, company string, id callvault.ID, visit func(*entry) error) error {
	found := false
	err := store.Directory(company).Get(ctx, e.kind, []callvault.ID{id}, func(imported callvault.Entry) error {
		found = true
		return visit(&entry{Entry: imported})
	})
	if err != nil || found {
		return err
	}
	named, err := e.named(ctx, store, company, callvault.ID{})
	if err != nil {
		return err
	}
	at, found := slices.BinarySearchFunc(named, id, func(n entry, id callvault.ID) int { return n.ID.Compare(id) })
	if !found {
		return nil
	}
	named[at].Document = e.write(nil, id, named[at].first)
	return visit(&named[at])
}

// named are the entries that calls name, after an id and in their order.
func (e *entries) named(ctx context.Context, store callvault.Companies, company string, after callvault.ID) (named []entry, err error) {
	names, err := store.Calls(company).Names(ctx, e.field)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if id, err := callvault.ParseID(name.Name); err == nil && id.Compare(after) > 0 {
			named = append(named, entry{callvault.Entry{ID: id}, true, name.First})
		}
	}
	slices.SortFunc(named, func(a, b entry) int {
		if byID := a.ID.Compare(b.ID); byID != 0 {
			return byID
		}
		return int(min(max(a.first-b.first, -1), 1))
	})
	// The same number may have been written with zeros before it.
	return slices.CompactFunc(named, func(a, b entry) bool { return a.ID == b.ID }), nil
}
