package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/spf13/cobra"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/api"
	"github.com/callvault/callvault/internal/certificate"
	"github.com/callvault/callvault/internal/limit"
	"github.com/callvault/callvault/internal/screen"
)

// serveOptions are the flags of serve.
type serveOptions struct {
	db, listen, limit, dates string
	manage                   string
	manageGiven              bool // and not the default
	log                      logOptions
	pageSize                 int
	demo                     bool
	readOnly                 bool
	seed                     uint64
	tls                      certificate.Files
}

func (a *app) serve() *cobra.Command {
	var o serveOptions
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve calls over HTTP",
		Long: `Serve the calls of a store at GET /v2/calls, until interrupted. Requests under
way are finished first. /openapi.json describes the API to machines.

With --demo it serves 10,000 invented calls of the last 90 days from a temporary
store, and prints a key and a curl line to try.`,
		Example: `  callvault serve --demo
  callvault serve --db calls.db --listen 0.0.0.0:8080
  callvault serve --limit gong --dates optional
  callvault serve --db postgres://callvault@standby.example.com/callvault --read-only
  callvault serve --listen :8443 --tls-cert tls.crt --tls-key tls.key`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.manageGiven = cmd.Flags().Changed("manage")
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
				return usagef("--seed is of the demo: accepted with --demo")
			}
			return a.serveStore(cmd.Context(), o, config)
		},
	}
	dbFlag(cmd, &o.db)
	cmd.Flags().StringVar(&o.listen, "listen", "127.0.0.1:8080", "the address to listen on; port 0 takes a free one")
	cmd.Flags().StringVar(&o.manage, "manage", defaultManage, "the operator's address, for health, metrics, profiles and the web page, or off; beyond loopback a key is needed")
	cmd.Flags().StringVar(&o.limit, "limit", "1000/s", "requests that a company may make: N/s, N/s,M/day, gong (3/s,10000/day) or off")
	cmd.Flags().StringVar(&o.dates, "dates", "required", "whether fromDateTime and toDateTime are required or optional")
	cmd.Flags().IntVar(&o.pageSize, "page-size", gong.PageSize, fmt.Sprintf("calls on a page, 1 to %d, for those who test paging", api.MaxPageSize))
	cmd.Flags().BoolVar(&o.readOnly, "read-only", false, "write nothing to the store, such as a standby; each process counts --limit for itself")
	cmd.Flags().BoolVar(&o.demo, "demo", false, "serve invented calls from a temporary store")
	tlsFlags(cmd, &o.tls)
	logFlags(cmd, &o.log)
	completeWith(cmd, "limit", "1000/s", "gong", "off")
	completeWith(cmd, "dates", "required", "optional")
	cmd.Flags().Uint64Var(&o.seed, "seed", 1, "with --demo: other calls for another number")
	return cmd
}

// config is what the flags say of the API.
func (o serveOptions) config() (api.Config, error) {
	config := api.Config{PageSize: o.pageSize}
	if o.pageSize < 1 || o.pageSize > api.MaxPageSize {
		return config, usagef("--page-size %d: accepted are 1 to %d", o.pageSize, api.MaxPageSize)
	}
	if !isAddress(o.listen) {
		return config, usagef("--listen %.80q: accepted is HOST:PORT, such as 127.0.0.1:8080, or :8080 for every address", o.listen)
	}
	if o.manage != manageOff && !isAddress(o.manage) {
		return config, usagef("--manage %.80q: accepted are HOST:PORT, such as 127.0.0.1:8081, or :8081 for every address, and off", o.manage)
	}
	if err := checkTLS(o.tls); err != nil {
		return config, err
	}
	var err error
	if config.Limit, err = limit.Parse(o.limit); err != nil {
		return config, usagef("--limit: %w", err)
	}
	switch o.dates {
	case "required":
		config.Dates = api.RequireDates
	case "optional":
		config.Dates = api.OptionalDates
	default:
		return config, usagef("--dates %.40q: accepted are required and optional", o.dates)
	}
	return config, nil
}

// isAddress tells whether it can be an address to listen on.
func isAddress(address string) bool {
	_, port, err := net.SplitHostPort(address)
	if err == nil {
		_, err = net.LookupPort("tcp", port)
	}
	return err == nil
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
	return service.serve(ctx, store, config, func(address string) {
		mode := ""
		if o.readOnly {
			mode = " (read-only)"
		}
		screen.Printf(a.stdout, "serving %s at %s%s%s\n", storeName(o.db), address, elsewhere(" and ", service.api), mode)
		if !anyActive(keys) {
			fmt.Fprintln(a.stdout, "There is no valid key. Make one: "+createKey(o.db))
		}
	})
}

func anyActive(keys []callvault.Key) bool {
	now := time.Now()
	for i := range keys {
		if keys[i].ActiveAt(now) {
			return true
		}
	}
	return false
}
