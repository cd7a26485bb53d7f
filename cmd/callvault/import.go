package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/bulk"
)

// importOptions are the flags of import.
type importOptions struct {
	db, company, appURL, workspace string
	strict, quiet                  bool
	maxErrors                      int
}

func (a *app) importCalls() *cobra.Command {
	var o importOptions
	cmd := &cobra.Command{
		Use:   "import FILE...",
		Short: "Put calls from files into a store",
		Long: `Put the calls of files into a store; - is standard input. A file holds NDJSON,
a JSON array, saved response pages of GET /v2/calls, CSV with a header of field
names, or Parquet, compressed by gzip or zstd or not; the format is detected. The
LINE of a record of Parquet is the number of its row. If a row has a document, its
other columns are ignored. Only in CSV with a column named document, import takes
away the apostrophe that export puts before a cell that looks like a formula.

A call with an id that is there replaces it; of several records with one id the
last wins. Where they stand further apart than a batch, each is written in its
turn, and so again when the import is run again. Bad records are reported as
FILE:LINE: FIELD: what is wrong, and skipped; the exit code is 3 then. The first
1,000 are printed, and how many more there are.

What is put around calls by /v2/calls/extensive (of which metaData is kept),
/v2/calls/{id}, Airbyte and Singer is taken off.

Calls are committed in batches, each whole or not at all. Off a terminal each
commit prints the line "committed FILE:LINE": every record that begins at or
before that line is on the disk. A run that was ended half-way is completed by
running it again.`,
		Example: `  callvault import calls.ndjson
  callvault import --strict page-*.json calls.parquet
  zcat calls.csv.gz | callvault import --company acme -`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			if err := o.normalize(); err != nil {
				return err
			}
			return a.runImport(cmd.Context(), o, files)
		},
	}
	dbFlag(cmd, &o.db)
	companyFlag(cmd, &o.company)
	cmd.Flags().BoolVar(&o.strict, "strict", false, "check everything first, and store nothing if any record is bad")
	cmd.Flags().BoolVarP(&o.quiet, "quiet", "q", false, "print nothing but what is wrong")
	cmd.Flags().IntVar(&o.maxErrors, "max-errors", 1000, "print the first N bad records only, 0 for all; all are counted")
	cmd.Flags().StringVar(&o.appURL, "app-url", "", "fill an unset url with this address and /call?id=<id>, as in https://us-10001.app.example.com")
	cmd.Flags().StringVar(&o.workspace, "workspace", "", "fill an unset workspaceId with this id")
	return cmd
}

// normalize checks the flags and brings them into the form that they are used in.
func (o *importOptions) normalize() error {
	if err := checkCompany(o.company); err != nil {
		return err
	}
	if o.maxErrors < 0 {
		return usagef("--max-errors %d: use a number of records, or 0 for all", o.maxErrors)
	}
	if o.appURL != "" {
		u, err := url.Parse(o.appURL)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
			return usagef("--app-url %.80q: use an address such as https://us-10001.app.example.com", o.appURL)
		}
		o.appURL = strings.TrimRight(o.appURL, "/")
	}
	workspace, err := parseWorkspace(o.workspace)
	o.workspace = workspace.String()
	return err
}

// parseWorkspace reads the flag --workspace; empty is none.
func parseWorkspace(digits string) (callvault.ID, error) {
	if digits == "" {
		return callvault.ID{}, nil
	}
	id, err := callvault.ParseID(digits)
	if err != nil {
		return callvault.ID{}, usagef("--workspace %.40q: use the id of a workspace, a number of 1 to 20 digits", digits)
	}
	return id, nil
}

// importGCPercent is how much garbage an import lets lie. Most of its heap is
// two batches of documents, which stay where they are and hold no pointers:
// to let as much garbage grow beside them would double it, and to collect early
// costs little.
const importGCPercent = 10

func (a *app) runImport(ctx context.Context, o importOptions, files []string) (err error) {
	if err := refuseFilesOf(o.db, files...); err != nil {
		return err
	}
	in, err := a.openInput(files)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.close()) }()
	defer debug.SetGCPercent(debug.SetGCPercent(importGCPercent))
	audience := a.audience()
	if o.quiet {
		audience.hush()
	}
	report := newImportReport(audience, o.maxErrors)
	im := bulk.Import{Report: report, AppURL: o.appURL, Workspace: o.workspace}
	if o.strict {
		if err := in.keep(ctx); err != nil {
			return err
		}
		if err := checkAll(ctx, &im, report, in); err != nil {
			return err
		}
	}
	store, err := a.openOrMake(ctx, o.db)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if err := a.makeCompany(ctx, store, o.company); err != nil {
		return err
	}
	im.Calls = store.Calls(o.company)
	report.begin(importing, in.size)
	result, err := im.Run(ctx, in.sources(report.read))
	if errors.Is(err, callvault.ErrReplaced) {
		report.clear()
		return fmt.Errorf("%w and import everything: what was kept is in the files that were replaced", err)
	}
	if err != nil {
		report.fail(result)
		if ctx.Err() != nil {
			return errors.New("interrupted; what was committed stays, and running it again completes it")
		}
		if errors.Is(err, bulk.ErrDamaged) {
			return fmt.Errorf("%w; records stored from this file may be damaged: import a sound copy of it", err)
		}
		return err
	}
	report.end(result)
	if result.Skipped > 0 {
		return errSkipped
	}
	return nil
}

// checkAll reads everything once and fails if any record is bad.
func checkAll(ctx context.Context, im *bulk.Import, report *importReport, in *input) error {
	report.begin(checking, in.size)
	result, err := im.Check(ctx, in.sources(report.read))
	report.clear()
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
