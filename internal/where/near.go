package where

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"unicode"

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
		terms = append(terms, termOf(missing.term.Field, l.text))
	}
	return terms
}

// termOf is a term for a value. It leaves out quotes, because the search ignores punctuation.
func termOf(field, value string) string {
	value = strings.TrimSpace(strings.Map(func(r rune) rune {
		if isQuote(r) {
			return ' '
		}
		return r
	}, value))
	if strings.ContainsFunc(value, unicode.IsSpace) {
		value = `"` + value + `"`
	}
	return field + ":" + value
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

// Meant are terms that find what the words of a search name, such as host:"ana silva", and the
// search without the words: people type names without their field, with a wrong one, or without
// quotes after the right one.
func (w *Where) Meant(ctx context.Context, calls callvault.Reads, entries callvault.Entries) (terms []string, without string, err error) {
	var words, others []string
	begun := -1 // the name that the first word may continue
	for i, t := range w.Terms {
		switch _, value, _ := strings.Cut(t.Value, ":"); {
		case t.Kind != Word:
			others = append(others, t.Text)
		case callvault.Fold(value) != "":
			words = append(words, value)
		default:
			if _, isName := fieldOfName[w.Terms[max(0, i-1)].Field]; isName && len(words) == 0 {
				begun = i - 1
			}
			words = append(words, t.Value)
		}
	}
	if len(words) == 0 {
		return nil, "", nil
	}
	if begun >= 0 {
		name := w.Terms[begun]
		whole := termOf(name.Field, strings.Join(append([]string{name.Value}, words...), " "))
		if finds, err := find(ctx, whole, calls, entries); finds || err != nil {
			rest := slices.DeleteFunc(others, func(text string) bool { return text == name.Text })
			return []string{whole}, strings.Join(rest, " "), err
		}
	}
	for _, field := range []string{"host", "workspace", "system"} {
		text := termOf(field, strings.Join(words, " "))
		finds, err := find(ctx, text, calls, entries)
		if err != nil {
			return nil, "", err
		}
		if finds {
			terms = append(terms, text)
		}
	}
	return terms, strings.Join(others, " "), nil
}

// find tells whether what a term names is there.
func find(ctx context.Context, term string, calls callvault.Reads, entries callvault.Entries) (bool, error) {
	w, err := Parse(term)
	if err == nil {
		_, err = w.Resolve(ctx, calls, entries)
	}
	if errors.As(err, new(*Error)) {
		return false, nil
	}
	return err == nil, err
}
