package main

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/bulk"
)

// onTerminal is a report to a person whose terminal is so wide, and what it has
// drawn.
func onTerminal(width int) (*importReport, *bytes.Buffer) {
	var screen bytes.Buffer
	began := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	clock := began
	r := &importReport{audience: audience{stdout: new(bytes.Buffer), stderr: &screen, showBar: true, width: width}, now: func() time.Time { return clock }}
	r.begin(importing, 1000)
	clock = began.Add(2 * time.Second)
	return r, &screen
}

// On a terminal a bar shows how far an import is, how fast, and what it has come
// to; in the end it gives way to one line.
func TestProgressBar(t *testing.T) {
	r, screen := onTerminal(120)
	r.read(400)
	r.Skipped(bulk.Place{File: "a", Line: 7}, []gong.FieldError{{Field: "id", Problem: "is wrong"}, {Field: "title", Problem: "is wrong too"}})
	r.Committed([]bulk.Place{{File: "a", Line: 9}}, callvault.PutResult{Created: 3000, Unchanged: 1000})
	drawn := screen.String()
	if !regexp.MustCompile(`importing 4,000 calls, 2,000/s, 1 skipped +40% .*\|█+ +\|.*\[\d+s:\d+s\]`).MatchString(drawn) {
		t.Errorf("drawn is %q", drawn)
	}
	if !strings.Contains(drawn, "a:7: id: is wrong\n") || !strings.Contains(drawn, "a:7: title: is wrong too\n") {
		t.Errorf("the problems are not on lines of their own: %q", drawn)
	}
	screen.Reset()
	r.read(600)
	if drawn := screen.String(); !strings.Contains(drawn, "committing 4,000 calls") || !strings.Contains(drawn, "100%") {
		t.Errorf("when all is read: %q", drawn)
	}
	screen.Reset()
	r.end(bulk.Result{PutResult: callvault.PutResult{Created: 3000, Unchanged: 1000}, Read: 4001, Skipped: 1})
	drawn = screen.String()
	if want := "4,001 records: 3,000 created, 0 changed, 1,000 unchanged, 1 skipped in 2s\n"; !strings.HasSuffix(drawn, want) {
		t.Errorf("in the end: %q, want %q", drawn, want)
	}
	r.read(1)
	if got := screen.String(); got != drawn {
		t.Errorf("drawn after the end: %q", got)
	}
}

// A bar that is longer than a line would leave one behind at every step.
func TestProgressBarFits(t *testing.T) {
	for _, width := range []int{50, 60, 80, 100, 200} {
		r, screen := onTerminal(width)
		r.read(400)
		r.Skipped(bulk.Place{File: "a", Line: 7}, []gong.FieldError{{Problem: "bad"}})
		r.Committed([]bulk.Place{{File: "a", Line: 9}}, callvault.PutResult{Created: 12_345_678})
		for _, line := range regexp.MustCompile(`[\r\n]`).Split(screen.String(), -1) {
			line = regexp.MustCompile(`\x1b\[[0-9;]*[A-Za-z]`).ReplaceAllString(line, "")
			if n := len([]rune(strings.TrimRight(line, " "))); n > width {
				t.Errorf("width %d: a line of %d: %q", width, n, line)
			}
		}
	}
}

// Of many bad records the first are printed, by record and not by line, and how
// many more there are, on a terminal too; of a record with many problems the
// first.
func TestSkippedRecords(t *testing.T) {
	for _, showBar := range []bool{false, true} {
		r, screen := onTerminal(120)
		r.showBar, r.most = showBar, 2
		r.clear()
		r.begin(importing, 1000)
		r.Skipped(bulk.Place{File: "a", Line: 1}, make([]gong.FieldError, mostProblems+3))
		for range 4 {
			r.Skipped(bulk.Place{File: "a", Line: 7}, []gong.FieldError{{Field: "id", Problem: "is bad"}})
		}
		r.end(bulk.Result{Read: 5, Skipped: 5})
		drawn := screen.String()
		if got := strings.Count(drawn, "a:1: \n"); got != mostProblems || !strings.Contains(drawn, "a:1: and 3 more problems\n") {
			t.Errorf("%d problems are printed: %q", got, drawn)
		}
		if got := strings.Count(drawn, "a:7: id: is bad\n"); got != 1 {
			t.Errorf("%d records are printed of line 7: %q", got, drawn)
		}
		if want := "and 3 more bad records; --max-errors 0 prints all\n5 records: "; !strings.Contains(drawn, want) || !strings.Contains(drawn, ", 5 skipped in ") {
			t.Errorf("%q has no %q", drawn, want)
		}
	}
}
