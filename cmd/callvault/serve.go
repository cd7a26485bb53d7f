package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/api"
	"github.com/callvault/callvault/internal/limit"
	"github.com/callvault/callvault/internal/postgres"
	"github.com/callvault/callvault/internal/screen"
	"github.com/callvault/callvault/internal/sqlite"
	"github.com/callvault/callvault/internal/web"
)

// serveOptions are the flags of serve.
type serveOptions struct {
	db, listen, dates string
	rateLimit, limit  string // limit is the former name
	manage            string
	log               logOptions
	pageSize          int
	demo              bool
	readOnly          bool
	seed              uint64
	tls               web.CertFiles
}

func (a *app) serve() *cobra.Command {
	var o serveOptions
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve calls over HTTP",
		Long: `Serve the calls of a store at GET /v2/calls until interrupted. Requests in
progress then finish first. /openapi.json describes the API.

With --demo it serves 10,000 sample calls from the last 90 days, from a temporary
store, and prints a key and a curl line to try. If a port is in use, the demo
takes the next free one.`,
		Example: `  callvault serve --demo
  callvault serve --db calls.db --listen 0.0.0.0:8080
  callvault serve --rate-limit gong --dates optional
  callvault serve --db postgres://callvault@standby.example.com/callvault --read-only
  callvault serve --listen :8443 --tls-cert tls.crt --tls-key tls.key`,
		Args: cobra.NoArgs,
		PreRunE: func(cmd *cobra.Command, _ []string) error { // no variable was read yet
			if o.limit == "" || cmd.Flags().Changed("rate-limit") {
				return nil
			}
			return cmd.Flags().Set("rate-limit", o.limit)
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.limit != "" && !cmd.Flags().Changed("rate-limit") {
				o.rateLimit = o.limit
			}
			config, err := o.config()
			if err != nil {
				return err
			}
			if o.demo && o.readOnly {
				return usagef("--demo makes a store; leave out --read-only")
			}
			if o.demo {
				return a.serveDemo(cmd, o, config)
			}
			if cmd.Flags().Changed("seed") {
				return usagef("--seed is for sample calls; add --demo, or leave it out")
			}
			return a.serveStore(cmd.Context(), o, config)
		},
	}
	dbFlag(cmd, &o.db)
	cmd.Flags().StringVar(&o.listen, "listen", "127.0.0.1:8080", "the address to listen on; port 0 picks a free one")
	cmd.Flags().StringVar(&o.manage, "manage", defaultManage, "the operator's address, for health, metrics, profiles and the web page, or off; beyond loopback it requires a key")
	cmd.Flags().StringVar(&o.rateLimit, "rate-limit", "1000/s", "requests that a company may make: N/s, M/day, N/s,M/day, gong (3/s,10000/day) or off")
	cmd.Flags().StringVar(&o.limit, "limit", "", "the former name of --rate-limit")
	_ = cmd.Flags().MarkHidden("limit") // the flag is there
	cmd.Flags().StringVar(&o.dates, "dates", "required", "whether fromDateTime and toDateTime are required or optional")
	cmd.Flags().IntVar(&o.pageSize, "page-size", gong.PageSize, fmt.Sprintf("calls on a page, 1 to %d; for testing how a client pages", api.MaxPageSize))
	cmd.Flags().BoolVar(&o.readOnly, "read-only", false, "write nothing to the store, for example on a standby; each process then counts --rate-limit on its own")
	cmd.Flags().BoolVar(&o.demo, "demo", false, "serve sample calls from a temporary store")
	tlsFlags(cmd, &o.tls)
	logFlags(cmd, &o.log)
	completeWith(cmd, "rate-limit", "1000/s", "gong", "off")
	completeWith(cmd, "dates", "required", "optional")
	cmd.Flags().Uint64Var(&o.seed, "seed", 1, "with --demo: a different number gives different sample calls")
	return cmd
}

// config is what the flags say of the API.
func (o serveOptions) config() (api.Config, error) {
	config := api.Config{PageSize: o.pageSize}
	if o.pageSize < 1 || o.pageSize > api.MaxPageSize {
		return config, usagef("--page-size %d must be from 1 to %d", o.pageSize, api.MaxPageSize)
	}
	if !web.IsAddress(o.listen) {
		return config, usagef("--listen %.80q must be HOST:PORT, such as 127.0.0.1:8080, or :8080 for every address", o.listen)
	}
	if o.manage != manageOff && !web.IsAddress(o.manage) {
		return config, usagef("--manage %.80q must be HOST:PORT, such as 127.0.0.1:8081, or :8081 for every address, or off for none", o.manage)
	}
	if err := checkTLS(o.tls); err != nil {
		return config, err
	}
	var err error
	if config.Limit, err = limit.Parse(o.rateLimit); err != nil {
		return config, usagef("--rate-limit: %w", err)
	}
	if o.dates != "required" && o.dates != "optional" {
		return config, usagef("--dates %.40q must be required or optional", o.dates)
	}
	config.OptionalDates = o.dates == "optional"
	return config, nil
}

func (a *app) serveStore(ctx context.Context, o serveOptions, config api.Config) (err error) {
	service, err := a.begin(ctx, o)
	if err != nil {
		return err
	}
	defer service.end()
	defer func() { err = service.logged(err) }()
	store, err := openToServe(ctx, o, service.log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	keys, _, err := store.Keys(ctx, callvault.KeysVersion{})
	if err != nil {
		return err
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
func openToServe(ctx context.Context, o serveOptions, log *slog.Logger) (store callvault.Store, err error) {
	switch {
	case o.readOnly:
		store, err = openToRead(ctx, o.db)
	case postgres.IsURL(o.db):
		store, err = postgres.OpenToServe(ctx, o.db)
	default:
		store, err = openOrMake(ctx, o.db, func() { log.Info("made the store", "db", o.db) })
	}
	if err != nil {
		return nil, err
	}
	if files, ok := store.(*sqlite.Store); ok {
		files.WhenReplaced(func(err error) {
			log.Error("every request gets a 500 until serve is started again", "error", err)
		})
	}
	if o.readOnly {
		return limit.NewLocal(store, time.Now), nil
	}
	return store, nil
}

// logOptions are the flags of the log.
type logOptions struct {
	format, level string
}

func logFlags(cmd *cobra.Command, o *logOptions) {
	cmd.Flags().StringVar(&o.format, "log", "auto", "the format of the log on standard error: text, json, or auto, which is text on a terminal and json elsewhere")
	cmd.Flags().StringVar(&o.level, "log-level", "info", "the lowest level that is logged: debug, info (a line for each request), warn or error")
	completeWith(cmd, "log", "auto", "text", "json")
	completeWith(cmd, "log-level", "debug", "info", "warn", "error")
}

// newLog makes the log that the flags ask for.
func (o logOptions) newLog(w io.Writer) (*slog.Logger, error) {
	levels := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}
	level, ok := levels[o.level]
	if !ok {
		return nil, usagef("--log-level %.40q must be debug, info, warn or error", o.level)
	}
	format := o.format
	if format == "auto" {
		format = "json"
		if screen.IsTerminal(w) {
			format = "text"
		}
	}
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level})), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: inSeconds})), nil
	}
	return nil, usagef("--log %.40q must be auto, text or json", o.format)
}

// inSeconds writes a duration in seconds, as Prometheus does: readers would mistake the
// nanoseconds that slog writes.
func inSeconds(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		a.Value = slog.Float64Value(a.Value.Duration().Round(time.Microsecond).Seconds())
	}
	return a
}
