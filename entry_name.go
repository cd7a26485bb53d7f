package callvault

import (
	"cmp"
	"context"
	"strings"

	"github.com/callvault/callvault/gong"
)

// EntryNames are what people call users and workspaces of a company. They hold names and no
// documents. A nil one has no names.
type EntryNames map[Kind]map[string]string

// Of is the name of the entry with an id as calls have it; empty where nobody has named it.
func (n EntryNames) Of(kind Kind, id string) string { return n[kind][id] }

// Has tells whether an entry of a kind has a name.
func (n EntryNames) Has(kind Kind) bool { return len(n[kind]) > 0 }

// ReadEntryNames reads the names of all entries of a company. A damaged entry is a
// *DamageError.
func ReadEntryNames(ctx context.Context, from Entries) (EntryNames, error) {
	names := make(EntryNames)
	for _, kind := range Kinds() {
		if err := from.Scan(ctx, kind, ID{}, -1, names.adder(kind)); err != nil {
			return nil, err
		}
	}
	return names, nil
}

// ReadNamesOf reads the names of the hosts and workspaces of calls, by the calls' documents.
func ReadNamesOf(ctx context.Context, from Entries, documents ...[]byte) (EntryNames, error) {
	names, ids := make(EntryNames), make(map[Kind][]ID)
	for _, document := range documents {
		call, _ := gong.ParseCall(document) // it was checked when it was written
		for kind, digits := range map[Kind]*string{Users: call.PrimaryUserID, Workspaces: call.WorkspaceID} {
			if digits == nil {
				continue
			}
			if id, err := ParseID(*digits); err == nil {
				ids[kind] = append(ids[kind], id)
			}
		}
	}
	for _, kind := range Kinds() {
		if err := names.Add(ctx, from, kind, SortIDs(ids[kind])); err != nil {
			return nil, err
		}
	}
	return names, nil
}

// Add adds the names of the entries of a kind with these ids.
func (n EntryNames) Add(ctx context.Context, from Entries, kind Kind, ids []ID) error {
	if len(ids) == 0 {
		return nil
	}
	return from.Get(ctx, kind, ids, n.adder(kind))
}

// adder adds the names of entries as they are visited.
func (n EntryNames) adder(kind Kind) func(Entry) error {
	if n[kind] == nil {
		n[kind] = make(map[string]string)
	}
	return func(e Entry) error {
		if name := e.name(kind); name != "" {
			n[kind][e.ID.String()] = name
		}
		return nil
	}
}

// name is a workspace's name, and a user's first and last name, or else the e-mail address.
func (e *Entry) name(kind Kind) string {
	if kind == Workspaces {
		w, _ := gong.ParseWorkspace(e.Document) // it was checked when it was written
		return trimmed(w.Name)
	}
	u, _ := gong.ParseUser(e.Document)
	return cmp.Or(strings.TrimSpace(trimmed(u.FirstName)+" "+trimmed(u.LastName)), trimmed(u.EmailAddress))
}

func trimmed(text *string) string {
	if text == nil {
		return ""
	}
	return strings.TrimSpace(*text)
}
