package main

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The tests are their own processes, as the program is.
func TestMain(m *testing.M) {
	if known, err := runProcess(context.Background(), os.Args[1:], os.Stdout); known {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// Everything is measured once, as short as it can be, and has its rows.
func TestRun(t *testing.T) {
	onPostgres := []string{"(g) ", "(h) "}
	for measured, tables := range map[string][]string{
		"all":     {"Pages of 100 calls", "(d) ", "(e) ", "(n) ", "Servers", "(f) ", "(g) ", "(h) "},
		"large":   {"(i) ", "(d) ", "(k) ", "Servers", "(h) "},
		"exports": {"(n) "},
	} {
		t.Run(measured, func(t *testing.T) {
			var out strings.Builder
			args := []string{measured, "-calls", "5000", "-rounds", "1", "-seconds", "0.01", "-imports", "0", "-variety", "20"}
			if err := run(t.Context(), args, &out, t.Output()); err != nil {
				t.Fatal(err)
			}
			for _, table := range tables {
				if slices.Contains(onPostgres, table) && strings.Contains(out.String(), "There is no PostgreSQL") {
					continue
				}
				if !rowsOf(table).MatchString(out.String()) {
					t.Errorf("there are no rows of %q in\n%s", table, out.String())
				}
			}
			t.Log(out.String())
		})
	}
	if err := run(t.Context(), []string{"small"}, &strings.Builder{}, t.Output()); err == nil {
		t.Error("something else is measured")
	}
}

// rowsOf is a table with a row of the store.
func rowsOf(title string) *regexp.Regexp {
	return regexp.MustCompile(`\n` + regexp.QuoteMeta(title) + `[^\n]*\n\n\|[^\n]*\n\|[ |-]*\n\| 5,000 \|`)
}
