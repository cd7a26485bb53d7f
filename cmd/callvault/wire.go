package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
	_ "time/tzdata" // --tz works where the machine has no zones

	"github.com/spf13/cobra"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/bulk"
	"github.com/callvault/callvault/internal/command"
	"github.com/callvault/callvault/internal/screen"
	"github.com/callvault/callvault/internal/upstream"
	"github.com/callvault/callvault/internal/when"
	"github.com/callvault/callvault/internal/where"
)

// selection is the flags that say which calls are meant.
type selection struct {
	from, to, through string
	zone              *time.Location
	workspace         string       // its name or id
	where             *where.Where // nil where all calls are meant
}

func (s *selection) flags(cmd *cobra.Command, zone string) {
	flags := cmd.Flags()
	flags.StringVar(&s.from, "from", "", "only calls at this time or later, such as 2026-01-31, 7d or \"last month\"")
	flags.StringVar(&s.to, "to", "", "only calls before this time")
	flags.StringVar(&s.through, "through", "", "only calls until the end of this day, month or year")
	command.Exclude(cmd, "to", "through")
	command.Parsed(cmd, &s.workspace, "workspace", "", "only calls of this workspace: its id, or the beginning of a word of its name", func(text string) (string, error) {
		if callvault.Fold(text) == "" {
			return "", fmt.Errorf("%.40q: use the name or the id of a workspace", text)
		}
		return text, nil
	})
	command.Parsed(cmd, &s.where, "where", "", "only calls that these terms find, such as 'harbor host:Ana longer:30m'", func(text string) (*where.Where, error) {
		terms, err := where.Parse(text)
		if err == nil && len(terms.Terms) == 0 {
			err = fmt.Errorf("%.40q has no word; type words of a title, or fields such as host:Ana", text)
		}
		return terms, err
	})
	zoneFlag(cmd, &s.zone, zone)
	times := []string{"today", "yesterday", "7d", "this week", "last week", "this month", "last month", "this year", "last year", "now"}
	command.Complete(cmd, "from", times...)
	command.Complete(cmd, "to", times...)
}

// parseID reads an id. Its error says what to type.
func parseID(digits string) (callvault.ID, error) {
	id, err := callvault.ParseID(digits)
	if err != nil {
		err = fmt.Errorf("%.40q is not an id; use a number of 1 to 20 digits", digits)
	}
	return id, err
}

func zoneFlag(cmd *cobra.Command, zone **time.Location, name string) {
	command.Parsed(cmd, zone, "tz", name, "the time zone of dates and times without an offset: local, UTC, or a name such as Europe/Berlin", when.Zone)
	command.Complete(cmd, "tz", "local", "UTC")
}

// query is what the flags mean at a moment: the span is for people.
func (s *selection) query(now time.Time) (span when.Span, q callvault.Query, err error) {
	now = now.Truncate(time.Second).In(s.zone)
	if s.through != "" {
		span, err = when.Through(s.from, s.through, now)
	} else {
		span, err = when.Bounds(s.from, s.to, now)
		if _, whole := when.Through(s.from, s.to, now); err != nil && whole == nil {
			err = fmt.Errorf("%w; to include all of %s, use --through %[2]s", err, s.to)
		}
	}
	if err != nil {
		return span, q, command.Usagef("%w", err)
	}
	q = callvault.Query{Range: callvault.Range{From: callvault.CeilTime(span.From), To: callvault.CeilTime(span.To)}}
	if s.from == "" {
		q.From = callvault.MinTime
	}
	if s.to == "" && span.To.IsZero() {
		q.To = callvault.MaxTime
	}
	return span, q, nil
}

// serverOptions are the flags that name a server of the API and a credential for it.
type serverOptions struct{ url, credentials string }

// find reads the address that a flag gave, and finds the credential.
func (o serverOptions) find(ctx context.Context, a *app, flag string) (*url.URL, gong.Credential, error) {
	server, err := upstream.ParseURL(o.url)
	if err != nil {
		return nil, gong.Credential{}, command.Usagef("--%s: %w", flag, err)
	}
	var credential gong.Credential
	if o.credentials != "" {
		if credential, err = upstream.ReadCredential(ctx, o.credentials); err != nil {
			return nil, credential, fmt.Errorf("--credentials: %w", err)
		}
	} else if credential, err = upstream.FindCredential(a.env, server.Hostname()); err != nil {
		return nil, credential, command.Usagef("%w", err)
	}
	a.ends = append(a.ends, func() error { http.DefaultClient.CloseIdleConnections(); return nil })
	return server, credential, nil
}

// credentialsFlag adds the flag of a credential, for the server that another flag names.
func credentialsFlag(cmd *cobra.Command, file *string, with string) {
	cmd.Flags().StringVar(file, "credentials", "", "with --"+with+": a file with the credential, as 'callvault key create' prints it")
}

// sourceOptions are the flags that say where calls are read from.
type sourceOptions struct {
	tenant
	serverOptions
}

