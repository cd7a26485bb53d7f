package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/bulk"
	"github.com/callvault/callvault/internal/screen"
)

// importOptions are the flags of import.
type importOptions struct {
	tenant
	appURL        string
	workspace     callvault.ID
	strict, quiet bool
	maxErrors     uint
}

func (a *app) importCalls() *cobra.Command {
	var o importOptions
	cmd := &cobra.Command{
		Use:   "import FILE...",
		Short: "Put calls from files into a store",
		Long: `Put the calls of files into a store; - is standard input. A file holds NDJSON, a JSON
array, saved response pages of GET /v2/calls, CSV with a header of field names, or
Parquet, plain or compressed with gzip or zstd; the format is detected.

A call replaces the one with the same id; if several records have it, the last one wins.
If a row of a table has a document, its other columns are ignored. Bad records are
skipped and reported as FILE:LINE: FIELD: what is wrong; the exit code is then 3. For
Parquet, LINE is the row number. A broken JSON array or page is read up to the broken
record; the exit code is then 1.

Calls are committed in batches, each completely or not at all. When standard output is
not a terminal, each commit prints the line "committed FILE:LINE": every record that
begins at or before that line is on the disk. After an interruption, run the same command
again to finish.`,
		Example: `  callvault import calls.ndjson
  callvault import --strict page-*.json calls.parquet
  zcat calls.csv.gz | callvault import --company acme -`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error { return a.runImport(cmd.Context(), o, files) },
	}
	o.flags(cmd)
	cmd.Flags().BoolVar(&o.strict, "strict", false, "check everything first, and store nothing if any record is bad")
	cmd.Flags().BoolVarP(&o.quiet, "quiet", "q", false, "print only errors and bad records")
	cmd.Flags().UintVar(&o.maxErrors, "max-errors", 1000, "print only the first N bad records; 0 prints all")
	parsedFlag(cmd, &o.appURL, "app-url", "", "fill an unset url with this address and /call?id=<id>, as in https://us-10001.app.example.com", parseAppURL)
	workspaceFlag(cmd, &o.workspace, "fill an unset workspaceId with this id")
	return cmd
}

func parseAppURL(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("%.80q: use an address such as https://us-10001.app.example.com", text)
	}
	return strings.TrimRight(text, "/"), nil
}

// importGCPercent keeps the garbage of an import small: most of its heap is two batches of
// documents, which would double beside as much garbage, and to collect early costs little.
const importGCPercent = 10

func (a *app) runImport(ctx context.Context, o importOptions, files []string) error {
	if err := refuseFilesOf(o.db, files...); err != nil {
		return err
	}
	in, err := bulk.OpenFiles(files, a.stdin)
	switch {
	case errors.Is(err, bulk.ErrStdinTwice):
		return usagef("%w", err)
	case err != nil:
		return err
	case o.strict && in.Once != "":
		return usagef("--strict reads everything twice, and %s can be read only once; save it to a file", in.Once)
	}
	defer debug.SetGCPercent(debug.SetGCPercent(importGCPercent))
	report := a.importReport(o, in.Size)
	defer report.progress.End()
	im := bulk.Import{Report: report, AppURL: o.appURL, Workspace: o.workspace.String()}
	if o.strict {
		if err := checkAll(ctx, &im, report, in); err != nil {
			return err
		}
	}
	store, err := o.openOrMake(ctx, a)
	if err != nil {
		return err
	}
	im.Calls = &markedCalls{store.Calls(o.company), report.bytes.Load, report.show}
	report.begin("importing")
	result, err := im.Run(ctx, in.Sources(report.read))
	took := report.end()
	if err == nil {
		report.summarize(result, took)
		return skipped(result.Skipped)
	}
	if errors.Is(err, callvault.ErrReplaced) {
		return fmt.Errorf("%w; import everything again, because the calls kept so far are in the replaced files", err)
	}
	if result.PutResult != (callvault.PutResult{}) {
		report.progress.Tell("kept so far: %s", kept(result.PutResult))
	}
	switch {
	case ctx.Err() != nil:
		return errors.New("interrupted; what was committed stays: run it again to finish")
	case errors.Is(err, bulk.ErrDamaged):
		return fmt.Errorf("%w; calls stored from this file may be damaged: import a sound copy of it", err)
	}
	return err
}

// stdinName stands for standard input and output among the names of files.
const stdinName = bulk.Stdin

