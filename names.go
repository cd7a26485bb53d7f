package callvault

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Field is a field of calls whose values a store counts, so that they are found without a
// look at the calls. The numbers are part of what a store keeps.
type Field int

// The fields that have names.
const (
	Hosts          Field = iota // primaryUserId
	WorkspaceNames              // workspaceId
	Systems                     // system

	nameFields = iota
)

// Name is a value that calls have in a field. Null and the empty text are no names.
type Name struct {
	Name  string
	Calls int
	First Time // of the first of these calls
}

// MaxName is how many characters of a name are kept, because keys of PostgreSQL are
// bounded. Longer values that begin alike are one name.
const MaxName = 200

// NameKey names a name as stores keep it: of a host and a system what stands between the
// quotes in the document, of a workspace its key. So SQL can find it. It is for engines.
type NameKey struct {
	Field Field
	Name  string
}

// Value is the name as people read it.
func (k NameKey) Value() string {
	if k.Field == WorkspaceNames {
		if id, err := ParseID(k.Name); err == nil {
			return id.String()
		}
	}
	if strings.IndexByte(k.Name, '\\') < 0 {
		return k.Name
	}
	text := ""
	if err := json.Unmarshal([]byte(`"`+k.Name+`"`), &text); err != nil {
		return k.Name // it was cut within a character that is escaped
	}
	return text
}

// Named is what a tally has of a name.
type Named struct {
	Calls   int
	Added   Time  // the time of the first call that came, or MaxTime
	Removed Time  // the time of the first call that went, or MaxTime
	Number  int64 // that a store has given it, as SetNumber says, or 0
	place   int32 // in the change of facts, or 0
}

// callNames are what a tally has of the names of a call, or nil for those it lacks.
type callNames [nameFields]*Named

// NameTally adds up calls by their names: those of a transaction, or all of a company's. It is
// for engines.
type NameTally [nameFields]map[string]*Named

// NewNameTally is a tally of no calls.
func NewNameTally() *NameTally {
	t := &NameTally{}
	for field := range t {
		t[field] = make(map[string]*Named)
	}
	return t
}

// rawNames are the names of a call as they stand in it, empty where it has none.
type rawNames [nameFields][]byte

// Add adds a call that is there now.
func (t *NameTally) Add(c *Call) { t.add(c, namesOf(c)) }

func (t *NameTally) add(c *Call, names rawNames) (added callNames) {
	for field, name := range names {
		if len(name) > 0 {
			n := t.named(field, name)
			n.Calls, n.Added = n.Calls+1, min(n.Added, c.Time)
			added[field] = n
		}
	}
	return added
}

// SetNumber tells the number of a name of the tally.
func (t *NameTally) SetNumber(k NameKey, number int64) { t[k.Field][k.Name].Number = number }

// Remove takes away a call as it was. Of its document, KeepNames is enough.
func (t *NameTally) Remove(c *Call) {
	for field, name := range namesOf(c) {
		if len(name) > 0 {
			n := t.named(field, name)
			n.Calls, n.Removed = n.Calls-1, min(n.Removed, c.Time)
		}
	}
}

func (t *NameTally) named(field int, name []byte) *Named {
	n := t[field][string(name)]
	if n == nil {
		n = &Named{Added: MaxTime, Removed: MaxTime}
		t[field][string(name)] = n
	}
	return n
}

// Has tells whether a call has a name.
func (k NameKey) Has(c *Call) bool { return string(namesOf(c)[k.Field]) == k.Name }

// Of is what the tally has of a name.
func (t *NameTally) Of(k NameKey) Named {
	if n := t[k.Field][k.Name]; n != nil {
		return *n
	}
	return Named{Added: MaxTime, Removed: MaxTime}
}

// Len is how many names the tally has.
func (t *NameTally) Len() (n int) {
	for _, names := range t {
		n += len(names)
	}
	return n
}

// Keys are the names of the tally, by field and name.
func (t *NameTally) Keys() []NameKey {
	keys := make([]NameKey, 0, t.Len())
	for field, names := range t {
		for name := range names {
			keys = append(keys, NameKey{Field(field), name})
		}
	}
	sortNames(keys)
	return keys
}

func sortNames(keys []NameKey) {
	slices.SortFunc(keys, func(a, b NameKey) int { return cmp.Or(cmp.Compare(a.Field, b.Field), cmp.Compare(a.Name, b.Name)) })
}

// NameSearch finds the first calls of names among calls that it meets in their order. It is for
// engines.
type NameSearch [nameFields]map[string]*KeptName

// NewNameSearch is a search for no names.
func NewNameSearch() *NameSearch {
	s := &NameSearch{}
	for field := range s {
		s[field] = make(map[string]*KeptName)
	}
	return s
}

// Seek adds a name, whose first call is set when it is met.
func (s *NameSearch) Seek(k NameKey, kept *KeptName) { s[k.Field][k.Name] = kept }

