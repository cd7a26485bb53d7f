package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/bulk"
	"github.com/callvault/callvault/internal/command"
	"github.com/callvault/callvault/internal/screen"
	"github.com/callvault/callvault/internal/upstream"
	"github.com/callvault/callvault/internal/when"
	"github.com/callvault/callvault/internal/where"
)

// callsOptions are the flags of calls.
type callsOptions struct {
	sourceOptions
	selection
	output           bulk.Format // or table
	histogram, order string
	figures          bool
	limit            uint
	limited          bool // somebody set the limit
	quiet            bool
}

const (
	table        = "table"
	tableLimit   = 1000
	figuresLimit = 10
	longest      = "longest"
)

func (a *app) calls() *cobra.Command {
	var o callsOptions
	cmd := &cobra.Command{
		Use:   "calls",
		Short: "Show the calls of a store, or of any server of the API",
		Long: `Show calls as a table or a histogram, or print them as NDJSON, JSON, CSV or Parquet.
--figures says what they come to: how many, hours talked, median length and the share with
outsiders, each compared with the period before, and who, which systems, directions and
workspaces have the most calls. --order longest puts the longest calls first.

They come from a store, or with --url from any server that answers GET /v2/calls, Gong's
own included. To write them to a file, use 'callvault export'.

A range starts at --from and ends before --to, or at the end of --through. Without --from
or without an end it is open on that side. A call's time is its start, or of a conference
the scheduled time, if it has one. Dates and times are in the zone --tz:

  2026-01-31  2026-01  2026          the beginning of a day, month or year
  2026-01-31 09:00                   a time of the zone's clock
  2026-01-31T09:00:00-07:00          an instant, as in the API
  30min  12h  7d  2w  3mo  1y        that long ago, until now
  now  today  yesterday  tomorrow
  this, last or next week, month or year (weeks begin on Monday)

With --from alone, a word such as today or last month means all of it. --through takes
a day, month or year, as a date or in words.

--where finds calls as the search field of the web page does. Case and accents do not
matter. All terms must hold, but of several with the same field only one:

  harbor nine            beginnings of words in the title or the clientUniqueId
  "harbor nine"          words that follow each other
  7782342274025937895    a call's id, or the beginning of a word
  host:Ana               a host, by the beginning of a first or last name, or by id
  workspace:Sales        a workspace, by the beginning of a word of its name, or by id
  system:"Zoom Phone"    a system; a value with blanks stands in quotes
  direction:inbound      or outbound, conference, unknown
  scope:external         or internal, unknown
  longer:30m             a duration of at least 30 minutes
  late:5m                started at least 5 minutes after it was scheduled
  private:yes            or no

A server needs a credential: CALLVAULT_ACCESS_KEY and CALLVAULT_ACCESS_KEY_SECRET, or
CALLVAULT_TOKEN, in the environment, or --credentials FILE with what 'callvault key
create' prints. GONG_ACCESS_KEY and GONG_ACCESS_KEY_SECRET go only to hosts of gong.io,
where callvault keeps to Gong's limits. It waits when a server asks it to, and continues
when a cursor expires. Calls that break the contract are reported and skipped.`,
		Example: `  callvault calls --from yesterday
  callvault calls --from 2026-01 --through 2026-02 --tz Europe/Berlin
  callvault calls --from "this month" --histogram day
  callvault calls --from "last month" --figures
  callvault calls --from "last week" --where scope:external --order longest --limit 5
  callvault calls --from 90d --where 'renewal host:Ana longer:30m'
  callvault calls --url https://us-12345.api.gong.io --from 7d -o ndjson | jq .title`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.limited = cmd.Flags().Changed("limit")
			return a.runCalls(cmd.Context(), o)
		},
	}
	o.sourceOptions.flags(cmd)
	o.selection.flags(cmd, "local")
	command.Choice(cmd, &o.output, "output", "", command.OrList(append(bulk.Formats(), table))+" (default table)", append(bulk.Formats(), table)...)
	command.Choice(cmd, &o.histogram, "histogram", "", "draw the number of calls in each hour, day, week or month", "hour", "day", "week", "month")
	cmd.Flags().BoolVar(&o.figures, "figures", false, "show what the calls come to, compared with the period before; -o json prints it as JSON")
	command.Choice(cmd, &o.order, "order", "time", "which calls come first: those of the earliest time, or the longest; with --figures longest ranks by hours", "time", longest)
	cmd.Flags().UintVar(&o.limit, "limit", 0, fmt.Sprintf("show only the first N calls of the range, or without --from the last N of a store, or with --figures N values of a field; 0 shows all (default: %d in a table on a terminal, %d with --figures, otherwise all)", tableLimit, figuresLimit))
	cmd.Flags().BoolVarP(&o.quiet, "quiet", "q", false, "print only calls and errors")
	command.Exclude(cmd, "histogram", "output", "limit", "order", "figures")
	return cmd
}

