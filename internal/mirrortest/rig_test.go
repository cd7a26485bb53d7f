// Package mirrortest drives mirrors against an upstream that plays a script, on clocks that the
// tests move, over a real store: 60 days pass in seconds.
package mirrortest

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/budget"
	"github.com/callvault/callvault/internal/demo"
	"github.com/callvault/callvault/internal/mirror"
	"github.com/callvault/callvault/internal/sqlite"
	"github.com/callvault/callvault/internal/upstream"
	"github.com/callvault/callvault/internal/upstreamtest"
)

var verbose = flag.Bool("log", false, "print what the mirror logs")

const (
	day     = 24 * time.Hour
	company = "acme"
	client  = "mirror"
)

// opens is a Wednesday morning.
var opens = time.Date(2026, 3, 4, 6, 20, 0, 0, time.UTC)

// rig is a mirror, its upstream and their clocks.
type rig struct {
	testing.TB
	now      time.Time // the machine's clock
	off      time.Duration
	server   *upstreamtest.Server
	handler  http.Handler
	store    callvault.Store
	config   mirror.Config
	mirror   *mirror.Mirror
	log      bytes.Buffer
	restarts int
	steps    int
	sent     int // requests, refused ones included
	began    time.Time
	ticks    bool // the clock goes by itself
}

// options are what a test changes of a rig.
type options struct {
	script   demo.Script
	troubles map[upstreamtest.Trouble]float64
	limits   budget.Limits
	keep     bool
	store    callvault.Store // an empty one; nil is a SQLite store
	before   func(*rig)      // is done to the store before there is a mirror
	closed   bool            // the mirror is not opened
	hurry    int
	scopes   []callvault.Scope // of the key; none is all that read
	cursors  time.Duration     // how long they live; 0 is an hour
	off      time.Duration     // how far the upstream's clock is ahead of the machine's
}

// small is the script of a small account.
func small(seed uint64) demo.Script {
	s := demo.Usual(seed, opens, 20)
	s.History, s.Retention = 60*day, 0
	return s
}

func newRig(t testing.TB, o options) *rig {
	t.Helper()
	r := &rig{TB: t, now: o.script.Opens, began: o.script.Opens, off: o.off}
	if o.limits == (budget.Limits{}) {
		o.limits = budget.Limits{Pace: 1, Daily: 5000, Saved: 3 * time.Hour}
	}
	for _, at := range []*time.Time{&o.script.Opens, &o.script.Rests, &o.script.RetentionFrom} {
		if !at.IsZero() {
			*at = at.Add(o.off) // scripts are written by the machine's clock
		}
	}
	r.server = upstreamtest.New(t, upstreamtest.Config{Script: o.script, Now: func() time.Time { return r.clock().Add(r.off) }, Machine: r.clock, CursorLife: o.cursors})
	r.handler = r.server
	if o.troubles != nil {
		r.handler = &upstreamtest.Troubles{Handler: r.server, Seed: o.script.Seed, Shares: o.troubles}
	}
	address, err := url.Parse(upstreamtest.URL)
	if err != nil {
		t.Fatal(err)
	}
	requests := upstream.NewRequests(address, r.server.Key(client, o.scopes...), "test", &http.Client{Transport: upstreamtest.Transport{Handler: r}})
	if o.store == nil {
		o.store = openStore(t)
	}
	r.store = o.store
	out := slog.New(slog.NewTextHandler(&r.log, nil))
	if *verbose {
		out = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	r.config = mirror.Config{
		Store: r.store, Company: company, Upstream: upstreamtest.URL, Requests: requests,
		Limits: o.limits, KeepDeleted: o.keep, Hurry: o.hurry, Now: r.clock, Log: out,
	}
	if o.before != nil {
		o.before(r)
	}
	if !o.closed {
		r.open()
	}
	return r
}

func (r *rig) clock() time.Time {
	if r.ticks {
		r.now = time.Now()
	}
	return r.now
}

func (r *rig) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	r.sends()
	r.handler.ServeHTTP(w, request)
}

