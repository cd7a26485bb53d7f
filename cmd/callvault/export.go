package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/file"
)

// exportOptions are the flags of export.
type exportOptions struct {
	db, company, from, to, tz, workspace, format string
	quiet                                        bool
}

func (a *app) export() *cobra.Command {
	var o exportOptions
	cmd := &cobra.Command{
		Use:   "export [FILE]",
		Short: "Write a company's calls to a file",
		Long: `Write a company's calls, all or a range, in the order that the API has: by time,
then by id. They are the calls of one moment, whatever is written meanwhile, and
imported into an empty store they are the same, byte for byte, from each format:

  ndjson   a line for each call
  json     one array
  csv      a table with a column for each field, and the whole call in the last
  parquet  the same table with typed columns, times as instants in UTC

The format is --format, or what the name of FILE ends with, or ndjson; with .gz or
.zst behind it the file is compressed, but for Parquet, which is so by itself. A
cell of CSV that a spreadsheet could take for a formula has an apostrophe before it.

Without a FILE, or with -, they go to standard output. A FILE appears under its
name only when it is complete. One that is there is replaced and keeps its mode;
only its owner may read a new one. A link is followed.`,
		Example: `  callvault export calls.parquet
  callvault export january.csv.gz --from 2026-01-01 --to 2026-02-01
  callvault export --company acme | callvault import --db copy.db --company acme -`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			q, err := o.query()
			if err != nil {
				return err
			}
			name := stdinName // the same mark stands for standard output
			if len(files) > 0 {
				name = files[0]
			}
			form, err := a.formOf(o.format, name)
			if err != nil {
				return err
			}
			return a.runExport(cmd.Context(), o, q, name, form)
		},
	}
	dbFlag(cmd, &o.db)
	companyFlag(cmd, &o.company)
	cmd.Flags().StringVar(&o.format, "format", "", "ndjson, json, csv or parquet (default: by the name of FILE)")
	completeWith(cmd, "format", formatNames()...)
	cmd.Flags().StringVar(&o.from, "from", "", "only calls at this time or later, such as 2026-01-31, 2026-01-31T08:00:00-07:00, 7d or \"last month\"")
	cmd.Flags().StringVar(&o.to, "to", "", "only calls before this time")
	tzFlag(cmd, &o.tz, "UTC")
	cmd.Flags().StringVar(&o.workspace, "workspace", "", "only calls of this workspace")
	cmd.Flags().BoolVarP(&o.quiet, "quiet", "q", false, "print nothing but the calls")
	return cmd
}

func (o *exportOptions) query() (q callvault.Query, err error) {
	if q.Range, err = parseRange(o.from, o.to, o.tz); err != nil {
		return q, err
	}
	q.Workspace, err = parseWorkspace(o.workspace)
	return q, err
}

func (a *app) runExport(ctx context.Context, o exportOptions, q callvault.Query, name string, form form) (err error) {
	if err := refuseFilesOf(o.db, name); err != nil {
		return err
	}
	store, err := existing(ctx, o.db, o.company)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	report := a.exportReport(o.quiet, name)
	calls := store.Calls(o.company)
	if err := report.begin(ctx, calls, q); err != nil {
		return err
	}
	write := func(w io.Writer) error { return form.write(w, report.watched(ctx, calls, q)) }
	if name == stdinName {
		err = write(a.stdout)
	} else {
		err = file.Write(name, write)
	}
	report.clear()
	switch {
	case err != nil && ctx.Err() != nil && name != stdinName:
		return fmt.Errorf("interrupted; %s was not written", name)
	case err != nil && ctx.Err() != nil:
		return fmt.Errorf("interrupted after %s", plural(report.written, "call"))
	case err != nil:
		return fmt.Errorf("export: %w", err)
	}
	report.end(form.remark(name))
	return nil
}
