package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/bulk"
	"github.com/callvault/callvault/internal/screen"
	"github.com/callvault/callvault/internal/when"
)

// callsOptions are the flags of calls.
type callsOptions struct {
	db, company, url, credentials string
	from, to, tz, workspace       string
	format, histogram             string
	limit                         int
	quiet                         bool

	given []string // the flags that the command line has
}

func (a *app) calls() *cobra.Command {
	var o callsOptions
	cmd := &cobra.Command{
		Use:   "calls [FILE]",
		Short: "List the calls of a store, or of any server of the API",
		Long: `List calls by date range: those of a store, or with --url those of any server
that answers GET /v2/calls, Gong's own included. What it reads is shown as a
table or a histogram, or written to a FILE or to standard output.

A range goes from --from, which is in it, to --to, which is not. Both are written
as people do, and are of the zone --tz:

  2026-01-31  2026-01  2026          the beginning of a day, month or year
  2026-01-31 09:00                   a time of the zone's clock
  2026-01-31T09:00:00-07:00          an instant, as the API takes it
  30min  12h  7d  2w  3mo  1y        so long ago
  now  today  yesterday  tomorrow
  this, last or next week, month or year (weeks begin on Monday)

Without --to, today, last month and their like mean the whole of that span, and
every other --from means until now. The range is shown in words before it is read.

A server wants a credential: CALLVAULT_ACCESS_KEY and CALLVAULT_ACCESS_KEY_SECRET,
or CALLVAULT_TOKEN, in the environment, or a file that nobody else may read, with
what 'callvault key create' prints. GONG_ACCESS_KEY and GONG_ACCESS_KEY_SECRET are
sent to hosts of gong.io alone. It keeps to Gong's limits there, waits where a
server asks it to, and goes on where a cursor expired.

With exit code 0, FILE has every call of the range. After ctrl-C or an error it has
those read so far, and the message says how many and where to go on. A FILE that was
there before is then left alone, and the part is in NAME.partial.EXT. A FILE that is
replaced keeps its mode; only its owner may read a new one. Calls of a server that
break the contract are reported and skipped.

Exit codes: 0 the list is whole; 1 the run failed or was interrupted; 2 wrong usage;
3 calls were skipped, or the server ended its list before the number of calls that
it had counted.`,
		Example: `  callvault calls --from yesterday
  callvault calls --from "last month" last-month.parquet
  callvault calls --url https://us-12345.api.gong.io --from 2026-01 --to 2026-02 -o ndjson | gzip > january.ndjson.gz
  callvault calls --histogram day --from "this month" --tz Europe/Berlin`,
		Args: cobra.MaximumNArgs(1),
		PreRunE: func(cmd *cobra.Command, _ []string) error {
			cmd.Flags().Visit(func(f *pflag.Flag) { o.given = append(o.given, f.Name) }) // no variable was read yet
			return nil
		},
		RunE: func(cmd *cobra.Command, files []string) error {
			p, err := a.planCalls(cmd, &o, files)
			if err != nil {
				return err
			}
			return a.runCalls(cmd.Context(), o, p)
		},
	}
	dbFlag(cmd, &o.db)
	companyFlag(cmd, &o.company)
	flags := cmd.Flags()
	flags.StringVar(&o.url, "url", "", "a server to list the calls of, such as https://us-12345.api.gong.io, in place of a store")
	flags.StringVar(&o.credentials, "credentials", "", "with --url: a file with the credential, as 'callvault key create' prints it")
	flags.StringVar(&o.from, "from", "7d", "only calls at this time or later")
	flags.StringVar(&o.to, "to", "", "only calls before this time")
	tzFlag(cmd, &o.tz, "local")
	flags.StringVar(&o.workspace, "workspace", "", "only calls of this workspace")
	flags.StringVarP(&o.format, "format", "o", "", "table, ndjson, json, csv or parquet (default: by the name of FILE, or table)")
	flags.StringVar(&o.histogram, "histogram", "", "draw how many calls there are to the hour, day, week or month")
	flags.IntVar(&o.limit, "limit", 0, fmt.Sprintf("list the first so many; 0 is all (default: all, and %d in a table on a terminal)", tableLimit))
	flags.BoolVarP(&o.quiet, "quiet", "q", false, "print nothing but the calls and what is wrong")
	completeWith(cmd, "format", append([]string{string(table)}, formatNames()...)...)
	completeWith(cmd, "histogram", histograms...)
	completeWith(cmd, "from", times...)
	completeWith(cmd, "to", times...)
	return cmd
}

