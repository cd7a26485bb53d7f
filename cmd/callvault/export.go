package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/bulk"
	"github.com/callvault/callvault/internal/command"
	"github.com/callvault/callvault/internal/file"
	"github.com/callvault/callvault/internal/upstream"
)

// exportOptions are the flags of export.
type exportOptions struct {
	sourceOptions
	selection
	kind                      callvault.Kind
	output                    bulk.Format
	force, quiet, skipDamaged bool
}

func (a *app) export() *cobra.Command {
	var o exportOptions
	cmd := &cobra.Command{
		Use:   "export [FILE]",
		Short: "Write calls to a file",
		Long: `Write calls to FILE, or to standard output without a FILE or with -. They come from a
store, or with --url from any server that answers GET /v2/calls, Gong's own included, in
the order of the API: by time, then by id. An export of a store is a snapshot. Importing
any of the formats gives the same calls, byte for byte:

  ndjson   a line for each call
  json     one array
  csv      a table with a column for each field, the names of the host and the
           workspace, and the whole call in the last
  parquet  the same table with typed columns, times as instants in UTC

If the name of FILE ends with .gz or .zst, the file is compressed; Parquet is compressed
anyway. In CSV an apostrophe precedes a cell that a spreadsheet could treat as a formula.

FILE gets its name only when it is complete. Only its owner may read a new FILE; one that
is overwritten keeps its mode. Links are followed. If ctrl-C or an error
interrupts reading from a server, NAME.partial.EXT has the calls so far, and the message
has the --from to continue with. 'callvault calls --help' explains ranges, --where and credentials.

A damaged call in a store stops the export, unless --skip-damaged is given.

--kind users and --kind workspaces export those that were imported, by id, or with --url
those that the server lists, as ndjson or json.`,
		Example: `  callvault export calls.parquet
  callvault export january.csv.gz --from 2026-01 --through 2026-01
  callvault export customers.csv --where 'scope:external longer:30m'
  callvault export --kind users users.json
  callvault export --company acme | callvault import --db copy.db --company acme -
  callvault export --url https://us-12345.api.gong.io --from 2025 --through 2025 2025.ndjson.gz`,
		RunE: func(cmd *cobra.Command, files []string) error {
			name := stdinName // the same mark stands for standard output
			if len(files) > 0 {
				name = files[0]
			}
			if err := refuseFor(o.kind, cmd, "from", "to", "through", "workspace", "where", "skip-damaged"); err != nil {
				return err
			}
			return a.runExport(cmd.Context(), o, name)
		},
	}
	o.sourceOptions.flags(cmd)
	o.selection.flags(cmd, "UTC")
	kindFlag(cmd, &o.kind, "what to export: calls, users or workspaces")
	command.Choice(cmd, &o.output, "output", "", command.OrList(bulk.Formats())+" (default: by the name of FILE, or ndjson)", bulk.Formats()...)
	forceFlag(cmd, &o.force)
	cmd.Flags().BoolVar(&o.skipDamaged, "skip-damaged", false, "leave out damaged calls of a store, and name them")
	cmd.Flags().BoolVarP(&o.quiet, "quiet", "q", false, "print only calls and errors")
	command.Exclude(cmd, "skip-damaged", "url")
	return cmd
}

func (a *app) runExport(ctx context.Context, o exportOptions, name string) error {
	_, q, err := o.query(time.Now())
	if err != nil {
		return err
	}
	f, err := a.checkExport(o, name)
	if err != nil {
		return err
	}
	p := a.progress(o.quiet)
	defer p.End()
	source, err := o.open(ctx, a, p)
	if err != nil {
		return err
	}
	if err := o.find(ctx, source, &q); err != nil {
		return err
	}
	if store, ok := source.(*upstream.Store); ok {
		store.SkipDamaged = o.skipDamaged
	}
	var names callvault.EntryNames
	if f.Format.HasNames() && o.url == "" {
		if names, err = source.Names(ctx); err != nil {
			return err
		}
	}
	walk := upstream.Walk(source.Walk)
	if o.kind != "" {
		walk = source.Entries(o.kind)
	}
	e, target := exported{where: "on standard output", isServer: o.url != "" && o.kind == ""}, name
	if name == stdinName {
		target = "standard output"
	}
	err = e.write(p.Before(a.stdout), name, f, names, e.fill(ctx, walk, q, 0))
	p.End()
	switch on, damage := (*fs.PathError)(nil), (*callvault.DamageError)(nil); {
	case errors.As(e.early, &damage):
		written, others := "nothing was written", ""
		if e.where != "" && e.Met > 0 {
			written = e.Count() + " before it are " + e.where
		}
		if o.kind == "" {
			others = "; to export the other calls: --skip-damaged"
		}
		return fmt.Errorf("%w; %s%s", e.early, written, others)
	case e.early != nil:
		return e.end(ctx, e.where, o.zone)
	case errors.As(err, &on):
		return fmt.Errorf("write %s: %w", target, on.Err)
	case err != nil:
		return fmt.Errorf("write %s: %w", target, err)
	case e.where == "":
		return &command.ExitError{Code: command.ExitSkipped, Err: fmt.Errorf("every %s was skipped; nothing was written", o.kind.One())}
	case name == stdinName:
		p.Tell("exported %v", e.Walked)
	default:
		p.Tell("exported %v to %s as %s", e.Walked, name, f.Format)
	}
	return skipped(e.Skipped)
}

// checkExport refuses flags and files that do not fit together.
func (a *app) checkExport(o exportOptions, name string) (bulk.Form, error) {
	switch {
	case strings.Contains(name, "://"): // not repeated: it may have a secret
		return bulk.Form{}, command.Usagef("FILE: use the path of a file; --url names a server")
	case file.IsHandle(name):
		return bulk.Form{}, command.Usagef("%s is open already; use - for standard output", name)
	case o.url == "":
		if err := refuseFilesOf(o.db, name); err != nil {
			return bulk.Form{}, err
		}
	}
	f, err := a.formOf(o.output, name)
	if err == nil && o.kind != "" && f.Format != bulk.NDJSON && f.Format != bulk.JSON {
		return f, command.Usagef("%s are written as ndjson or json, not as %s; change the name of FILE or --output", o.kind, f.Format)
	}
	if err != nil || name == stdinName || o.force {
		return f, err
	}
	return f, mayWrite(name)
}

// exported is what an export came to.
type exported struct {
	reading
	where    string // the calls are; empty where nothing was kept
	isServer bool   // that they come from, and of which a part is kept
}

// write writes to standard output or to a file of that name, or what a server listed until an
// early end under another one. A store can be read again at once.
func (e *exported) write(stdout io.Writer, name string, f bulk.Form, names callvault.EntryNames, fill func(bulk.Writer) error) (err error) {
	if name == stdinName {
		return f.Write(stdout, names, fill)
	}
	e.where = ""
	d, err := file.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Discard()) }()
	if err := f.Write(d, names, fill); err != nil {
		return err
	}
	partial := file.PartialName(d.Target())
	switch {
	case e.early != nil && e.isServer:
		e.where = "in " + partial
		return d.CommitAs(partial)
	case e.early != nil || e.Met == 0 && e.Skipped > 0:
		return nil
	}
	e.where = name
	if err := d.Commit(); err != nil || !e.isServer {
		return err
	}
	if err := os.Remove(partial); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
