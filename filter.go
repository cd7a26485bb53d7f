package callvault

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"github.com/callvault/callvault/gong"
)

// Filter says which calls a search selects, besides a Query. All fields that it names must match;
// one of several values of a field is enough. The zero Filter selects every call.
type Filter struct {
	Words      []string // each begins a word of the title or the clientUniqueId, folded; one with spaces begins words that follow each other
	Numbers    []string // digits, each of which is the call's id or begins such a word
	Systems    []string // as in documents
	Hosts      []string // primaryUserId
	Workspaces []ID
	Directions []gong.Direction
	Scopes     []gong.CallScope
	Private    *bool         // null is false
	Longer     time.Duration // at least, in whole seconds
	Late       time.Duration // started at least so much after it was scheduled, in whole minutes
}

// Has tells whether the filter selects a call, by a look at its document.
func (f *Filter) Has(c *Call) bool {
	return !f.rulesOut(c) && f.misses(c) == 0
}

// rulesOut leaves out most calls by the bytes of their documents, at a fraction of what it takes
// to read them. Names with escapes are left to misses.
func (f *Filter) rulesOut(c *Call) bool {
	if len(f.Workspaces) > 0 && !slices.Contains(f.Workspaces, c.Workspace) {
		return true
	}
	if len(f.Hosts)+len(f.Systems) > 0 {
		names := namesOf(c)
		if isNone(f.Hosts, names[Hosts]) || isNone(f.Systems, names[Systems]) {
			return true
		}
	}
	after := func(member int) []byte {
		_, value, _ := bytes.Cut(c.Document, memberNames[member])
		return value
	}
	if f.Longer > 0 && wholeIn(after(durationMember)) < int64(f.Longer/time.Second) ||
		len(f.Directions) > 0 && !slices.Contains(f.Directions, gong.Direction(textIn(after(directionMember)))) ||
		len(f.Scopes) > 0 && !slices.Contains(f.Scopes, gong.CallScope(textIn(after(scopeMember)))) {
		return true
	}
	if len(f.Words) == 0 {
		return false
	}
	var buffer [256]byte
	line := AppendFold(buffer[:0], unquoted(textIn(after(titleMember))))
	line = appendClient(line, c.Client())
	return slices.ContainsFunc(f.Words, func(word string) bool { return !beginsWord(line, []byte(word)) })
}

// isNone tells whether a text has no escapes and equals none of the wanted ones, if any are.
func isNone(of []string, text []byte) bool {
	return len(of) > 0 && bytes.IndexByte(text, '\\') < 0 && !slices.Contains(of, string(text))
}

// misses is a bit for each field by which the filter leaves the call out, and missesOther for
// anything else.
func (f *Filter) misses(c *Call) (bits uint) {
	d, err := gong.ParseCall(c.Document)
	if err != nil {
		return missesOther
	}
	for facet, value := range valuesOf(c, &d) {
		if !f.Allows(Facet(facet), value) {
			bits |= 1 << facet
		}
	}
	texts := ""
	if d.Title != nil {
		texts = " " + Fold(*d.Title)
	}
	if d.ClientUniqueID != nil {
		texts += "\n " + Fold(cutClient(*d.ClientUniqueID))
	}
	for _, word := range f.Words {
		if !strings.Contains(texts, " "+word) {
			bits |= missesOther
		}
	}
	for _, digits := range f.Numbers {
		if id, _ := ParseID(digits); id != c.ID && !strings.Contains(texts, " "+digits) {
			bits |= missesOther
		}
	}
	isPrivate := d.IsPrivate != nil && *d.IsPrivate
	isLonger := d.Duration != nil && *d.Duration >= int64(f.Longer/time.Second)
	isLate := d.Started != nil && d.Scheduled != nil && d.Started.Instant().Sub(d.Scheduled.Instant()) >= f.Late
	if f.Private != nil && *f.Private != isPrivate || f.Longer > 0 && !isLonger || f.Late > 0 && !isLate {
		bits |= missesOther
	}
	return bits
}

const missesOther = 1 << facets

// Allows tells whether the filter lets a value of a field through; "" is null.
func (f *Filter) Allows(facet Facet, value string) bool {
	switch facet {
	case ByDirection:
		return len(f.Directions) == 0 || slices.Contains(f.Directions, gong.Direction(value))
	case ByScope:
		return len(f.Scopes) == 0 || slices.Contains(f.Scopes, gong.CallScope(value))
	case BySystem:
		return len(f.Systems) == 0 || slices.Contains(f.Systems, value)
	case ByHost:
		return len(f.Hosts) == 0 || slices.Contains(f.Hosts, value)
	}
	return len(f.Workspaces) == 0 || slices.ContainsFunc(f.Workspaces, func(id ID) bool { return id.String() == value })
}

// valuesOf are the values of a call's fields, or "" for null. Long ones are names: see MaxName.
func valuesOf(c *Call, d *gong.Call) (values [facets]string) {
	for field, name := range namesOf(c) {
		values[facetOf[field]] = NameKey{Field(field), string(name)}.Value()
	}
	if d.Direction != nil {
		values[ByDirection] = string(*d.Direction)
	}
	if d.Scope != nil {
		values[ByScope] = string(*d.Scope)
	}
	return values
}