// checkAll reads everything once and fails if any record is bad.
func checkAll(ctx context.Context, im *bulk.Import, report *importReport, in *bulk.Files) error {
	report.begin("checking")
	result, err := im.Check(ctx, in.Sources(report.passed))
	report.end()
	switch {
	case err != nil && ctx.Err() != nil:
		return errors.New("interrupted; nothing was stored")
	case err != nil:
		return fmt.Errorf("%w; nothing was stored", err)
	case result.Skipped > 0:
		return fmt.Errorf("%d of %d records are bad; nothing was stored", result.Skipped, result.Read)
	}
	return nil
}

// importReport says how an import goes on: to a person as a bar, to a program as a line for
// each commit. What is wrong with records goes to standard error in any case.
type importReport struct {
	*app
	progress *screen.Progress
	commits  io.Writer
	most     int          // bad records to print in a pass, 0 for all
	size     int64        // of all files, or screen.Unknown
	bytes    atomic.Int64 // that were read

	mu      sync.Mutex // of what follows
	kept    callvault.PutResult
	skipped int // in this pass
}

func (a *app) importReport(o importOptions, size int64) *importReport {
	p := a.progress(o.quiet)
	return &importReport{app: a, progress: p, commits: p.Commits(a.stdout), most: int(o.maxErrors), size: size}
}

func (r *importReport) begin(doing string) {
	r.bytes.Store(0)
	r.progress.Begin(doing, "byte", int(r.size))
}

// read is told how much was read of a file.
func (r *importReport) read(n int) { r.bytes.Add(int64(n)) }

// passed is read for a pass that commits nothing.
func (r *importReport) passed(n int) { r.show(r.bytes.Add(int64(n))) }

// show shows how many bytes are done. A part of a file may be read twice.
func (r *importReport) show(bytes int64) { r.progress.Set(max(0, min(bytes, r.size)), r.size) }

// markedCalls are calls that tell how many bytes of the files are committed with each batch:
// the bar shows those, which are less than what was read.
type markedCalls struct {
	callvault.Calls
	read      func() int64
	committed func(bytes int64)
}

func (c *markedCalls) Put(ctx context.Context, batch callvault.Batch) (callvault.PutResult, error) {
	read := c.read()
	result, err := c.Calls.Put(ctx, batch)
	if err == nil {
		c.committed(read)
	}
	return result, err
}

// mostProblems bounds the problems that are printed of one record.
const mostProblems = 20

// Skipped prints what is wrong with a record, for the first records.
func (r *importReport) Skipped(at bulk.Place, problems []gong.FieldError) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.skipped++
	r.detail()
	if r.most > 0 && r.skipped > r.most {
		return
	}
	for _, p := range problems[:min(len(problems), mostProblems)] {
		r.progress.Note("%v: %s", at, p.Error())
	}
	if more := len(problems) - mostProblems; more > 0 {
		r.progress.Note("%v: and %s", at, screen.Count(more, "more problem"))
	}
}

// detail shows what came of the records so far.
func (r *importReport) detail() {
	text := screen.Count(r.kept.Created+r.kept.Changed+r.kept.Unchanged, "call")
	if r.skipped > 0 {
		text += ", " + screen.Number(r.skipped) + " skipped"
	}
	r.progress.Detail("%s", text)
}

// Note prints what a person should know.
func (r *importReport) Note(at bulk.Place, text string) {
	r.progress.Tell("%v: %s", at, text)
}

// Committed acknowledges what is kept.
func (r *importReport) Committed(last []bulk.Place, result callvault.PutResult) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kept = r.kept.Add(result)
	r.detail()
	for _, at := range last {
		screen.Printf(r.commits, "committed %v\n", at)
	}
}

// end ends a pass and prints how many bad records it did not print.
func (r *importReport) end() time.Duration {
	took := r.progress.End()
	r.mu.Lock()
	defer r.mu.Unlock()
	if more := r.skipped - r.most; r.most > 0 && more > 0 {
		r.progress.Note("and %s; --max-errors 0 prints all", screen.Count(more, "more bad record"))
	}
	r.skipped = 0
	return took
}

// summarize says what the import came to.
func (r *importReport) summarize(result bulk.Result, took time.Duration) {
	text := fmt.Sprintf("%s: %s", screen.Count(result.Read, "record"), kept(result.PutResult))
	if n := result.Repeated(); n > 0 {
		text += fmt.Sprintf(", %s replaced by a later one with the same id", screen.Number(n))
	}
	if result.Skipped > 0 {
		text += fmt.Sprintf(", %s skipped", screen.Number(result.Skipped))
	}
	r.progress.Tell("%s in %v", text, took)
}

func kept(result callvault.PutResult) string {
	return fmt.Sprintf("%s created, %s changed, %s unchanged", screen.Number(result.Created),
		screen.Number(result.Changed), screen.Number(result.Unchanged))
}
