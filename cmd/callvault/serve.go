package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/api"
	"github.com/callvault/callvault/internal/command"
	"github.com/callvault/callvault/internal/limit"
	"github.com/callvault/callvault/internal/postgres"
	"github.com/callvault/callvault/internal/screen"
	"github.com/callvault/callvault/internal/sqlite"
	"github.com/callvault/callvault/internal/web"
	"github.com/callvault/callvault/internal/when"
)

// serveOptions are the flags of serve.
type serveOptions struct {
	addresses
	db, dates  string
	nulls      string
	rateLimit  limit.Limit
	cursorLife time.Duration
	log        string
	logLevel   string
	pageSize   int
	demo       bool
	readOnly   bool
	script     string
	seed       uint64
	mirror     mirrorOptions
	company    string // to mirror into
}

func (a *app) serve() *cobra.Command {
	var o serveOptions
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve calls over HTTP",
		Long: `Serve the calls, users and workspaces of a store until interrupted. Requests in
progress then finish first. /openapi.json describes the API.

With --mirror it also keeps a company's calls equal to those of a live account, as
'callvault mirror' does. While another process mirrors the company, it waits.

With --demo it serves 10,000 sample calls from the last 90 days, from a temporary
store, and prints a key and a curl line to try. If a port is in use, the demo
takes the next free one.

With --script late the sample calls change as those of a busy account do, to test
what reads them. Every 5 seconds a call is added: most happened in the last 3
hours, a quarter up to 36 hours ago, one in twenty up to 30 days ago. Totals
count a call up to an hour before it is listed. Every minute a call is edited
(title, host, privacy or workspace), and every few minutes one moves by up to 7
days and one is deleted.`,
		Example: `  callvault serve --demo
  callvault serve --demo --script late --rate-limit gong --cursor-life 1h
  callvault serve --db calls.db --listen 0.0.0.0:8080
  callvault serve --mirror https://us-12345.api.gong.io --company acme
  callvault serve --rate-limit gong --dates optional
  callvault serve --db postgres://callvault@standby.example.com/callvault --read-only
  callvault serve --listen :8443 --tls-cert tls.crt --tls-key tls.key`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.pageSize < 1 || o.pageSize > api.MaxPageSize {
				return command.Usagef("--page-size %d must be from 1 to %d", o.pageSize, api.MaxPageSize)
			}
			if err := o.check(); err != nil {
				return err
			}
			config := api.Config{PageSize: o.pageSize, Limit: o.rateLimit, OptionalDates: o.dates == "optional", CursorLife: o.cursorLife, EmptyTexts: o.nulls == "empty", ReadOnly: o.readOnly}
			if o.demo {
				return a.serveDemo(cmd.Context(), o, config)
			}
			return a.serveStore(cmd.Context(), o, config)
		},
	}
	dbFlag(cmd, &o.db)
	o.addresses.flags(cmd)
	command.Parsed(cmd, &o.rateLimit, "rate-limit", "1000/s", "requests that a company may make: N/s, M/day, N/s,M/day, gong (3/s,10000/day) or off", limit.Parse)
	cmd.Flags().Var(cmd.Flags().Lookup("rate-limit").Value, "limit", "the former name of --rate-limit")
	_ = cmd.Flags().MarkHidden("limit") // the flag is there
	command.Choice(cmd, &o.dates, "dates", "required", "whether fromDateTime and toDateTime are required or optional", "required", "optional")
	command.Choice(cmd, &o.nulls, "nulls", "null", "what a text without a value is: null, or empty for clients that reject null", "null", "empty")
	command.Parsed(cmd, &o.cursorLife, "cursor-life", "1d", "how long a cursor can be used after the first page: 1min to 30d", func(text string) (time.Duration, error) {
		life, ok := when.Length(text)
		if !ok || life < api.MinCursorLife || life > api.MaxCursorLife {
			return 0, fmt.Errorf("%.40q must be from 1min to 30d, such as 30min, 2h or 7d", text)
		}
		return life, nil
	})
	cmd.Flags().IntVar(&o.pageSize, "page-size", gong.PageSize, fmt.Sprintf("calls on a page, 1 to %d; for testing how a client pages", api.MaxPageSize))
	cmd.Flags().BoolVar(&o.readOnly, "read-only", false, "write nothing to the store, for example on a standby; each process then counts --rate-limit on its own")
	cmd.Flags().BoolVar(&o.demo, "demo", false, "serve sample calls from a temporary store")
	cmd.Flags().Uint64Var(&o.seed, "seed", 1, "with --demo: a different number gives different sample calls")
	command.Choice(cmd, &o.script, "script", scriptStill, "with --demo: whether the sample calls stay as they are (still), or change and come late (late)", scriptStill, scriptLate)
	logFlags(cmd, &o.log, &o.logLevel)
	cmd.Flags().StringVar(&o.mirror.url, "mirror", "", "also mirror this server into --company, such as https://us-12345.api.gong.io")
	companyFlag(cmd, &o.company, "with --mirror: the company to mirror into")
	o.mirror.flags(cmd, "mirror")
	command.Complete(cmd, "rate-limit", "1000/s", "gong", "off")
	command.Exclude(cmd, "rate-limit", "limit")
	command.Exclude(cmd, "demo", "db", "read-only")
	command.Exclude(cmd, "mirror", "demo", "read-only")
	command.Need(cmd, "demo", "seed", "script")
	command.Need(cmd, "mirror", "credentials", "daily", "hurry", "keep-deleted", "pace")
	return cmd
}

