package main

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"
)

// copyOnTerminal is the report of a copy of 30,000 records to a person whose
// terminal is so wide, after 20,000 of them and two seconds.
func copyOnTerminal(width int) (*copyReport, *bytes.Buffer) {
	var screen bytes.Buffer
	clock := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	r := &copyReport{audience: audience{stdout: new(bytes.Buffer), stderr: &screen, showBar: true, width: width}, now: func() time.Time { return clock }}
	r.planned(30_000)
	clock = clock.Add(2 * time.Second)
	r.copied("acme", 5000, 5000)
	r.copied("default", 10_000, 12_000)
	r.copied("default", 15_000, 17_000)
	return r, &screen
}

// On a terminal a bar shows how far a copy of all companies is; in the end it
// gives way to one line.
func TestCopyBar(t *testing.T) {
	r, screen := copyOnTerminal(120)
	if drawn := screen.String(); !regexp.MustCompile(`copying 0 of 30,000 records +0% .*copying 20,000 of 30,000 records, 10,000/s +66% \|█+ +\|`).MatchString(drawn) {
		t.Errorf("drawn is %q", drawn)
	}
	screen.Reset()
	r.clear()
	r.end()
	if drawn := screen.String(); !strings.HasSuffix(drawn, "copied 20,000 records in 2s\n") {
		t.Errorf("in the end: %q", drawn)
	}
}

func TestCopyBarFits(t *testing.T) {
	for _, width := range []int{50, 60, 80, 100, 200} {
		_, screen := copyOnTerminal(width)
		for _, line := range regexp.MustCompile(`[\r\n]`).Split(screen.String(), -1) {
			line = regexp.MustCompile(`\x1b\[[0-9;]*[A-Za-z]`).ReplaceAllString(line, "")
			if n := len([]rune(strings.TrimRight(line, " "))); n > width {
				t.Errorf("width %d: a line of %d: %q", width, n, line)
			}
		}
	}
}
