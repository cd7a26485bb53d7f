package callvault

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/callvault/callvault/gong"
)

// Kind is a kind of documents that a store keeps beside calls.
type Kind string

// The kinds of entries of a directory.
const (
	Users      Kind = "users"
	Workspaces Kind = "workspaces"
)

// Kinds are the kinds of entries, in the order of their names.
func Kinds() []Kind { return []Kind{Users, Workspaces} }

// One is what a single entry is called, and a call where there is no kind.
func (k Kind) One() string {
	if k == "" {
		return "call"
	}
	return strings.TrimSuffix(string(k), "s")
}

// Entry is a user or a workspace as it was imported. ParseEntry makes one, and a store takes
// nothing else.
type Entry struct {
	ID       ID
	Document []byte // the encoded gong.User or gong.Workspace, the same bytes on every engine
}

// Directory is the users and workspaces of one company. They have no numbers, and no
// change of the company's calls touches them.
type Directory interface {
	Entries

	// Put writes entries of a kind, all or none; of several with one id the last wins. An
	// entry replaces the one with its id; one that is there to the byte is left alone. The
	// company is made on first use.
	Put(ctx context.Context, kind Kind, entries []Entry) (PutResult, error)

	// Delete removes the entries with these ids for good, all or none, and tells how many
	// there were. An id that is not there is passed over.
	Delete(ctx context.Context, kind Kind, ids []ID) (deleted int, err error)
}

// Entries is the part of Directory that reads. A document is valid only until the visitor
// returns. A row that is not what was written is a *DamageError.
type Entries interface {
	// Count is how many entries of a kind there are.
	Count(ctx context.Context, kind Kind) (int, error)

	// Get visits the entries with these ids that are there, each once, in the order of the
	// ids, as they are at one moment. An error of visit ends it and is returned.
	Get(ctx context.Context, kind Kind, ids []ID, visit func(Entry) error) error

	// Scan visits the entries with ids above after (the zero ID is before all), by id, up to
	// limit of them (all when limit is negative), as they are at one moment. An error of
	// visit ends it and is returned.
	Scan(ctx context.Context, kind Kind, after ID, limit int, visit func(Entry) error) error
}

// ParseEntry reads a user or a workspace from its JSON, in the form of the wire. It returns a
// *gong.CallError with every problem it finds.
func ParseEntry(kind Kind, data []byte) (Entry, error) {
	var k checker
	var e Entry
	switch kind {
	case Users:
		u, err := gong.ParseUser(data)
		if err != nil {
			return e, err
		}
		k.year("created", u.Created)
		e = Entry{k.id("id", u.ID), u.AppendJSON(nil)}
	case Workspaces:
		w, err := gong.ParseWorkspace(data)
		if err != nil {
			return e, err
		}
		e = Entry{k.id("id", w.ID), w.AppendJSON(nil)}
	default:
		return e, fmt.Errorf("unknown kind %q", kind)
	}
	k.size(e.Document)
	if err := k.err(); err != nil {
		return Entry{}, err
	}
	return e, nil
}

// Checksum is what stores keep beside an entry: eight bytes over its company, kind, id and
// document.
func (e *Entry) Checksum(company string, kind Kind) int64 {
	b := append([]byte(company), 0)
	b = append(append(b, kind...), 0)
	b = append(b, e.ID[:]...)
	b = binary.BigEndian.AppendUint64(b, xxhash.Sum64(e.Document))
	return int64(xxhash.Sum64(b))
}

// EntryVerifier verifies entries as an engine reads them: each row's checksum, and that their
// ids ascend. It is for engines.
type EntryVerifier struct {
	Company string
	Kind    Kind
	After   ID
}

// Verify returns a *DamageError unless the row is what was written and follows the one before.
func (v *EntryVerifier) Verify(e *Entry, kept int64) error {
	problem := ""
	switch {
	case e.Checksum(v.Company, v.Kind) != kept:
		problem = "its checksum does not match"
	case e.ID.Compare(v.After) <= 0:
		problem = "its row is out of order"
	default:
		v.After = e.ID
		return nil
	}
	return &DamageError{Company: v.Company, Kind: v.Kind, ID: e.ID, Problem: problem}
}

// SortEntries is a copy of entries in the order of their ids, the last one of each. It is for
// engines.
func SortEntries(entries []Entry) []Entry {
	entries = slices.Clone(entries)
	slices.Reverse(entries)
	slices.SortStableFunc(entries, func(a, b Entry) int { return a.ID.Compare(b.ID) })
	return slices.CompactFunc(entries, func(a, b Entry) bool { return a.ID == b.ID })
}