// logFlags are those of the log of a command that runs until it is interrupted.
func logFlags(cmd *cobra.Command, format, level *string) {
	command.Choice(cmd, format, "log", "auto", "the format of the log on standard error: text, json, or auto, which is text on a terminal and json elsewhere", "auto", "text", "json")
	command.Choice(cmd, level, "log-level", "info", "the lowest level that is logged: debug, info, warn or error", "debug", "info", "warn", "error")
}

func (a *app) serveStore(ctx context.Context, o serveOptions, config api.Config) (err error) {
	service, err := a.begin(ctx, o)
	if err != nil {
		return err
	}
	defer service.end()
	defer func() { err = service.logged(err) }()
	store, err := a.openToServe(ctx, o)
	if err != nil {
		return err
	}
	keys, _, err := store.Keys(ctx, callvault.KeysVersion{})
	if err != nil {
		return err
	}
	if o.mirror.url != "" {
		if err := service.mirrors(ctx, store, o); err != nil {
			return err
		}
	}
	return service.serve(ctx, store, config, func() { service.greet(o, keys) })
}

// greet says where everything is.
func (s *service) greet(o serveOptions, keys []callvault.Key) {
	mode := ""
	if o.readOnly {
		mode = " (read-only)"
	}
	screen.Printf(s.stdout, "serving %s at %s%s\n", storeName(o.db), web.Where(s.api), mode)
	if s.manage != nil {
		wants := ""
		if !web.IsLoopback(s.manage.Addr()) {
			wants = "; the page asks for an access key and its secret"
		}
		fmt.Fprintf(s.stdout, "web page, health and metrics at %s%s\n", web.Where(s.manage), wants)
	}
	now := time.Now()
	if !slices.ContainsFunc(keys, func(k callvault.Key) bool { return k.ActiveAt(now) }) {
		fmt.Fprintln(s.stdout, "There is no valid key yet. Make one: "+createKey(o.db))
	}
}

// openToServe opens the store of serve, with --read-only without writing to it. It logs
// when the store's files are replaced.
func (a *app) openToServe(ctx context.Context, o serveOptions) (store callvault.Store, err error) {
	switch {
	case o.readOnly:
		store, err = a.openToRead(ctx, o.db)
	case postgres.IsURL(o.db):
		store, err = a.closes(postgres.OpenToServe(ctx, o.db))
	default:
		store, err = a.openOrMake(ctx, o.db)
	}
	if err != nil {
		return nil, err
	}
	if files, ok := store.(*sqlite.Store); ok {
		files.WhenReplaced(func(err error) {
			a.log.Error("every request gets a 500 until serve is started again", "error", err)
		})
	}
	if o.readOnly {
		return limit.NewLocal(store, time.Now), nil
	}
	return store, nil
}
