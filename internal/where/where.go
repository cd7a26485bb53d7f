// Package where reads what people type to find calls: words of a title, ids, and fields such
// as host:Ana. The search field of the web page and --where have one grammar.
package where

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/callvault/callvault"
)

// Where is a search for calls. All terms must hold, but of several with one field only one.
// The zero Where finds every call.
type Where struct {
	Terms  []Term
	filter callvault.Filter // of all terms but names, which are looked up
}

// Term is one part of a Where.
type Term struct {
	Text  string // as it was typed
	Kind  Kind
	Field string // of a Field: its name in small letters, such as "host"
	Value string // what was typed, without the field and quotes
}

// Kind is what a term says of a call.
type Kind string

// The kinds of terms.
const (
	Word  Kind = "word"  // one or several that are in the title or the clientUniqueId
	ID    Kind = "id"    // the id, or the beginning of such a word
	Field Kind = "field" // the value of a field
)

// Error is about a term that can't find anything. Its text is one line, which names the term and
// says what to type.
type Error struct {
	Index   int    // of the term
	Text    string // of the term
	Problem string
	Missing bool     // the term is right, but nothing here has that name
	Near    []string // of a missing name: terms that find names spelled like it
}

func (e *Error) Error() string {
	const most = 60 // characters of what was pasted by mistake
	text := []rune(e.Text)
	if len(text) > most {
		text = append(text[:most], '…')
	}
	return strings.TrimSuffix(string(text), ":") + ": " + e.Problem
}

// Parse reads terms that blanks separate. It leaves out words without a letter or a digit. The
// error is an *Error for the first invalid term; the Where has all terms even then.
func Parse(text string) (*Where, error) {
	var b builder
	var err error
	for {
		var t token
		if t, text = next(text); t.text == "" {
			return b.where(), err
		}
		term, problem := b.add(t)
		if problem == "" && term.Kind == Word && callvault.Fold(t.text) == "" {
			continue
		}
		b.terms = append(b.terms, term)
		if problem != "" && err == nil {
			err = &Error{Index: len(b.terms) - 1, Text: t.text, Problem: problem}
		}
	}
}

// Workspace is a search for the workspace with a name or an id.
func Workspace(name string) *Where {
	return &Where{Terms: []Term{{Text: name, Kind: Field, Field: "workspace", Value: name}}}
}

// Has tells whether a term is about a field. A nil Where has none.
func (w *Where) Has(field string) bool {
	return w != nil && slices.ContainsFunc(w.Terms, func(t Term) bool { return t.Field == field })
}

// String is a text that Parse reads as the same terms.
func (w *Where) String() string { return w.Without(-1) }

// Without is the text without one of the terms.
func (w *Where) Without(index int) string {
	var texts []string
	for i, term := range w.Terms {
		if i != index {
			texts = append(texts, term.Text)
		}
	}
	return strings.Join(texts, " ")
}

// token is a term as it stands in a text.
type token struct {
	text     string
	name     string // what stands before the first colon
	value    string // what stands after it, or the whole text; without quotes
	isQuoted bool
	isOpen   bool // no quote closes it
}

// next cuts the first term off a text. A quote opens at the beginning of a term or after its
// first colon, and what closes it ends the term.
func next(text string) (t token, rest string) {
	text = strings.TrimLeftFunc(text, unicode.IsSpace)
	begin, end := 0, len(text) // of the value, and of the term
	for i, r := range text {
		if i == begin && isQuote(r) {
			t.isQuoted = true
			t.value, rest, t.isOpen = quoted(text[i+utf8.RuneLen(r):])
			t.text = text[:len(text)-len(rest)]
			return t, rest
		}
		if unicode.IsSpace(r) {
			end = i
			break
		}
		if r == ':' && begin == 0 {
			t.name, begin = text[:i], i+1
		}
	}
	t.text, t.value = text[:end], text[begin:end]
	return t, text[end:]
}

// quoted cuts a text at the next quote.
func quoted(text string) (value, rest string, isOpen bool) {
	for i, r := range text {
		if isQuote(r) {
			return text[:i], text[i+utf8.RuneLen(r):], false
		}
	}
	return text, "", true
}

// isQuote includes the quotes that phones type.
func isQuote(r rune) bool { return strings.ContainsRune("\"“”„‟", r) }
