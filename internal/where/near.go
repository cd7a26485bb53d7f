package where

import (
	"cmp"
	"slices"
	"strings"

	"github.com/callvault/callvault"
)

// near are terms for the names that are spelled most like one that is not there, the nearest
// first: as a whole or in one of their words.
func (s *Sieve) near(missing *name) (terms []string) {
	const most = 3
	type likely struct {
		distance     int
		folded, text string
	}
	var found []likely
	wanted := []rune(missing.folded)
	for m := range s.met {
		if m.field != missing.term.Field {
			continue
		}
		called := cmp.Or(s.entries.Of(kindOfName[m.field], m.value), m.value)
		l := likely{len(wanted)/3 + 1, callvault.Fold(called), called}
		for _, text := range append(strings.Fields(l.folded), l.folded) {
			l.distance = min(l.distance, distance(wanted, []rune(text)))
		}
		if l.distance <= len(wanted)/3 {
			found = append(found, l)
		}
	}
	slices.SortFunc(found, func(a, b likely) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.folded, b.folded), cmp.Compare(a.text, b.text))
	})
	found = slices.CompactFunc(found, func(a, b likely) bool { return a.folded == b.folded })
	for _, l := range found[:min(most, len(found))] {
		text := strings.Map(func(r rune) rune {
			if isQuote(r) {
				return ' ' // a search ignores punctuation
			}
			return r
		}, l.text)
		if strings.ContainsAny(text, " \t") {
			text = `"` + strings.TrimSpace(text) + `"`
		}
		terms = append(terms, missing.term.Field+":"+text)
	}
	return terms
}

// distance is how many letters must be added, left out or changed, or swapped with the next, to
// make one text the other.
func distance(a, b []rune) int {
	before, above, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		before, above, row = above, row, before
		row[0] = i + 1
		for j := range b {
			change := 1
			if a[i] == b[j] {
				change = 0
			}
			row[j+1] = min(above[j]+change, above[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
