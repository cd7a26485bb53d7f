package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/api"
	"github.com/callvault/callvault/internal/demo"
	"github.com/callvault/callvault/internal/sqlite"
)

// demoCalls is how many calls the demo has.
const demoCalls = 10_000

// serveDemo serves invented calls from a store that is gone when it ends.
func (a *app) serveDemo(cmd *cobra.Command, o serveOptions, config api.Config) (err error) {
	if cmd.Flags().Changed("db") {
		return usagef("--demo has a store of its own: leave out --db, and unset CALLVAULT_DB")
	}
	ctx := cmd.Context()
	service, err := a.begin(ctx, o)
	if err != nil {
		return err
	}
	defer service.end()
	defer func() { err = service.logged(err) }()
	folder, err := os.MkdirTemp("", "callvault-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	service.db = filepath.Join(folder, "demo.db")
	store, err := sqlite.Open(ctx, service.db)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	today := time.Now().UTC()
	if err := putDemo(ctx, store, demo.Options{Seed: o.seed, Day: today, Count: demoCalls}); err != nil {
		return err
	}
	key, secret := callvault.NewKey(callvault.BasicKey)
	key.Company = callvault.DefaultCompany
	key.Scopes = []callvault.Scope{gong.ScopeCallsRead}
	key.Created = today.Truncate(time.Microsecond)
	if err := store.AddKey(ctx, key); err != nil {
		return err
	}
	return service.serve(ctx, store, config, func(address string) {
		a.printDemo(address, service.pageLine(), key.ID, secret, today)
	})
}

func putDemo(ctx context.Context, store callvault.Store, options demo.Options) error {
	calls := make([]callvault.Call, 0, options.Count)
	for c := range demo.Calls(options) {
		call, err := callvault.NewCall(&c)
		if err != nil {
			return fmt.Errorf("demo call %s: %w", c.ID, err)
		}
		calls = append(calls, call)
	}
	_, err := store.Calls(callvault.DefaultCompany).Put(ctx, callvault.NewBatch(calls))
	return err
}

// printDemo prints what a person needs to read the first calls.
func (a *app) printDemo(address, page, accessKey, secret string, today time.Time) {
	query := url.Values{
		"fromDateTime": {today.AddDate(0, 0, -7).Format("2006-01-02") + "T00:00:00Z"},
		"toDateTime":   {today.AddDate(0, 0, 1).Format("2006-01-02") + "T00:00:00Z"},
	}
	// The colons of the times may stand in a query as they are, and read better.
	line, _ := url.QueryUnescape(query.Encode())
	fmt.Fprintf(a.stdout, `serving %d invented calls of the last 90 days, until you press ctrl-C

  address     %s
%s  access key  %s
  secret      %s

The calls of the last week:

  curl -u %s:%s '%s%s?%s'

`, demoCalls, address, page, accessKey, secret, accessKey, secret, address, gong.Path, line)
}