func (o *sourceOptions) flags(cmd *cobra.Command) {
	o.tenant.flags(cmd)
	cmd.Flags().StringVar(&o.url, "url", "", "read from a server of the API instead of a store, such as https://us-12345.api.gong.io")
	credentialsFlag(cmd, &o.credentials, "url")
	command.Exclude(cmd, "db", "url", "credentials")
	command.Need(cmd, "url", "credentials")
	command.Exclude(cmd, "company", "url") // whose calls a server lists is decided by the credential
}

// open opens what the flags name.
func (o *sourceOptions) open(ctx context.Context, a *app, p *screen.Progress) (upstream.Source, error) {
	if o.url == "" {
		store, err := o.tenant.open(ctx, a)
		if err != nil {
			return nil, err
		}
		return &upstream.Store{Whole: store, Calls: store.Calls(o.company), Directory: store.Directory(o.company), Company: o.company, Progress: p}, nil
	}
	server, credential, err := o.find(ctx, a, "url")
	if err != nil {
		return nil, err
	}
	p.Begin("asking the server", "", screen.Unknown)
	return upstream.NewServer(server, credential, "callvault/"+buildVersion(), p), nil
}

// progress shows on standard error how far a command is.
func (a *app) progress(quiet bool) *screen.Progress {
	p := screen.NewProgress(a.stderr)
	if quiet {
		p.Quiet()
	}
	return p
}

// find makes a source give the calls that the flags find, and completes the query.
func (s *selection) find(ctx context.Context, source upstream.Source, q *callvault.Query) (err error) {
	if q.Workspace, err = callvault.ParseID(s.workspace); err != nil && s.workspace != "" {
		if q.Workspace, err = source.Workspace(ctx, s.workspace); err != nil {
			return fmt.Errorf("--workspace %s", strings.ReplaceAll(upstream.Text(err), "workspace:", "--workspace "))
		}
	}
	if s.where == nil {
		return nil
	}
	if err := source.Find(ctx, s.where); err != nil {
		r := reading{early: err}
		return r.end(ctx, "", s.zone)
	}
	return nil
}

// reading is the reading of a source into a file.
type reading struct {
	upstream.Walked
	early error // what ended it early
}

// fill writes the calls of a walk to a file, up to a limit unless it is 0. Its error keeps
// the file from being completed. What ends the reading early does so only if there is
// nothing to keep.
func (r *reading) fill(ctx context.Context, walk upstream.Walk, q callvault.Query, limit int) func(bulk.Writer) error {
	return func(out bulk.Writer) (err error) {
		r.Walked, r.early = walk(ctx, q, func(record callvault.Record) error {
			if err = out.Write(record.Document); err != nil {
				return upstream.ErrEnough
			}
			if limit--; limit == 0 {
				return upstream.ErrEnough
			}
			return nil
		})
		if err == nil && r.Met == 0 {
			err = r.early
		}
		return err
	}
}

// end is the error of a reading that ended early, with its exit code: a list that a server
// ended early is an incomplete result, as one with skipped calls is.
func (r *reading) end(ctx context.Context, place string, zone *time.Location) error {
	if ctx.Err() != nil {
		r.early = errInterrupted
	}
	if missing := (*where.Error)(nil); errors.As(r.early, &missing) {
		return missing
	}
	err := r.EndedEarly(r.early, place, zone)
	if short := (*gong.ShortError)(nil); errors.As(r.early, &short) && r.Met > 0 && place != "" {
		return &command.ExitError{Code: command.ExitSkipped, Err: err}
	}
	return err
}

// formOf is the form that --output names, or else that of a file's name, or else NDJSON.
func (a *app) formOf(output bulk.Format, file string) (bulk.Form, error) {
	f, err := bulk.FormOf(output, file)
	switch {
	case err != nil:
		return f, command.Usagef("%w", err)
	case f.Format == bulk.Parquet && file == stdinName && screen.IsTerminal(a.stdout):
		return f, command.Usagef("a terminal can't show Parquet; write it to a file: callvault export FILE.parquet")
	}
	return f, nil
}

func forceFlag(cmd *cobra.Command, force *bool) {
	cmd.Flags().BoolVar(force, "force", false, "overwrite an existing file")
}

// mayWrite refuses to overwrite a file.
func mayWrite(name string) error {
	if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
		return fmt.Errorf("%s exists; pass --force to overwrite it", name)
	}
	return nil
}

// outputFlag is --output of a command that prints facts.
func outputFlag(cmd *cobra.Command, output *string) {
	command.Choice(cmd, output, "output", "text", "text or json", "text", "json")
}

// shownNames are names as package screen shows them.
func shownNames(names callvault.EntryNames) (shown screen.Names) {
	if names.Has(callvault.Users) {
		shown.Host = func(id string) string { return names.Of(callvault.Users, id) }
	}
	if names.Has(callvault.Workspaces) {
		shown.Workspace = func(id string) string { return names.Of(callvault.Workspaces, id) }
	}
	return shown
}
