package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// A person sees each stage, and lines where the bar stood; nobody else sees a bar.
func TestStages(t *testing.T) {
	for _, showBar := range []bool{true, false} {
		var stderr bytes.Buffer
		s := &stages{audience: audience{stderr: &stderr, showBar: showBar, width: 120}}
		s.begin("checking counts, ids and numbers", -1, "")
		s.line(func() { fmt.Fprintln(&stderr, "a difference") })
		s.begin("checking documents", 8192, "record")
		s.passed(4096)
		if want := "checking documents 4,096 of 8,192 records"; s.description() != want {
			t.Errorf("shows %q, want %q", s.description(), want)
		}
		s.begin("digesting", 0, "record") // of an empty store
		s.passed(0)
		s.end()
		for _, want := range []string{"checking counts, ids and numbers", "checking documents"} {
			if strings.Contains(stderr.String(), want) != showBar {
				t.Errorf("%q: %q", want, stderr.String())
			}
		}
		if !strings.Contains(stderr.String(), "a difference\n") || s.bar != nil {
			t.Errorf("%q", stderr.String())
		}
	}
}

func TestStagesOnANarrowTerminal(t *testing.T) {
	s := &stages{audience: audience{width: 60}, doing: "checking documents", total: 3_000_000, thing: "record"}
	if got := s.description(); got != "checking documents" {
		t.Errorf("shows %q", got)
	}
}
