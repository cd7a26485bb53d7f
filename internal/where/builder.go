package where

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// builder makes a Where of its terms.
type builder struct {
	terms   []Term
	filter  callvault.Filter
	private []answer
}

// answer is a value of private.
type answer string

const (
	yes answer = "yes"
	no  answer = "no"
)

func (b *builder) where() *Where {
	isPrivate := slices.Contains(b.private, yes)
	if isPrivate != slices.Contains(b.private, no) { // else it is not asked, or either holds
		b.filter.Private = &isPrivate
	}
	return &Where{b.terms, b.filter}
}

// examples are the fields, each with a value.
var examples = map[string]string{
	"system": "Zoom", "direction": "inbound", "scope": "external", "host": "NAME",
	"workspace": "NAME", "longer": "30m", "late": "5m", "private": "yes",
}

// fieldOf is the field that a term names before its colon, or empty. A name with a sign, such
// as -host, is not a field, since the sign would do nothing.
func fieldOf(t token) string {
	name := callvault.Fold(t.name)
	sign := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) }
	if examples[name] == "" || strings.ContainsFunc(t.name, sign) {
		return ""
	}
	return name
}

// add adds what a term says to the filter. A problem says what is wrong with it and what to type.
func (b *builder) add(t token) (term Term, problem string) {
	if field := fieldOf(t); field != "" {
		term = Term{t.text, Field, field, t.value}
	} else {
		term = Term{t.text, Word, "", t.value}
	}
	switch {
	case t.isOpen && callvault.Fold(t.value) == "":
		return term, `the quote is not closed; type words in quotes, such as "harbor nine"`
	case t.isOpen:
		return term, "the quote is not closed; type " + t.text + `"`
	case term.Kind == Field:
		return term, b.addField(term)
	case t.isQuoted:
		b.filter.Words = append(b.filter.Words, strings.Fields(callvault.Fold(t.name))...)
		if phrase := callvault.Fold(t.value); phrase != "" {
			b.filter.Words = append(b.filter.Words, phrase)
		}
	case isNumber(t.text):
		term.Kind = ID
		b.filter.Numbers = append(b.filter.Numbers, t.text)
	default:
		term.Value = t.text
		b.filter.Words = append(b.filter.Words, strings.Fields(callvault.Fold(t.text))...)
	}
	return term, ""
}

func isNumber(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < '0' || r > '9' })
}

func (b *builder) addField(term Term) (problem string) {
	if callvault.Fold(term.Value) == "" {
		return "a value must follow the colon without a blank; type " + term.Field + ":" + examples[term.Field]
	}
	switch term.Field {
	case "direction":
		return choose(&b.filter.Directions, term.Value, gong.Directions())
	case "scope":
		return choose(&b.filter.Scopes, term.Value, gong.CallScopes())
	case "private":
		return choose(&b.private, term.Value, []answer{yes, no})
	case "longer":
		if !least(&b.filter.Longer, term.Value, time.Second) {
			return "use whole seconds, minutes or hours, such as longer:90s or longer:1h30m"
		}
	case "late":
		if !least(&b.filter.Late, term.Value, time.Minute) {
			return "use whole minutes, such as late:5m or late:1h30m"
		}
	}
	return "" // a name, which is looked up later
}

// choose adds the choice that a value names.
func choose[T ~string](to *[]T, value string, choices []T) (problem string) {
	var texts []string
	for _, choice := range choices {
		if callvault.Fold(string(choice)) == callvault.Fold(value) {
			*to = append(*to, choice)
			return ""
		}
		texts = append(texts, strings.ToLower(string(choice)))
	}
	last := len(texts) - 1
	return "use " + strings.Join(texts[:last], ", ") + " or " + texts[last]
}

// least adds a length of time that is reached: of several the shortest, since one must hold.
func least(to *time.Duration, value string, unit time.Duration) (ok bool) {
	text := strings.ReplaceAll(strings.ToLower(strings.ReplaceAll(value, " ", "")), "min", "m")
	length, err := time.ParseDuration(text)
	if err != nil || length < unit || length%unit != 0 {
		return false
	}
	if *to == 0 || length < *to {
		*to = length
	}
	return true
}
