package where

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

func TestParse(t *testing.T) {
	type filter = callvault.Filter
	yes, no := true, false
	for text, want := range map[string]struct {
		kinds  string // of the terms
		filter filter
	}{
		"":                          {"", filter{}},
		" \t\u00a0\u3000":           {"", filter{}},
		"harbor":                    {"word", filter{Words: []string{"harbor"}}},
		"Härbor  NINE":              {"word word", filter{Words: []string{"harbor", "nine"}}},
		"follow-up":                 {"word", filter{Words: []string{"follow", "up"}}},
		"東京会議":                      {"word", filter{Words: []string{"東", "京", "会", "議"}}},
		`"Harbor Nine"`:             {"word", filter{Words: []string{"harbor nine"}}},
		`“Harbor - Nine”`:           {"word", filter{Words: []string{"harbor nine"}}},
		`"harbor""nine"up`:          {"word word word", filter{Words: []string{"harbor", "nine", "up"}}},
		"harbor & nine — …":         {"word word", filter{Words: []string{"harbor", "nine"}}},
		`"" "&"`:                    {"", filter{}},
		`5" pipe`:                   {"word word", filter{Words: []string{"5", "pipe"}}},
		"12345":                     {"id", filter{Numbers: []string{"12345"}}},
		"007 12345678901234567890":  {"id id", filter{Numbers: []string{"007", "12345678901234567890"}}},
		`"12345" 12-34 １２`:          {"word word word", filter{Words: []string{"12345", "12", "34", "12"}}},
		"re:harbor":                 {"word", filter{Words: []string{"re", "harbor"}}},
		`re:"harbor nine"`:          {"word", filter{Words: []string{"re", "harbor nine"}}},
		"-host:Ana ho-st:Ana :host": {"word word word", filter{Words: []string{"host", "ana", "ho", "st", "ana", "host"}}},
		"a:b:c at 10:30":            {"word word word", filter{Words: []string{"a", "b", "c", "at", "10", "30"}}},
		"https://example.com/?a=1":  {"word", filter{Words: []string{"https", "example", "com", "a", "1"}}},
		`"host:Ana"`:                {"word", filter{Words: []string{"host ana"}}},
		"direction:inbound":         {"field", filter{Directions: []gong.Direction{gong.Inbound}}},
		`DIRECTION:"Inbound"`:       {"field", filter{Directions: []gong.Direction{gong.Inbound}}},
		"dírection:ÓUTBOUND":        {"field", filter{Directions: []gong.Direction{gong.Outbound}}},
		"direction:conference a direction:unknown": {"field word field", filter{Words: []string{"a"}, Directions: []gong.Direction{gong.Conference, gong.DirectionUnknown}}},
		"scope:external scope:Internal":            {"field field", filter{Scopes: []gong.CallScope{gong.External, gong.Internal}}},
		"private:yes":                              {"field", filter{Private: &yes}},
		"private:NO":                               {"field", filter{Private: &no}},
		"private:no private:yes":                   {"field field", filter{}},
		"longer:30m":                               {"field", filter{Longer: 30 * time.Minute}},
		"longer:2h longer:90s":                     {"field field", filter{Longer: 90 * time.Second}},
		`longer:"1H 30min"`:                        {"field", filter{Longer: 90 * time.Minute}},
		"late:5m":                                  {"field", filter{Late: 5 * time.Minute}},
		"late:120s":                                {"field", filter{Late: 2 * time.Minute}},
		"host:Ana system:Zoom workspace:1":         {"field field field", filter{}}, // names are looked up
	} {
		got, err := Parse(text)
		if err != nil || !reflect.DeepEqual(got.filter, want.filter) || kinds(got) != want.kinds {
			t.Errorf("%s: %v, %s\n got %+v\nwant %+v", text, err, kinds(got), got.filter, want.filter)
		}
	}
}

func kinds(w *Where) string {
	var kinds []string
	for _, term := range w.Terms {
		kinds = append(kinds, string(term.Kind))
	}
	return strings.Join(kinds, " ")
}

