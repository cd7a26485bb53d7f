package main

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/callvault/callvault/internal/where"
)

var update = flag.Bool("update", false, "rewrite the golden help")

// The help of calls is what people read first; it has the terms of --where.
func TestHelpOfCalls(t *testing.T) {
	got, golden := newCLI(t).must("calls", "--help"), filepath.Join("testdata", "calls.help")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want := read(t, golden); got != want {
		t.Errorf("-update rewrites the golden help; got\n%s", got)
	}
}

// The terms that the help and the page show are those of the grammar, each field among them.
func TestTermsAreDocumented(t *testing.T) {
	help := newCLI(t).must("calls", "--help")
	page := read(t, filepath.Join("..", "..", "docs", "files.md"))
	for name, terms := range map[string][][]string{
		"help": regexp.MustCompile(`(?m)^  (\S+(?: \S+)*)  +`).FindAllStringSubmatch(help[strings.Index(help, "\n--where finds"):strings.Index(help, "\nA server needs")], -1),
		"page": regexp.MustCompile("(?m)^\\| `([^`]*)` ").FindAllStringSubmatch(page[strings.Index(page, "### Find calls"):strings.Index(page, "### From a server")], -1),
	} {
		fields := make(map[string]bool)
		for _, term := range terms {
			w, err := where.Parse(term[1])
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			fields[w.Terms[0].Field] = true
			if key, _, isField := strings.Cut(term[1], ":"); isField && w.Terms[0].Field != key {
				t.Errorf("%s: %s is not a field", name, key)
			}
		}
		if len(terms) < 11 || len(fields) != 9 { // words have none
			t.Errorf("%s: terms %q of the fields %v", name, terms, fields)
		}
	}
}
