package upstream

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/where"
)

// Entries visits those that were imported.
func (s *Store) Entries(kind callvault.Kind) Walk {
	return func(ctx context.Context, _ callvault.Query, visit func(callvault.Record) error) (w Walked, err error) {
		w.Kind = kind
		err = s.Directory.Scan(ctx, kind, callvault.ID{}, -1, w.entry(visit))
		return w, notEnough(err)
	}
}

// Entries visits what the server lists, page by page. Those that break the contract are skipped.
func (s *Server) Entries(kind callvault.Kind) Walk {
	return func(ctx context.Context, _ callvault.Query, visit func(callvault.Record) error) (w Walked, err error) {
		w.Kind = kind
		query := make(url.Values)
		for seen := map[string]bool{"": true}; ; {
			page, err := entries(ctx, s.client.Fetch, kind, query)
			if err != nil {
				return w, err
			}
			for _, err := range page.Skipped {
				s.skipped(&w, err)
			}
			for _, e := range page.Entries {
				if err := w.entry(visit)(e); err != nil {
					return w, notEnough(err)
				}
			}
			if seen[page.Cursor] { // the last page has none, and no page leads back
				return w, nil
			}
			seen[page.Cursor] = true
			query.Set("cursor", page.Cursor)
		}
	}
}

// entry visits a user or a workspace as a record.
func (w *Walked) entry(visit func(callvault.Record) error) func(callvault.Entry) error {
	return func(e callvault.Entry) error {
		w.Met++
		return visit(callvault.Record{Call: callvault.Call{ID: e.ID, Document: e.Document}})
	}
}

// Names reads the names of all users and workspaces. If damaged calls are skipped, it reports
// a damaged user or workspace and goes on without names.
func (s *Store) Names(ctx context.Context) (callvault.EntryNames, error) {
	names, err := callvault.ReadEntryNames(ctx, s.Directory)
	if damage := (*callvault.DamageError)(nil); s.SkipDamaged && errors.As(err, &damage) {
		s.Progress.Note("no names are shown: %s", Text(damage))
		return nil, nil
	}
	return names, err
}

// Names reads the names of the users and workspaces that the server shows.
func (s *Server) Names(ctx context.Context) (callvault.EntryNames, error) {
	names := make(callvault.EntryNames)
	for _, kind := range callvault.Kinds() {
		if err := s.readNames(ctx, kind, names); err != nil && !isHidden(err) {
			return nil, err
		}
	}
	return names, nil
}

// readNames adds the names of a kind.
func (s *Server) readNames(ctx context.Context, kind callvault.Kind, names callvault.EntryNames) error {
	var all []callvault.Entry
	_, err := s.Entries(kind)(ctx, callvault.Query{}, func(r callvault.Record) error {
		all = append(all, callvault.Entry{ID: r.ID, Document: r.Document})
		return nil
	})
	names.AddEntries(kind, all)
	return err
}

// isHidden tells whether a server refuses to show its users or workspaces.
func isHidden(err error) bool {
	refusal := (*gong.Error)(nil)
	return errors.As(err, &refusal) && refusal.Status != http.StatusUnauthorized && refusal.Status < http.StatusInternalServerError
}

// Workspace looks the name up in the store.
func (s *Store) Workspace(ctx context.Context, name string) (callvault.ID, error) {
	filter, err := where.Workspace(name).Resolve(ctx, s.Calls, s.Directory)
	if err != nil {
		return callvault.ID{}, err
	}
	names := make(callvault.EntryNames)
	if err := names.Add(ctx, s.Directory, callvault.Workspaces, callvault.SortIDs(filter.Workspaces)); err != nil {
		return callvault.ID{}, err
	}
	return theOne(name, filter.Workspaces, names)
}

// Workspace looks the name up among the workspaces that the server lists.
func (s *Server) Workspace(ctx context.Context, name string) (callvault.ID, error) {
	sieve, err := s.sieveOf(ctx, where.Workspace(name))
	if err != nil {
		return callvault.ID{}, err
	}
	ids, names := sieve.Workspaces()
	return theOne(name, ids, names)
}

// theOne is the only workspace of some that begin like a name, or the one that is called so.
func theOne(name string, ids []callvault.ID, names callvault.EntryNames) (callvault.ID, error) {
	var called, same []string
	for _, id := range ids {
		other := names.Of(callvault.Workspaces, id.String())
		called = append(called, fmt.Sprintf("%s (%s)", other, id))
		if callvault.Fold(other) == callvault.Fold(name) {
			same = append(same, id.String())
		}
	}
	switch {
	case len(ids) == 1:
		return ids[0], nil
	case len(same) == 1:
		return callvault.ParseID(same[0])
	}
	slices.Sort(called)
	return callvault.ID{}, fmt.Errorf("%.60q is the beginning of several names; type the id of %s", name, strings.Join(called, " or "))
}

// Call reads the call and the names of its host and workspace.
func (s *Store) Call(ctx context.Context, id callvault.ID) (document []byte, names callvault.EntryNames, err error) {
	err = s.Calls.Get(ctx, []callvault.ID{id}, func(record callvault.Record) error {
		document = slices.Clone(record.Document)
		return nil
	})
	switch {
	case err != nil:
		return nil, nil, err
	case document == nil:
		return nil, nil, callvault.ErrNotFound
	}
	names, err = callvault.ReadNamesOf(ctx, s.Directory, document)
	return document, names, err
}

// Call requests the call by its id.
func (s *Server) Call(ctx context.Context, id callvault.ID) ([]byte, callvault.EntryNames, error) {
	found, err := call(ctx, s.client.Fetch, id)
	if err == nil && !found.There {
		err = callvault.ErrNotFound
	}
	return found.Call.Document, nil, err
}
