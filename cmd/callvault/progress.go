package main

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/schollz/progressbar/v3"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/bulk"
	"github.com/callvault/callvault/internal/screen"
)

// What an import does, in words.
const (
	checking  = "checking"
	importing = "importing"
)

// importReport says how an import goes on: to a person as a bar on standard
// error, to a program as a line for each commit on standard output. What is
// wrong with records goes to standard error in any case.
type importReport struct {
	audience
	now   func() time.Time
	every time.Duration // between two drawings of the bar, at least
	most  int           // bad records to print in a pass, 0 for all

	mu      sync.Mutex // around everything below, and so that lines do not mix
	bar     *progressbar.ProgressBar
	doing   string
	begun   time.Time
	kept    callvault.PutResult
	size    int64 // of the pass, -1 when it isn't known
	passed  int64 // of it
	skipped int   // in it
}

var _ bulk.Report = (*importReport)(nil)

func newImportReport(to audience, most int) *importReport {
	return &importReport{audience: to, now: time.Now, every: drawEvery, most: most}
}

// begin begins a pass over size bytes, which is -1 when it isn't known.
func (r *importReport) begin(doing string, size int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.doing, r.begun, r.skipped = doing, r.now(), 0
	r.size, r.passed = size, 0
	if !r.showBar {
		return
	}
	r.bar = newBar(r.stderr, size, r.width, r.description(), progressbar.OptionShowBytes(true), progressbar.OptionThrottle(r.every))
}

// description is what stands before the bar, as far as there is room for it: the
// calls, and how many a second and how many records were skipped.
func (r *importReport) description() string {
	calls := r.kept.Created + r.kept.Changed + r.kept.Unchanged
	if r.width < 70 {
		return r.doing
	}
	var text strings.Builder
	text.WriteString(r.doing)
	if calls > 0 {
		fmt.Fprintf(&text, " %s calls", humanize.Comma(int64(calls)))
	}
	if r.width < 100 {
		return text.String()
	}
	if calls > 0 {
		rate := float64(calls) / max(r.now().Sub(r.begun).Seconds(), 0.001)
		fmt.Fprintf(&text, ", %s/s", humanize.Comma(int64(rate)))
	}
	if r.skipped > 0 {
		fmt.Fprintf(&text, ", %s skipped", humanize.Comma(int64(r.skipped)))
	}
	return text.String()
}

// read is told how much was read of a file.
func (r *importReport) read(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.bar == nil {
		return
	}
	if r.passed += int64(n); r.passed == r.size && r.doing == importing {
		r.doing = "committing"
		r.bar.Describe(r.description())
	}
	r.bar.Add(n)
}

// mostProblems bounds the problems that are printed of one record.
const mostProblems = 20

// Skipped prints what is wrong with a record, for the first records.
func (r *importReport) Skipped(at bulk.Place, problems []gong.FieldError) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.skipped++
	if r.most > 0 && r.skipped > r.most {
		return
	}
	for _, p := range problems[:min(len(problems), mostProblems)] {
		r.line(at, p.Error())
	}
	if more := len(problems) - mostProblems; more > 0 {
		r.line(at, "and "+plural(more, "more problem"))
	}
}

// Note prints what a person should know.
func (r *importReport) Note(at bulk.Place, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.quiet {
		r.line(at, text)
	}
}

// Doubt prints what was probably meant otherwise, to those too who want no notes.
func (r *importReport) Doubt(at bulk.Place, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.line(at, text)
}

// line prints a line about a place, where the bar stood.
func (r *importReport) line(at bulk.Place, text string) {
	if r.bar != nil {
		r.bar.Clear()
	}
	screen.Printf(r.stderr, "%v: %s\n", at, text)
	if r.bar != nil {
		r.bar.Describe(r.description())
	}
}

// Committed acknowledges what is kept.
func (r *importReport) Committed(last []bulk.Place, result callvault.PutResult) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kept = r.kept.Add(result)
	if r.bar != nil {
		r.bar.Describe(r.description())
	}
	if !r.showLines {
		return
	}
	for _, at := range last {
		screen.Printf(r.stdout, "committed %v\n", at)
	}
}

// clear ends a pass: it removes the bar and prints how many bad records were left out.
func (r *importReport) clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.bar != nil {
		r.bar.Clear()
		r.bar = nil
	}
	if more := r.skipped - r.most; r.most > 0 && more > 0 {
		fmt.Fprintf(r.stderr, "and %s; --max-errors 0 prints all\n", plural(more, "more bad record"))
	}
	r.skipped = 0
}

// end says what the import came to.
func (r *importReport) end(result bulk.Result) {
	r.clear()
	if r.quiet {
		return
	}
	screen.Printf(r.stderr, "%s: %s", plural(result.Read, "record"), kept(result.PutResult))
	if n := result.Repeated(); n > 0 {
		screen.Printf(r.stderr, ", %s replaced by a later one with the same id", humanize.Comma(int64(n)))
	}
	if result.Skipped > 0 {
		screen.Printf(r.stderr, ", %s skipped", humanize.Comma(int64(result.Skipped)))
	}
	screen.Printf(r.stderr, " in %v\n", r.now().Sub(r.begun).Round(10*time.Millisecond))
}

// fail says what an import that failed has kept.
func (r *importReport) fail(result bulk.Result) {
	r.clear()
	if !r.quiet {
		screen.Printf(r.stderr, "kept so far: %s\n", kept(result.PutResult))
	}
}

func kept(result callvault.PutResult) string {
	return fmt.Sprintf("%s created, %s changed, %s unchanged", humanize.Comma(int64(result.Created)),
		humanize.Comma(int64(result.Changed)), humanize.Comma(int64(result.Unchanged)))
}

// plural is a number of things.
func plural(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return humanize.Comma(int64(n)) + " " + thing
}