// An error names the first invalid term and says what to type; the other terms are there.
func TestParseErrors(t *testing.T) {
	for text, want := range map[string]Error{
		"a direction:sideways b": {1, "direction:sideways", "use inbound, outbound, conference or unknown", false, nil},
		"scope:both":             {0, "scope:both", "use internal, external or unknown", false, nil},
		"private:perhaps":        {0, "private:perhaps", "use yes or no", false, nil},
		"longer:30":              {0, "longer:30", "use whole seconds, minutes or hours, such as longer:90s or longer:1h30m", false, nil},
		"longer:0s":              {0, "longer:0s", "use whole seconds, minutes or hours, such as longer:90s or longer:1h30m", false, nil},
		"longer:1500ms":          {0, "longer:1500ms", "use whole seconds, minutes or hours, such as longer:90s or longer:1h30m", false, nil},
		"late:90s late:x":        {0, "late:90s", "use whole minutes, such as late:5m or late:1h30m", false, nil},
		"late:-5m":               {0, "late:-5m", "use whole minutes, such as late:5m or late:1h30m", false, nil},
		"host: Ana":              {0, "host:", "a value must follow the colon without a blank; type host:NAME", false, nil},
		`system:""`:              {0, `system:""`, "a value must follow the colon without a blank; type system:Zoom", false, nil},
		`a "harbor nine`:         {1, `"harbor nine`, `the quote is not closed; type "harbor nine"`, false, nil},
		`host:"Ana`:              {0, `host:"Ana`, `the quote is not closed; type host:"Ana"`, false, nil},
		`"`:                      {0, `"`, `the quote is not closed; type words in quotes, such as "harbor nine"`, false, nil},
	} {
		w, err := Parse(text)
		got := new(Error)
		if !errors.As(err, &got) || !reflect.DeepEqual(*got, want) || w.String() != text {
			t.Errorf("%s: got %+v, want %+v, of %q", text, got, want, w)
		}
	}
	_, err := Parse("direction:" + strings.Repeat("x", 1000))
	if want := "direction:" + strings.Repeat("x", 50) + "…: use inbound, outbound, conference or unknown"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	_, err = Parse("late:")
	if want := "late: a value must follow the colon without a blank; type late:5m"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}

func TestTerms(t *testing.T) {
	w, err := Parse(`  Harbor host:"Ana Silva"42  7 X:y `)
	if err != nil {
		t.Fatal(err)
	}
	want := []Term{{"Harbor", Word, "", "Harbor"}, {`host:"Ana Silva"`, Field, "host", "Ana Silva"}, {"42", ID, "", "42"}, {"7", ID, "", "7"}, {"X:y", Word, "", "X:y"}}
	if !reflect.DeepEqual(w.Terms, want) {
		t.Errorf("got %q", w.Terms)
	}
	if got, want := w.String(), `Harbor host:"Ana Silva" 42 7 X:y`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := w.Without(1), "Harbor 42 7 X:y"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Printing and reading again is the same, of whatever text.
func FuzzParse(f *testing.F) {
	for _, text := range []string{`a "b c" host:"x y" 1`, `“é”`, `x::"y"`, "longer:1h30m late:5m", `direction:"`, "a\xff:\xfe\"b", ":\"a b\"c"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		w, err := Parse(text)
		again, errAgain := Parse(w.String())
		if !reflect.DeepEqual(w, again) || !reflect.DeepEqual(err, errAgain) {
			t.Errorf("%q: %+v, %v\n%q: %+v, %v", text, w, err, w, again, errAgain)
		}
		for i := range w.Terms {
			if !strings.Contains(text, w.Terms[i].Text) {
				t.Errorf("%q has the term %q", text, w.Terms[i].Text)
			}
		}
		for word := range strings.FieldsSeq(strings.Join(w.filter.Words, " ")) {
			if callvault.Fold(word) != word {
				t.Errorf("%q: the word %q is not folded", text, word)
			}
		}
	})
}
