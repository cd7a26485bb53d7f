package where

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// Sieve finds calls as they come, when nobody knows beforehand what they have.
type Sieve struct {
	filter  callvault.Filter
	names   []*name
	entries callvault.EntryNames
	met     map[met]bool
}

// name is a term whose value is the name of something that calls have.
type name struct {
	index   int
	term    Term
	folded  string
	isThere bool
}

// met is what a call has in a field.
type met struct{ field, value string }

// The fields whose values are names, and what users and workspaces are to them.
var (
	fieldOfName = map[string]callvault.Field{"host": callvault.Hosts, "system": callvault.Systems, "workspace": callvault.WorkspaceNames}
	kindOfName  = map[string]callvault.Kind{"host": callvault.Users, "workspace": callvault.Workspaces}
)

// Names tells whether a term may be a name of users or of workspaces, and not their id.
func (w *Where) Names(kind callvault.Kind) bool {
	return slices.ContainsFunc(w.Terms, func(t Term) bool { return t.Kind == Field && kindOfName[t.Field] == kind && !isNumber(t.Value) })
}

// Sieve is a sieve that knows users and workspaces by name.
func (w *Where) Sieve(entries callvault.EntryNames) *Sieve {
	s := &Sieve{filter: w.filter, met: make(map[met]bool)}
	for i, term := range w.Terms {
		if _, isName := fieldOfName[term.Field]; isName {
			s.names = append(s.names, &name{i, term, callvault.Fold(term.Value), false})
		}
	}
	s.know(entries)
	return s
}

// know replaces the users and workspaces, and meets each, so that those without calls count.
func (s *Sieve) know(entries callvault.EntryNames) {
	s.entries = entries
	for field, kind := range kindOfName {
		for id := range entries.Each(kind) {
			s.meet(met{field, id.String()})
		}
	}
}

// Resolve is what selects calls of a company: names are looked up among what its calls, users
// and workspaces have. A name that none of them has is an *Error.
func (w *Where) Resolve(ctx context.Context, calls callvault.Reads, entries callvault.Entries) (callvault.Filter, error) {
	s := w.Sieve(make(callvault.EntryNames))
	var hosts []string
	for field, of := range fieldOfName {
		if !s.asks(field) {
			continue
		}
		var values []string
		err := calls.Names(ctx, of, func(n callvault.Name) error {
			values = append(values, n.Name)
			return nil
		})
		if err != nil {
			return callvault.Filter{}, err
		}
		if kind, isEntry := kindOfName[field]; isEntry {
			if err := s.entries.Add(ctx, entries, kind, idsOf(values)); err != nil {
				return callvault.Filter{}, err
			}
		}
		for _, value := range values {
			s.meet(met{field, value})
		}
		if of == callvault.Hosts {
			hosts = values
		}
	}
	if s.Missing() == nil {
		return s.filter, nil
	}
	// A user or workspace without calls is not missing.
	all, err := callvault.ReadEntryNames(ctx, entries)
	if err != nil {
		return callvault.Filter{}, err
	}
	s.know(all)
	s.begin(hosts)
	if missing := s.Missing(); missing != nil {
		return callvault.Filter{}, missing
	}
	return s.filter, nil
}

// begin finds hosts without a name by the beginning of their ids, for terms that nothing has.
func (s *Sieve) begin(hosts []string) {
	for _, n := range s.names {
		if n.term.Field != "host" || n.isThere {
			continue
		}
		for _, id := range hosts {
			if s.entries.Of(callvault.Users, id) == "" && strings.HasPrefix(id, n.term.Value) {
				n.isThere = true
				s.filter.Hosts = append(s.filter.Hosts, id)
			}
		}
	}
}

func idsOf(values []string) (ids []callvault.ID) {
	for _, value := range values {
		if id, err := callvault.ParseID(value); err == nil {
			ids = append(ids, id)
		}
	}
	return callvault.SortIDs(ids)
}

