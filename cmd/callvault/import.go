package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/bulk"
	"github.com/callvault/callvault/internal/command"
	"github.com/callvault/callvault/internal/file"
	"github.com/callvault/callvault/internal/postgres"
)

// importOptions are the flags of import.
type importOptions struct {
	tenant
	appURL        string
	workspace     callvault.ID
	kind          callvault.Kind
	strict, quiet bool
	dryRun        bool
	maxErrors     uint
	columns       bulk.Mapping
	zone          *time.Location
	source        string
}

func (a *app) importCalls() *cobra.Command {
	var o importOptions
	cmd := &cobra.Command{
		Use:   "import FILE...",
		Short: "Put calls, users and workspaces from files into a store",
		Long: `Put the calls of files into a store; - is standard input. A file holds NDJSON, a JSON
array, saved response pages of GET /v2/calls, CSV with a header of field names, or
Parquet, plain or compressed with gzip or zstd; the format is detected.

Saved response pages of users and workspaces are detected, too. --kind users says that the
records of other JSON are users, of which only the id is required.

A call replaces the one with the same id; if several records have it, the last one wins.
If a row of a table has a document, its other columns are ignored. Bad records are
skipped and reported as FILE:LINE: FIELD: what is wrong; the exit code is then 3. For
Parquet, LINE is the row number. A broken JSON array or page is read up to the broken
record; the exit code is then 1.

Calls are committed in batches, each completely or not at all. Files whose calls are in no
order of time are first sorted on the disk of the store, which needs their size in free
room; input with a pipe is committed as it comes. When standard output is not a terminal,
"committed FILE:LINE" says that every record which begins at or before that line is on the
disk, and "committed FILE" that the whole file is. After an interruption, run the same
command again to finish.

With --map the columns of any CSV fill fields; others keep their names. Cells may then have
times such as 2026-02-01 08:15 in the zone --tz, or seconds since 1970, and durations as
h:mm:ss or m:ss. A time that the clock showed twice is the first; one that it skipped is a
bad record. With --source the id may be any text: it is kept as clientUniqueId, and the
call's id is made of the source's name and the text. The name also fills an unset system.
A call whose clientUniqueId is set is not replaced by one with another. --dry-run prints
the first ten calls as they would be stored, and the bad records.`,
		Example: `  callvault import calls.ndjson
  callvault import --strict page-*.json calls.parquet
  callvault import --kind users users.ndjson
  zcat calls.csv.gz | callvault import --company acme -
  callvault import --map id="Call ID",started=Start,duration=Length --tz Europe/Berlin --source pbx1 --dry-run calls.csv`,
		RunE: func(cmd *cobra.Command, files []string) error {
			if err := refuseFor(o.kind, cmd, "workspace", "app-url", "map", "source"); err != nil {
				return err
			}
			return a.runImport(cmd.Context(), o, files)
		},
	}
	o.flags(cmd)
	cmd.Flags().BoolVar(&o.strict, "strict", false, "check everything first, and store nothing if any record is bad")
	cmd.Flags().BoolVarP(&o.quiet, "quiet", "q", false, "print only errors and bad records")
	cmd.Flags().UintVar(&o.maxErrors, "max-errors", 1000, "print at most N bad records, and three with the same problem; 0 prints all")
	command.Parsed(cmd, &o.appURL, "app-url", "", "fill an unset url with this address and /call?id=<id>, as in https://us-10001.app.example.com", bulk.ParseAppURL)
	kindFlag(cmd, &o.kind, "what the records outside of saved pages are: calls, users or workspaces")
	command.Parsed(cmd, &o.workspace, "workspace", "", "fill an unset workspaceId with this id", parseID)
	command.Parsed(cmd, &o.columns, "map", "", `which columns of CSV fill which fields, as in id="Call ID",started=Start,duration=Length`, func(text string) (bulk.Mapping, error) { return o.columns.With(text) })
	zoneFlag(cmd, &o.zone, "")
	command.Parsed(cmd, &o.source, "source", "", "the system that the calls come from, such as pbx1, which fills an unset system; ids may then be any text, kept as clientUniqueId", bulk.ParseSource)
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "store nothing; print the first ten calls as they would be stored, and the bad records")
	return cmd
}

