package main

import (
	"context"
	"fmt"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/api"
	"github.com/callvault/callvault/internal/demo"
	"github.com/callvault/callvault/internal/file"
	"github.com/callvault/callvault/internal/sqlite"
	"github.com/callvault/callvault/internal/web"
)

// demoCalls is how many calls the demo has.
const demoCalls = 10_000

// What happens to the calls of the demo.
const (
	scriptStill = "still" // nothing
	scriptLate  = "late"  // see demo.Late
)

// serveDemo serves sample calls from a store that is removed when it ends. The next
// temporary file of callvault removes that of a killed demo.
func (a *app) serveDemo(ctx context.Context, o serveOptions, config api.Config) (err error) {
	service, err := a.begin(ctx, o)
	if err != nil {
		return err
	}
	defer service.end()
	defer func() { err = service.logged(err) }()
	draft, err := file.Temporary()
	if err != nil {
		return err
	}
	a.ends = append(a.ends, draft.Discard)
	service.db = draft.Name()
	store, err := a.opened(sqlite.Open(ctx, service.db))
	if err != nil {
		return err
	}
	credential, err := demoKey(ctx, store)
	if err != nil {
		return err
	}
	service.demo = &credential
	now := time.Now()
	if o.script == scriptLate {
		stage, err := demo.NewStage(ctx, store, demo.NewWorld(demo.Late(o.seed, now)))
		if err != nil {
			return err
		}
		a.runs(ctx, func(ctx context.Context) {
			if err := stage.Run(ctx); err != nil {
				a.log.Error("the sample calls no longer change", "error", err)
			}
		})
		return service.serve(ctx, stage, config, func() { service.greetLate(o, credential, now) })
	}
	newest, err := demo.Fill(ctx, store, callvault.DefaultCompany, demo.Options{Seed: o.seed, End: now, Count: demoCalls})
	if err != nil {
		return err
	}
	return service.serve(ctx, store, config, func() { service.greetDemo(o, credential, newest) })
}

// demoKey makes the key of a demo.
func demoKey(ctx context.Context, store callvault.Store) (gong.Credential, error) {
	key, secret := callvault.NewKey(callvault.BasicKey)
	key.Company = callvault.DefaultCompany
	key.Scopes = api.ReadScopes()
	return gong.Credential{AccessKey: key.ID, AccessKeySecret: secret}, store.AddKey(ctx, key)
}

// greetDemo prints what a person needs to read the first calls.
func (s *service) greetDemo(o serveOptions, c gong.Credential, newest callvault.Range) {
	fmt.Fprintf(s.stdout, "serving 10,000 sample calls from the last 90 days, until you press ctrl-C\n\n")
	s.greetClient(o, c)
	fmt.Fprint(s.stdout, "The three newest calls:\n\n")
	s.greetCurl(c, newest.From.UTC(), newest.To.UTC())
}

// greetLate says what happens, and prints what shows it.
func (s *service) greetLate(o serveOptions, c gong.Credential, now time.Time) {
	fmt.Fprint(s.stdout, `serving about 10,000 sample calls from the last 90 days, until you press ctrl-C

Every 5 seconds a call is added: most happened in the last 3 hours, a quarter up to 36
hours ago, one in twenty up to 30 days ago. Every minute a call is edited, and every few
minutes one moves to another time and one is deleted.

`)
	s.greetClient(o, c)
	fmt.Fprint(s.stdout, "The calls of the last 3 hours; run it again to get more:\n\n")
	s.greetCurl(c, now.Add(-3*time.Hour).UTC(), now.AddDate(0, 0, 1).UTC())
}

// greetClient says where the listeners are, and with which key.
func (s *service) greetClient(o serveOptions, c gong.Credential) {
	fmt.Fprintf(s.stdout, "  API         %s%s\n", web.Where(s.api), web.Instead(o.listen, s.api))
	if s.manage != nil {
		fmt.Fprintf(s.stdout, "  web page    %s%s\n", web.Where(s.manage), web.Instead(o.manage, s.manage))
	}
	fmt.Fprintf(s.stdout, "  access key  %s\n  secret      %s\n\n", c.AccessKey, c.AccessKeySecret)
}

// greetCurl prints a line that requests the calls of a range.
func (s *service) greetCurl(c gong.Credential, from, to time.Time) {
	const seconds = "2006-01-02T15:04:05Z"
	fmt.Fprintf(s.stdout, "  curl -su %s:%s '%s%s?fromDateTime=%s&toDateTime=%s'%s\n\n", c.AccessKey, c.AccessKeySecret,
		web.URL(s.api), gong.Path, from.Format(seconds), to.Format(seconds), demo.Prettier())
}