// Meet meets the next call, and tells whether all names are found. Fields of which no name is
// left cost nothing.
func (s *NameSearch) Meet(c *Call) (found bool) {
	if len(s[Hosts])+len(s[Systems]) > 0 {
		_, value, _ := bytes.Cut(c.Document, hostMember)
		s.meet(Hosts, cutName(textIn(value)), c.Time)
		if len(s[Systems]) > 0 {
			_, value, _ = bytes.Cut(value, systemMember)
			s.meet(Systems, cutName(textIn(value)), c.Time)
		}
	}
	if len(s[WorkspaceNames]) > 0 && !c.Workspace.IsZero() {
		s.meet(WorkspaceNames, c.Workspace[:], c.Time)
	}
	return len(s[Hosts])+len(s[WorkspaceNames])+len(s[Systems]) == 0
}

func (s *NameSearch) meet(field Field, name []byte, at Time) {
	if kept := s[field][string(name)]; kept != nil {
		kept.First = at
		delete(s[field], string(name))
	}
}

// KeptName is what a store keeps of a name.
type KeptName struct {
	Number int64 // which other rows may have in place of the name; no two of a company have one
	Calls  int   // 0 for a name that is to go
	First  Time
}

// NameDifference is a name that an engine keeps and that its calls contradict.
type NameDifference struct {
	NameKey
	Kept, Has KeptName // Has is what is to be kept
}

func (d *NameDifference) String() string {
	what := [nameFields]string{"primaryUserId", "workspaceId", "system"}[d.Field]
	if d.Kept.Calls == d.Has.Calls {
		return fmt.Sprintf("%s %q: its first call is recorded at %s, but is at %s", what, d.Value(), d.Kept.First, d.Has.First)
	}
	return fmt.Sprintf("%s %q: %d calls counted, but %d found", what, d.Value(), d.Kept.Calls, d.Has.Calls)
}

// CompareNames compares all names that are kept of a company with the tally of all its calls.
// A name that is missing gets the next number. It changes kept.
func (t *NameTally) CompareNames(kept map[NameKey]KeptName) (differences []NameDifference) {
	last := int64(0)
	for _, k := range kept {
		last = max(last, k.Number)
	}
	for _, key := range t.Keys() {
		n, was := t.Of(key), kept[key]
		has := KeptName{was.Number, n.Calls, n.Added}
		if was.Number == 0 {
			last++
			has.Number = last
		}
		if has != was {
			differences = append(differences, NameDifference{key, was, has})
		}
		delete(kept, key)
	}
	left := slices.Collect(maps.Keys(kept))
	sortNames(left)
	for _, key := range left {
		differences = append(differences, NameDifference{key, kept[key], KeptName{Number: kept[key].Number}})
	}
	return differences
}

// What stands before a host and a system in a document. Only texts and numbers come before
// them, and quotes in texts are escaped, so that the first is the call's own.
var (
	hostMember   = []byte(`,"primaryUserId":`)
	systemMember = []byte(`,"system":`)
)

// namesOf are the names of a call.
func namesOf(c *Call) (names rawNames) {
	host, system := namesIn(c.Document)
	names[Hosts], names[Systems] = cutName(host), cutName(system)
	if !c.Workspace.IsZero() {
		names[WorkspaceNames] = c.Workspace[:]
	}
	return names
}

// Host is the call's primaryUserId as it stands in the document between its quotes, or nil if
// it is null.
func (c *Call) Host() []byte {
	_, value, _ := bytes.Cut(c.Document, hostMember)
	return textIn(value)
}

// namesIn are the names in a document as they stand between their quotes.
func namesIn(document []byte) (host, system []byte) {
	_, value, _ := bytes.Cut(document, hostMember)
	_, next, _ := bytes.Cut(value, systemMember)
	return textIn(value), textIn(next)
}

// textIn is the text that begins a part of a document, between its quotes; nil for another value.
func textIn(value []byte) []byte {
	if len(value) == 0 || value[0] != '"' {
		return nil
	}
	for i := 1; i < len(value); i++ {
		end := bytes.IndexByte(value[i:], '"')
		if end < 0 {
			return nil
		}
		escaped := bytes.IndexByte(value[i:i+end], '\\')
		if escaped < 0 {
			return value[1 : i+end]
		}
		i += escaped + 1
	}
	return nil
}

func cutName(name []byte) []byte {
	if len(name) <= MaxName {
		return name
	}
	end := 0
	for range MaxName {
		_, size := utf8.DecodeRune(name[end:])
		end += size
	}
	return name[:end]
}

// KeepNames is a document of the names in another one, for a tally. It is for engines.
func KeepNames(document []byte) []byte {
	host, system := namesIn(document)
	quote := []byte{'"'}
	return slices.Concat(hostMember, quote, host, quote, systemMember, quote, system, quote)
}