// adviseCalls says what to type in place of arguments, which calls has none of.
func adviseCalls(args []string) error {
	text := strings.TrimSpace(strings.Join(args, " "))
	isLink := strings.Contains(text, "://") // not repeated: it may have a secret
	if _, _, err := linked(text); err == nil && isLink {
		return errors.New("unexpected argument: a link to a call; type callvault call LINK")
	} else if err == nil && len(text) > len("20260131") {
		return fmt.Errorf("unexpected argument: an id; type callvault call %s", text)
	}
	if text == "" || isLink {
		return nil
	}
	flag := "where"
	if _, err := when.Bounds(text, "", time.Now()); err == nil {
		flag = "from"
	}
	return fmt.Errorf("unexpected argument: %.40q; type callvault calls --%s %s", args[0], flag, quoted(text))
}

func (a *app) runCalls(ctx context.Context, o callsOptions) error {
	span, q, err := o.query(time.Now())
	if err != nil {
		return err
	}
	var f bulk.Form // of a table it is zero
	switch isTable := o.output == "" || o.output == table; {
	case o.figures:
		if !isTable && o.output != bulk.JSON {
			return command.Usagef("--figures are printed as a table or as json, not as %s; change --output", o.output)
		}
	case !isTable:
		if f, err = a.formOf(o.output, stdinName); err != nil {
			return err
		}
	case !o.limited && screen.IsTerminal(a.stdout):
		o.limit = tableLimit
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
	if o.figures {
		f := &upstream.Figures{Query: q, Span: span, Zone: o.zone, Most: int(o.limit), JSON: o.output == bulk.JSON, ByHours: o.order == longest}
		if !o.limited && !f.JSON {
			f.Most = figuresLimit
		}
		return a.draw(ctx, source, f, o.zone, p)
	}
	if span != (when.Span{}) {
		p.Tell("calls %v", span)
	}
	if o.histogram != "" {
		h := &upstream.Histogram{Query: q, Span: span, Zone: o.zone, Unit: when.Unit(o.histogram), IsPart: o.where != nil}
		return a.draw(ctx, source, h, o.zone, p)
	}
	walk := upstream.Walk(source.Walk)
	if o.order == longest {
		walk = source.Longest(int(o.limit))
	} else if store, ok := source.(*upstream.Store); ok && o.from == "" {
		store.Last = int(o.limit)
	}
	stdout := p.Before(a.stdout)
	var names callvault.EntryNames
	if o.url == "" && (f.Format == "" || f.Format.HasNames()) {
		if names, err = source.Names(ctx); err != nil {
			return err
		}
	}
	var r reading
	fill := r.fill(ctx, walk, q, int(o.limit))
	if f.Format != "" {
		err = f.Write(stdout, names, fill)
	} else {
		width := 0
		if screen.IsTerminal(a.stdout) {
			width = screen.Width(a.stdout)
		}
		lines := screen.NewTable(stdout, o.zone, width, shownNames(names))
		if o.where.Has("late") {
			lines.ShowLate()
		}
		err = errors.Join(fill(lines), lines.Close())
	}
	p.End()
	switch {
	case r.early != nil:
		return r.end(ctx, "on standard output", o.zone)
	case err != nil:
		return fmt.Errorf("write standard output: %w", err)
	}
	p.Tell("%s", summary(r.Walked, o))
	if store, ok := source.(*upstream.Store); ok && r.Met == 0 && o.where != nil {
		tellMeant(ctx, store, o.where, p)
	}
	return skipped(r.Skipped)
}

// tellMeant says what to type if a search found nothing and its words are a name.
func tellMeant(ctx context.Context, store *upstream.Store, search *where.Where, p *screen.Progress) {
	terms, without, err := search.Meant(ctx, store.Calls, store.Directory)
	if err != nil || len(terms) == 0 {
		return // it is only a hint
	}
	for i, term := range terms {
		terms[i] = "--where " + quoted(strings.TrimSpace(without+" "+term))
	}
	p.Tell("did you mean %s?", strings.Join(terms, " or "))
}

// summary says how many calls were shown.
func summary(w upstream.Walked, o callsOptions) string {
	left := w.Total - w.Met - w.Skipped
	if o.limit == 0 || w.Met != int(o.limit) || w.Total > 0 && left <= 0 {
		return w.String()
	}
	which := "first"
	if o.order == longest {
		which = longest
	} else if o.from == "" && o.url == "" {
		which = "last"
	}
	text := fmt.Sprintf("the %s %s found", which, screen.Count(w.Met, "call"))
	if left > 0 {
		text = fmt.Sprintf("the %s %s of %s", which, screen.Number(w.Met), screen.Count(w.Total, "call"))
	}
	if !o.limited {
		text += "; --limit 0 shows all"
	}
	return text
}

// skipped is the end of a command that did its work but for so many calls.
func skipped(calls int) error {
	if calls > 0 {
		return errSkipped
	}
	return nil
}

// draw counts the calls of a source, and draws what they come to.
func (a *app) draw(ctx context.Context, source upstream.Source, d upstream.Drawing, zone *time.Location, p *screen.Progress) error {
	err := d.Count(ctx, source)
	p.End()
	if many := (*upstream.TooManyBarsError)(nil); errors.As(err, &many) {
		return command.Usagef("%w", many)
	}
	if r := (reading{d.Came(), err}); err != nil {
		return r.end(ctx, "", zone)
	}
	if err := d.Draw(a.stdout); err != nil {
		return err
	}
	p.Tell("%v", d.Came())
	return skipped(d.Came().Skipped)
}

// callOptions are the flags of call.
type callOptions struct {
	sourceOptions
	zone   *time.Location
	output string
}

func (a *app) call() *cobra.Command {
	var o callOptions
	cmd := &cobra.Command{
		Use:   "call ID",
		Short: "Show one call",
		Long: `Show the fields of a call that are set, with the names of its host and workspace if
they were imported, or with -o json its document as stored. ID may be a link to the call,
of the web page or of Gong's.`,
		Example: `  callvault call 7782342274025937895
  callvault call 'http://127.0.0.1:8081/?company=acme&call=7782342274025937895'
  callvault call --url https://us-12345.api.gong.io 7782342274025937895 -o json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			id, company, err := linked(args[0])
			if err != nil {
				return err
			}
			if company != "" && !cmd.Flags().Changed("company") {
				o.company = company
			}
			return a.runCall(cmd.Context(), o, id)
		},
	}
	o.sourceOptions.flags(cmd)
	zoneFlag(cmd, &o.zone, "local")
	outputFlag(cmd, &o.output)
	return cmd
}

// linked is the call that an id or a link means, and the company if the link names one.
func linked(text string) (id callvault.ID, company string, err error) {
	if !strings.Contains(text, "://") {
		if id, err = parseID(text); err != nil {
			err = command.Usagef("%w, or a link to the call; to search for it, type callvault calls --where %.60s", err, quoted(text))
		}
		return id, "", err
	}
	link, err := url.Parse(text)
	if err == nil {
		parameters := link.Query()
		digits := cmp.Or(parameters.Get("call"), parameters.Get("id"))
		company = parameters.Get("company")
		id, err = callvault.ParseID(digits[strings.LastIndexByte(digits, '.')+1:]) // the page puts the time before it
	}
	if err != nil { // not repeated: a link may have a secret
		err = command.Usagef("the link has no call; use one with call= or id=, or the id")
	}
	return id, company, err
}

func (a *app) runCall(ctx context.Context, o callOptions, id callvault.ID) error {
	p := a.progress(true)
	source, err := o.open(ctx, a, p)
	if err != nil {
		return err
	}
	document, names, err := source.Call(ctx, id)
	switch {
	case errors.Is(err, callvault.ErrNotFound) && o.url != "":
		return fmt.Errorf("the server has no call %s", id)
	case errors.Is(err, callvault.ErrNotFound):
		return fmt.Errorf("company %q has no call %s", o.company, id)
	case err != nil && o.url != "":
		return errors.New(upstream.Text(err))
	case err != nil:
		return err
	case o.output == "json":
		_, err := fmt.Fprintf(a.stdout, "%s\n", document)
		return err
	}
	return screen.Columns(a.stdout, screen.Facts(document, o.zone, shownNames(names)))
}