// Has tells whether a call is looked for.
func (s *Sieve) Has(c *callvault.Call) bool {
	if len(s.names) == 0 {
		return s.filter.Has(c)
	}
	d, err := gong.ParseCall(c.Document)
	if err != nil {
		return false
	}
	for field, value := range map[string]*string{"host": d.PrimaryUserID, "system": d.System, "workspace": d.WorkspaceID} {
		if value != nil && s.asks(field) {
			s.meet(met{field, *value})
		}
	}
	// A field without values would let every call through.
	if s.asks("host") && s.filter.Hosts == nil || s.asks("system") && s.filter.Systems == nil || s.asks("workspace") && s.filter.Workspaces == nil {
		return false
	}
	return s.filter.Has(c)
}

// Workspaces are the workspaces that the sieve knows and finds, and what users and workspaces
// are called.
func (s *Sieve) Workspaces() ([]callvault.ID, callvault.EntryNames) {
	return s.filter.Workspaces, s.entries
}

// asks tells whether there are terms of a field.
func (s *Sieve) asks(field string) bool {
	return slices.ContainsFunc(s.names, func(n *name) bool { return n.term.Field == field })
}

// meet learns what calls have, and adds it to the filter if a term means it.
func (s *Sieve) meet(m met) {
	if s.met[m] {
		return
	}
	s.met[m] = true
	if !s.find(m, s.entries.Of(kindOfName[m.field], m.value)) {
		return
	}
	switch m.field {
	case "host":
		s.filter.Hosts = append(s.filter.Hosts, m.value)
	case "system":
		s.filter.Systems = append(s.filter.Systems, m.value)
	default:
		id, _ := callvault.ParseID(m.value) // it was checked when it was written
		s.filter.Workspaces = append(s.filter.Workspaces, id)
	}
}

// find tells whether a term means something: by its value, or by the beginning of a word of
// what people call it. A host that nobody has named is called as calls have it, which may be
// the name of an agent. An id is meant as a whole, since others may begin like it.
func (s *Sieve) find(m met, called string) (found bool) {
	if called == "" && m.field == "host" && !isNumber(m.value) {
		called = m.value
	}
	value, called := callvault.Fold(m.value), " "+callvault.Fold(called)
	for _, n := range s.names {
		if n.term.Field == m.field && (n.folded == value || strings.Contains(called, " "+n.folded)) {
			n.isThere, found = true, true
		}
	}
	return found
}

// Missing is the first name that nothing has had so far, or nil.
func (s *Sieve) Missing() *Error {
	return s.missing(func(*name) bool { return true })
}

// Hopeless is the first missing name that calls can't supply, or nil: that of a workspace, and
// of a kind that nobody shows.
func (s *Sieve) Hopeless(hidden ...callvault.Kind) *Error {
	return s.missing(func(n *name) bool {
		kind := kindOfName[n.term.Field]
		return !isNumber(n.term.Value) && (kind == callvault.Workspaces || slices.Contains(hidden, kind))
	})
}

func (s *Sieve) missing(is func(*name) bool) *Error {
	for _, n := range s.names {
		if !n.isThere && is(n) {
			near := s.near(n)
			return &Error{n.index, n.term.Text, s.advice(n.term.Field, near), true, near}
		}
	}
	return nil
}

// advice is what to type in place of a name that is not there.
func (s *Sieve) advice(field string, near []string) string {
	switch {
	case len(near) > 0 && field == "host":
		return "nobody here has this name; did you mean " + strings.Join(near, " or ") + "?"
	case len(near) > 0:
		return "no call here has this " + field + "; did you mean " + strings.Join(near, " or ") + "?"
	case field == "host":
		return "nobody here has this name; type the beginning of a first or last name, or an id"
	}
	var there []string
	for m := range s.met {
		if m.field == field {
			there = append(there, cmp.Or(s.entries.Of(kindOfName[field], m.value), m.value))
		}
	}
	slices.Sort(there)
	if len(there) == 0 {
		return "no call here has a " + field + "; leave the term out"
	}
	const most = 10
	if len(there) > most {
		there = append(there[:most], "…")
	}
	return "no call here has this " + field + "; there are " + strings.Join(there, ", ")
}
