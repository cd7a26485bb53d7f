package callvault

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"

	"github.com/callvault/callvault/gong"
)

// EntryNames are what people call users and workspaces of a company. They hold names and no
// documents: of hundreds of thousands of users some megabytes. A nil one has no names.
type EntryNames map[Kind]*kindNames

// kindNames are the names of a kind, by ids that ascend.
type kindNames struct {
	ids  []ID
	ends []int // of the names in text
	text []byte
}

// Set names an entry, whose id is above those of its kind that have names.
func (n EntryNames) Set(kind Kind, id ID, name string) {
	k := n[kind]
	if k == nil {
		k = new(kindNames)
		n[kind] = k
	}
	k.ids, k.text = append(k.ids, id), append(k.text, name...)
	k.ends = append(k.ends, len(k.text))
}

// Of is the name of the entry with an id as calls have it; empty where nobody has named it.
func (n EntryNames) Of(kind Kind, digits string) string {
	id, err := ParseID(digits)
	if k := n[kind]; k != nil && err == nil {
		if i, found := slices.BinarySearchFunc(k.ids, id, ID.Compare); found {
			return k.name(i)
		}
	}
	return ""
}

func (k *kindNames) name(i int) string {
	begin := 0
	if i > 0 {
		begin = k.ends[i-1]
	}
	return string(k.text[begin:k.ends[i]])
}

// Has tells whether an entry of a kind has a name.
func (n EntryNames) Has(kind Kind) bool { return n[kind] != nil }

// All are the names by kind and id.
func (n EntryNames) All() map[Kind]map[string]string {
	all := make(map[Kind]map[string]string)
	for _, kind := range Kinds() {
		all[kind] = make(map[string]string)
		for id, name := range n.Each(kind) {
			all[kind][id.String()] = name
		}
	}
	return all
}

// Each are the names of a kind, in the order of the ids.
func (n EntryNames) Each(kind Kind) iter.Seq2[ID, string] {
	return func(yield func(ID, string) bool) {
		if k := n[kind]; k != nil {
			for i, id := range k.ids {
				if !yield(id, k.name(i)) {
					return
				}
			}
		}
	}
}

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

// Add adds the names of the entries of a kind, which has none so far, with these ids.
func (n EntryNames) Add(ctx context.Context, from Entries, kind Kind, ids []ID) error {
	if len(ids) == 0 {
		return nil
	}
	return from.Get(ctx, kind, ids, n.adder(kind))
}

// AddEntries adds the names of entries of a kind, which has none so far.
func (n EntryNames) AddEntries(kind Kind, entries []Entry) {
	add := n.adder(kind)
	for _, e := range SortEntries(entries) {
		_ = add(e) // it has no error
	}
}

// adder adds the names of entries as they are visited, in the order of their ids.
func (n EntryNames) adder(kind Kind) func(Entry) error {
	return func(e Entry) error {
		if name := e.name(kind); name != "" {
			n.Set(kind, e.ID, name)
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
