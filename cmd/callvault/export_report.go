package main

import (
	"context"
	"fmt"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/schollz/progressbar/v3"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/bulk"
	"github.com/callvault/callvault/internal/screen"
)

// exportReport says how an export goes on: to a person as a bar on standard error.
type exportReport struct {
	audience
	now func() time.Time

	bar     *progressbar.ProgressBar
	begun   time.Time
	total   int // calls when it began
	written int
}

// exportReport is the report of an export to a file. There is no bar among calls
// that are written to the same terminal.
func (a *app) exportReport(quiet bool, file string) *exportReport {
	to := a.audience()
	if quiet {
		to.hush()
	}
	if file == stdinName && screen.IsTerminal(a.stdout) {
		to.showBar = false
	}
	return &exportReport{audience: to, now: time.Now}
}

// begin counts the calls, for the bar. The export itself sees a later moment.
func (r *exportReport) begin(ctx context.Context, calls callvault.Calls, q callvault.Query) (err error) {
	r.begun = r.now()
	if !r.showBar {
		return nil
	}
	if r.total, err = calls.Count(ctx, q); err != nil || r.total == 0 {
		return err
	}
	r.bar = newBar(r.stderr, int64(r.total), r.width, r.description())
	return nil
}

// watched exports calls to a writer, and is told of each.
func (r *exportReport) watched(ctx context.Context, calls callvault.Calls, q callvault.Query) func(bulk.Writer) error {
	return func(w bulk.Writer) error {
		_, err := bulk.Export(ctx, calls, q, &watchedWriter{w, r})
		return err
	}
}

// watchedWriter tells of the calls that are written.
type watchedWriter struct {
	bulk.Writer
	report *exportReport
}

func (w *watchedWriter) Write(document []byte) error {
	if err := w.Writer.Write(document); err != nil {
		return err
	}
	w.report.wrote()
	return nil
}

// drawCalls is how many calls are written between two looks at the bar, at least:
// an export writes a million in two seconds.
const drawCalls = 4096

func (r *exportReport) wrote() {
	r.written++
	if r.bar != nil && r.written%drawCalls == 0 {
		r.bar.Describe(r.description())
		r.bar.Set(min(r.written, r.total))
	}
}

// description is what stands before the bar, as far as there is room for it.
func (r *exportReport) description() string {
	if r.width < 70 {
		return "exporting"
	}
	text := fmt.Sprintf("exporting %s of %s", humanize.Comma(int64(r.written)), plural(r.total, "call"))
	if r.width < 100 || r.written == 0 {
		return text
	}
	rate := float64(r.written) / max(r.now().Sub(r.begun).Seconds(), 0.001)
	return text + fmt.Sprintf(", %s/s", humanize.Comma(int64(rate)))
}

// clear removes the bar.
func (r *exportReport) clear() {
	if r.bar != nil {
		r.bar.Clear()
		r.bar = nil
	}
}

// end says what the export came to, and a remark on where.
func (r *exportReport) end(remark string) {
	if !r.quiet {
		screen.Printf(r.stderr, "exported %s%s\n", plural(r.written, "call"), remark)
	}
}
