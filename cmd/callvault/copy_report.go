package main

import (
	"fmt"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/schollz/progressbar/v3"

	"github.com/callvault/callvault/internal/screen"
)

// copyReport says how a copy goes on: to a person as a bar on standard error, to
// a program as a line for each commit on standard output.
type copyReport struct {
	audience
	now func() time.Time

	bar     *progressbar.ProgressBar
	begun   time.Time
	total   int    // records to copy
	kept    int    // of them
	company string // that is being copied
	before  int    // records of the companies before it
}

func newCopyReport(to audience) *copyReport {
	return &copyReport{audience: to, now: time.Now, begun: time.Now()}
}

// planned is told how many records there are to copy.
func (r *copyReport) planned(records int) {
	r.total, r.begun = records, r.now()
	if r.showBar && records > 0 {
		r.bar = newBar(r.stderr, int64(records), r.width, r.description())
	}
}

// copied acknowledges what is kept of a company.
func (r *copyReport) copied(company string, records int, number int64) {
	if company != r.company {
		r.company, r.before = company, r.kept
	}
	r.kept = r.before + records
	if r.bar != nil {
		r.bar.Set(r.kept)
		r.bar.Describe(r.description())
	}
	if r.showLines {
		screen.Printf(r.stdout, "copied %s up to number %d of company %s\n", plural(records, "record"), number, company)
	}
}

// description is what stands before the bar, as far as there is room for it.
func (r *copyReport) description() string {
	if r.width < 70 {
		return "copying"
	}
	text := fmt.Sprintf("copying %s of %s", humanize.Comma(int64(r.kept)), plural(r.total, "record"))
	if r.width < 100 || r.kept == 0 {
		return text
	}
	rate := float64(r.kept) / max(r.now().Sub(r.begun).Seconds(), 0.001)
	return text + fmt.Sprintf(", %s/s", humanize.Comma(int64(rate)))
}

// clear removes the bar.
func (r *copyReport) clear() {
	if r.bar != nil {
		r.bar.Clear()
		r.bar = nil
	}
}

// end says what the copy came to.
func (r *copyReport) end() {
	if !r.quiet {
		screen.Printf(r.stderr, "copied %s in %v\n", plural(r.kept, "record"), r.now().Sub(r.begun).Round(10*time.Millisecond))
	}
}