// callsPlan is what is to be read, and what is to be made of it.
type callsPlan struct {
	span      when.Span
	query     callvault.Query
	histogram when.Unit // "" lists the calls
	form      form      // its format may be table
	file      string    // or stdinName, which stands for standard output
	limit     int       // 0 is none
	limited   bool      // somebody set the limit
}

const (
	table      = bulk.Format("table")
	tableLimit = 1000
)

// planCalls makes of the flags what they mean, before anything is opened.
func (a *app) planCalls(cmd *cobra.Command, o *callsOptions, files []string) (p callsPlan, err error) {
	if err := o.chooseSource(); err != nil {
		return p, err
	}
	if p.span, err = parseSpan(o.from, o.to, o.tz, time.Now()); err != nil {
		if order := (*when.OrderError)(nil); errors.As(err, &order) && !cmd.Flags().Changed("from") {
			return p, usagef("--from is left out, so it is %s: %w", o.from, err)
		}
		return p, err
	}
	p.query.Range = rangeOf(p.span)
	if p.query.Workspace, err = parseWorkspace(o.workspace); err != nil {
		return p, err
	}
	p.file = stdinName
	if len(files) > 0 {
		p.file = files[0]
	}
	if strings.Contains(p.file, "://") { // not repeated: it may have a secret
		return p, usagef("FILE: accepted is the path of a file; a server is named by --url")
	}
	if o.url == "" {
		if err := refuseFilesOf(o.db, p.file); err != nil {
			return p, err
		}
	}
	p.limit, p.limited = o.limit, cmd.Flags().Changed("limit")
	if p.limit < 0 {
		return p, usagef("--limit %d: accepted is a number of at least 0, which is all", p.limit)
	}
	if o.histogram != "" {
		if len(files) > 0 || o.format != "" || p.limited {
			return p, usagef("--histogram is drawn on standard output, of all calls: accepted without FILE, --format and --limit")
		}
		p.histogram, err = parseHistogram(o.histogram)
		return p, err
	}
	if p.form, err = a.callsForm(o.format, p.file); err != nil {
		return p, err
	}
	if p.form.format == table && !p.limited && p.file == stdinName && screen.IsTerminal(a.stdout) {
		p.limit = tableLimit
	}
	return p, nil
}

// chooseSource decides between a store and a server. What the command line says
// goes before the environment, where CALLVAULT_DB may stand for all commands.
func (o *callsOptions) chooseSource() error {
	given := func(flag string) bool { return slices.Contains(o.given, flag) }
	switch {
	case given("url") && given("db"):
		return usagef("--url is a server and --db a store: accepted is one of them")
	case given("url") && given("company"):
		return usagef("--company is of a store: accepted without --url, where the credential says whose calls are listed")
	case given("db"):
		o.url = ""
	}
	if o.url == "" && given("credentials") {
		return usagef("--credentials is for a server: accepted with --url")
	}
	return nil
}

// callsForm is the form of what is written: a table on standard output, and else what
// export writes, unless a format is named.
func (a *app) callsForm(name, file string) (form, error) {
	if name = strings.ToLower(name); name == "" && file == stdinName || name == string(table) {
		_, compression := bulk.ByName(file)
		return form{format: table, compression: compression}, nil
	}
	if name != "" && !slices.Contains(formatNames(), name) {
		return form{}, usagef("--format %.40q: accepted are table, %s", name, strings.Join(formatNames(), ", "))
	}
	return a.formOf(name, file)
}

func (a *app) runCalls(ctx context.Context, o callsOptions, p callsPlan) (err error) {
	source, err := a.openCalls(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	to := a.audience()
	if o.quiet {
		to.hush()
	} else {
		screen.Printf(a.stderr, "calls %v\n", p.span)
	}
	if p.histogram != "" {
		return a.drawHistogram(ctx, source, p, newCallsReport(to))
	}
	if p.file == stdinName && screen.IsTerminal(a.stdout) {
		to.showBar = false // the calls are shown there, and are progress enough
	}
	return a.listCalls(ctx, source, p, newCallsReport(to))
}