// sends lets a request take a fifth of a second.
func (r *rig) sends() {
	if r.ticks {
		time.Sleep(200 * time.Millisecond)
	} else {
		r.now = r.now.Add(200 * time.Millisecond)
	}
	r.sent++
}

// openStore opens an empty store, in memory where the machine has such a place.
func openStore(t testing.TB) callvault.Store {
	t.Helper()
	folder := t.TempDir()
	if at, err := os.MkdirTemp("/dev/shm", "mirrortest"); err == nil {
		folder = at
		t.Cleanup(func() { os.RemoveAll(at) })
	}
	store, err := sqlite.Open(t.Context(), filepath.Join(folder, "store.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store
}

// open takes the lease and opens the mirror, as a process does that begins.
func (r *rig) open() {
	r.Helper()
	state := r.store.Mirror(company)
	seen, err := state.Lease(r.Context())
	if err != nil {
		r.Fatal(err)
	}
	r.restarts++
	lease, err := state.Take(r.Context(), seen, upstreamtest.URL, fmt.Sprint("process ", r.restarts))
	if err != nil {
		r.Fatal(err)
	}
	if r.mirror, err = mirror.Open(r.Context(), r.config, lease); err != nil {
		r.Fatal(err)
	}
}

// restart is kill -9 and a new process.
func (r *rig) restart() {
	r.Helper()
	r.mirror.Close()
	r.open()
}

// run drives the mirror for a time, and calls each after every step.
func (r *rig) run(d time.Duration, each func()) {
	r.Helper()
	for end := r.now.Add(d); r.now.Before(end); {
		next, err := r.mirror.Step(r.Context())
		if err != nil {
			r.Fatalf("at %v: %v", r.now, err)
		}
		r.steps++
		if each != nil {
			each()
		}
		if next.After(end) {
			next = end
		}
		if next.After(r.now) {
			r.now = next
		}
	}
}

// calls are the documents here.
func (r *rig) calls() map[callvault.ID]string {
	r.Helper()
	calls := make(map[callvault.ID]string)
	q := callvault.Query{Range: callvault.AllTime}
	err := r.store.Calls(company).Scan(r.Context(), q, q.Start(), -1, func(record callvault.Record) error {
		calls[record.ID] = string(record.Document)
		return nil
	})
	if err != nil {
		r.Fatal(err)
	}
	return calls
}

// equal fails the test unless the calls here are those that the upstream lists, to the byte.
func (r *rig) equal() {
	r.Helper()
	here, n := r.calls(), 0
	r.server.World.Advance(r.clock().Add(r.off))
	for call := range r.server.World.Calls() {
		n++
		switch document, ok := here[call.ID]; {
		case !ok:
			r.Errorf("call %s of %v is upstream and not here", call.ID, call.Time)
		case document != string(call.Document):
			r.Errorf("call %s of %v is different:\n%s\nupstream:\n%s", call.ID, call.Time, document, call.Document)
		}
		delete(here, call.ID)
	}
	for id := range here {
		r.Errorf("call %s is here and not upstream: %s", id, here[id])
	}
	if r.Failed() {
		r.Logf("%d calls upstream at %v", n, r.now)
	}
}

// kept fails the test unless every call that the mirror was shown, and that is not purged, is
// here.
func (r *rig) kept() {
	r.Helper()
	here := r.calls()
	has := func(id callvault.ID) bool { return here[id] != "" }
	if missing := r.server.Missing(client, r.clock().Add(r.off), has); len(missing) > 0 {
		r.Fatalf("at %v %d calls are missing that the upstream has shown, such as %s", r.now, len(missing), missing[0])
	}
}

// status is the mirror's status, as another process reads it.
func (r *rig) status() *mirror.Status {
	r.Helper()
	s, err := mirror.ReadStatus(context.Background(), mirror.Reads{Calls: r.store.Calls(company), Mirror: r.store.Mirror(company), Now: r.now})
	if err != nil {
		r.Fatal(err)
	}
	return s
}