// check refuses flags that do not go together.
func (o importOptions) check() error {
	switch {
	case o.zone != nil && !o.columns.Fills("started") && !o.columns.Fills("scheduled"):
		return command.Usagef("--tz is for times that --map reads; map started or scheduled, or leave --tz out")
	case o.source != "" && o.columns.Fills("clientUniqueId"):
		return command.Usagef("--source keeps the id as clientUniqueId; leave clientUniqueId out of --map")
	}
	return nil
}

// importGCPercent keeps the garbage of an import small: most of its heap is two batches of
// documents, which would double beside as much garbage, and to collect early costs little.
const importGCPercent = 10

func (a *app) runImport(ctx context.Context, o importOptions, files []string) error {
	if err := errors.Join(o.check(), refuseFilesOf(o.db, files...)); err != nil {
		return err
	}
	in, err := bulk.OpenFiles(files, a.stdin)
	switch {
	case errors.Is(err, bulk.ErrStdinTwice):
		return command.Usagef("%w", err)
	case err != nil:
		return err
	}
	defer debug.SetGCPercent(debug.SetGCPercent(importGCPercent))
	p := a.progress(o.quiet)
	defer p.End()
	report := &bulk.Console{Progress: p, Commits: p.Commits(a.stdout), Size: in.Size, Most: int(o.maxErrors)}
	o.columns.Zone = o.zone
	im := bulk.Import{
		Report: report, Read: in.Read, Kind: o.kind, AppURL: o.appURL, Workspace: o.workspace.String(),
		Mapping: o.columns, Source: o.source, Endless: in.HasPipe,
	}
	if !o.dryRun {
		im.Folder = o.folder()
	}
	defer im.Close()
	if o.dryRun || o.strict {
		if err := a.compare(ctx, o, &im); err != nil {
			return err
		}
	}
	if o.dryRun {
		result, err := report.Rehearse(ctx, &im, in, a.stdout)
		if err != nil {
			return err
		}
		return skipped(result.Skipped)
	}
	if o.strict {
		result, err := report.Check(ctx, &im, in)
		if err != nil {
			return err
		}
		if result.Skipped > 0 {
			return fmt.Errorf("%d of %d records are bad; nothing was stored", result.Skipped, result.Read)
		}
	}
	store, err := o.openOrMake(ctx, a)
	if err != nil {
		return err
	}
	if err := o.checkUnmirrored(ctx, store); err != nil {
		return err
	}
	im.Calls, im.Directory = store.Calls(o.company), store.Directory(o.company)
	var result bulk.Result
	if o.strict {
		result, err = report.Store(ctx, &im)
	} else {
		result, err = report.Import(ctx, &im, in)
	}
	if err != nil {
		return o.ofMirror(err)
	}
	return skipped(result.Skipped)
}

// folder is that of the store, or none if it is not a file.
func (o importOptions) folder() string {
	if postgres.IsURL(o.db) {
		return ""
	}
	target, err := file.Follow(o.db)
	if err != nil {
		target = o.db // opening the store says what is wrong
	}
	return filepath.Dir(target)
}

// compare has a check look into the store, if there is one, for calls that can't be replaced.
// It refuses a company that its mirror writes.
func (a *app) compare(ctx context.Context, o importOptions, im *bulk.Import) error {
	if _, err := os.Stat(o.db); err != nil && !postgres.IsURL(o.db) {
		return nil
	}
	store, err := a.openToRead(ctx, o.db)
	if err != nil {
		a.say("the calls are not compared with the store: %v", err)
		return nil
	}
	im.Calls = store.Calls(o.company)
	return o.checkUnmirrored(ctx, store)
}

// stdinName stands for standard input and output among the names of files.
const stdinName = bulk.Stdin
