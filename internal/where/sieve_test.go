package where

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/callvault/callvault"
)

// company has the values of its calls, and who is known.
type company struct {
	callvault.Reads
	values  map[callvault.Field][]string
	entries map[callvault.Kind][]callvault.Entry
	scans   int
}

func (c *company) Names(_ context.Context, field callvault.Field, visit func(callvault.Name) error) error {
	for _, value := range c.values[field] {
		if err := visit(callvault.Name{Name: value}); err != nil {
			return err
		}
	}
	return nil
}

// directory is the users and workspaces of a company.
type directory struct {
	callvault.Entries
	*company
}

func (c directory) Get(_ context.Context, kind callvault.Kind, ids []callvault.ID, visit func(callvault.Entry) error) error {
	for _, e := range c.entries[kind] {
		for _, id := range ids {
			if e.ID == id {
				if err := visit(e); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (c directory) Scan(_ context.Context, kind callvault.Kind, _ callvault.ID, _ int, visit func(callvault.Entry) error) error {
	c.scans++
	for _, e := range c.entries[kind] {
		if err := visit(e); err != nil {
			return err
		}
	}
	return nil
}

func newCompany(t *testing.T) *company {
	c := &company{entries: make(map[callvault.Kind][]callvault.Entry), values: map[callvault.Field][]string{
		callvault.Hosts:          {"1", "2", "3", "old-host", "Ana Lima", "234", "2345", "2346"},
		callvault.Systems:        {"Zoom", "ZOOM", "Zoom Phone", "Öresund"},
		callvault.WorkspaceNames: {"10", "11"},
	}}
	for _, line := range []string{
		`users {"id":"1","firstName":"Ana","lastName":"Silva"}`, `users {"id":"2","firstName":"Jean-Luc","lastName":"Anand"}`,
		`users {"id":"3","emailAddress":"bjørn@example.com"}`, `users {"id":"4","firstName":"Quentin","lastName":"Ana"}`,
		`users {"id":"2346","firstName":"Max"}`,
		`workspaces {"id":"10","name":"Sales Nordics"}`, `workspaces {"id":"12","name":"Empty"}`,
	} {
		kind, document, _ := strings.Cut(line, " ")
		e, err := callvault.ParseEntry(callvault.Kind(kind), []byte(document))
		if err != nil {
			t.Fatal(err)
		}
		c.entries[callvault.Kind(kind)] = append(c.entries[callvault.Kind(kind)], e)
	}
	return c
}

// Names are those that calls have, by the beginning of a word or the id; someone without calls
// is there too.
func TestResolve(t *testing.T) {
	for text, want := range map[string]string{
		"host:ana":              "hosts [1 2 Ana Lima]",
		"host:ANA-SIL":          "hosts [1]",
		`host:"luc anand"`:      "hosts [2]",
		"host:bjorn":            "hosts [3]",
		"host:2":                "hosts [2]",
		"host:234":              "hosts [234]",      // and not 2345
		"host:23":               "hosts [234 2345]", // and not Max
		"host:lima":             "hosts [Ana Lima]",
		"host:3 host:Ana":       "hosts [1 2 3 Ana Lima]",
		"host:Old-Host":         "hosts [old-host]",
		"host:hos":              "hosts [old-host]",
		"host:quentin":          "hosts [4]",
		"system:zoom":           "systems [Zoom ZOOM]",
		`system:"zoom phone"`:   "systems [Zoom Phone]",
		"system:oresund":        "systems [Öresund]",
		"workspace:nord":        "workspaces [10]",
		"workspace:11":          "workspaces [11]",
		"workspace:empty":       "workspaces [12]",
		"workspace:10 host:luc": "hosts [2] workspaces [10]",
		"host:zed":              "error 0 host:zed",
		"a host:ana host:9":     "error 2 host:9",
		"host:lva":              "error 0 host:lva",
		"system:zoo":            "error 0 system:zoo",
		"workspace:sales-emea":  "error 0 workspace:sales-emea",
	} {
		w, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		c := newCompany(t)
		f, err := w.Resolve(t.Context(), c, directory{company: c})
		got := ""
		if len(f.Hosts) > 0 {
			got += fmt.Sprint(" hosts ", f.Hosts)
		}
		if len(f.Systems) > 0 {
			got += fmt.Sprint(" systems ", f.Systems)
		}
		if len(f.Workspaces) > 0 {
			got += fmt.Sprint(" workspaces ", f.Workspaces)
		}
		if wrong := (*Error)(nil); errors.As(err, &wrong) && wrong.Missing {
			got = fmt.Sprintf(" error %d %s", wrong.Index, wrong.Text)
		}
		if got != " "+want {
			t.Errorf("%s: got%s, %v, want %s", text, got, err, want)
		}
		if isThere := err == nil && !strings.Contains("host:quentin host:23 workspace:empty", text); isThere && c.scans > 0 {
			t.Errorf("%s: the whole directory was read", text)
		}
	}
}

// Names that are spelled like a missing one are named with it: as a whole or by a word.
func TestNear(t *testing.T) {
	for text, want := range map[string]string{
		"host:Naa":                   `host:naa: nobody here has this name; did you mean host:"Ana Lima" or host:"Ana Silva" or host:"Quentin Ana"?`,
		"host:silvia":                `nobody here has this name; did you mean host:"Ana Silva"?`,
		`host:"jean-lic annand"`:     `nobody here has this name; did you mean host:"Jean-Luc Anand"?`,
		"host:old-hots":              `nobody here has this name; did you mean host:old-host?`,
		"system:zom":                 `no call here has this system; did you mean system:Zoom or system:"Zoom Phone"?`,
		`workspace:"sales nordisch"`: `no call here has this workspace; did you mean workspace:"Sales Nordics"?`,
		"workspace:marketing":        `no call here has this workspace; there are 11, Empty, Sales Nordics`,
		"host:zed":                   `nobody here has this name; type the beginning of a first or last name, or an id`,
	} {
		w, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		c := newCompany(t)
		_, err = w.Resolve(t.Context(), c, directory{company: c})
		if wrong := (*Error)(nil); !errors.As(err, &wrong) || !strings.HasSuffix(strings.ToLower(err.Error()), strings.ToLower(want)) {
			t.Errorf("%s: %v, want %s", text, err, want)
			continue
		}
		for _, near := range err.(*Error).Near {
			if w, err = Parse(near); err == nil {
				_, err = w.Resolve(t.Context(), c, directory{company: c})
			}
			if err != nil {
				t.Errorf("%s: %v", text, err)
			}
		}
	}
}

// Words may be the name of somebody or something: then a term finds that.
func TestMeant(t *testing.T) {
	for text, want := range map[string]string{
		"ana":                      "[host:ana] ",
		"ana silva longer:30m 7":   `[host:"ana silva"] longer:30m 7`,
		`"Jean-Luc" private:yes`:   `[host:Jean-Luc] private:yes`,
		"sales":                    "[workspace:sales] ",
		"zoom":                     "[system:zoom] ",
		"zed":                      "[] ",
		"silva ana":                "[] ", // not in this order
		"hots:ana":                 "[host:ana] ",
		"host:ana silva late:5m":   `[host:"ana silva"] late:5m`,
		"private:no host:ana zoom": "[system:zoom] private:no host:ana",
		"late:5m 7":                "[] ",
		"":                         "[] ",
	} {
		w, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		c := newCompany(t)
		terms, without, err := w.Meant(t.Context(), c, directory{company: c})
		if got := fmt.Sprint(terms) + " " + without; got != want || err != nil {
			t.Errorf("%s: %s, %v, want %s", text, got, err, want)
		}
	}
}

// A sieve finds what the resolved filter finds, while it learns what calls have.
func TestSieve(t *testing.T) {
	c := newCompany(t)
	names, err := callvault.ReadEntryNames(t.Context(), directory{company: c})
	if err != nil {
		t.Fatal(err)
	}
	var calls []callvault.Call
	for i, host := range c.values[callvault.Hosts] {
		for j, system := range c.values[callvault.Systems] {
			call, err := callvault.ParseCall(fmt.Appendf(nil, `{"id":"%d","started":"2026-01-01T00:00:00Z","primaryUserId":"%s","system":"%s","workspaceId":"1%d","title":"Nine","clientUniqueId":"CDR-%d-%[3]s"}`, 10*i+j+1, host, system, j%2, i))
			if err != nil {
				t.Fatal(err)
			}
			calls = append(calls, call)
		}
	}
	for _, text := range []string{"host:ana", "system:zoom host:bjorn", "workspace:11 system:oresund", "12", "cdr nine", `"CDR-1" phone`, `"1 zoom"`, `"nine cdr"`, "1", "host:quentin", "workspace:sales host:old-host", "host:old", "host:234 host:lim"} {
		w, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		f, err := w.Resolve(t.Context(), c, directory{company: c})
		if err != nil {
			t.Fatal(err)
		}
		s := w.Sieve(names)
		var got, want []string
		for i := range calls {
			if s.Has(&calls[i]) {
				got = append(got, calls[i].ID.String())
			}
			if f.Has(&calls[i]) {
				want = append(want, calls[i].ID.String())
			}
		}
		if !reflect.DeepEqual(got, want) || s.Missing() != nil {
			t.Errorf("%s: got %q, want %q; missing %v", text, got, want, s.Missing())
		}
	}
	w, err := Parse("host:9 host:zed system:teams")
	if err != nil {
		t.Fatal(err)
	}
	s := w.Sieve(names)
	if got := s.Hopeless(); got != nil {
		t.Errorf("hopeless is %v", got)
	}
	if got := s.Hopeless(callvault.Users); got == nil || got.Index != 1 {
		t.Errorf("without users hopeless is %v", got)
	}
	if s.Has(&calls[0]) || s.Missing() == nil || s.Missing().Index != 0 {
		t.Errorf("missing is %v", s.Missing())
	}
	if !w.Names(callvault.Users) || w.Names(callvault.Workspaces) {
		t.Error("it names users alone")
	}
}
