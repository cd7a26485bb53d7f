// Package mirror keeps a company's calls equal to those of an upstream, within a budget of
// requests. A Mirror is a machine that is driven: Step does one thing that is due, which is a
// request and its commit, and tells when the next is due.
//
// Each rule has a file: windows (1), head (2), sweep and pages (3), bisect (4), excess (5),
// absent (6), retention (7), hold (8), backfill (9), and the budget (10). What survives a
// restart (11) is in keep. docs/mirror.md says what the rules cost and what they can't see.
package mirror

import (
	"context"
	"log/slog"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/budget"
	"github.com/callvault/callvault/internal/upstream"
)

// Store is the part of a store that a mirror needs.
type Store interface {
	callvault.Companies
	callvault.Mirrors
}

// Requests are single requests to the upstream. *upstream.Requests is one.
type Requests interface {
	List(ctx context.Context, ask upstream.Ask) (upstream.Page, error)
	Call(ctx context.Context, id callvault.ID) (upstream.Found, error)
	Users(ctx context.Context, cursor string) (upstream.Entries, error)
	Workspaces(ctx context.Context) (upstream.Entries, error)
}

// Config is what a mirror is made of.
type Config struct {
	Store    Store
	Company  string
	Upstream string // the URL, as it is kept with the lease
	Requests Requests

	Limits      budget.Limits
	KeepDeleted bool // calls that the upstream no longer has stay
	Whole       bool // every reading is due at once
	Hurry       int  // divides every period, not the windows; 0 is 1

	Arguments string // that name the company in a command, such as " --company acme"

	Now func() time.Time // the machine's clock; nil is time.Now
	Log *slog.Logger     // a line for each reading that changed something; nil is none
}

// Mirror is the mirror of a company, by the process that holds its lease. Its methods must not
// be called at the same time.
type Mirror struct {
	config Config
	calls  callvault.Calls
	state  callvault.MirrorState
	lease  callvault.Lease
	log    *slog.Logger
	budget *budget.Budget
	clock  clock
	begun  time.Time // by the machine's clock
	failed error     // of the store: what is in memory may be ahead of it
	told   bool      // whether this process found out if the upstream can be read

	unkept map[string]bool // what the log was told of documents that can't be kept

	memory
	draft      draft
	activities []*activity
	trouble    trouble
	differs    *difference // the latest one that nobody follows yet
	descents   descents
	whole      whole
}

// Open reads the state of a company's mirror under a lease that Take gave. Close ends it.
func Open(ctx context.Context, config Config, lease callvault.Lease) (*Mirror, error) {
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	config.Hurry = max(config.Hurry, 1)
	m := &Mirror{
		config: config,
		calls:  config.Store.Calls(config.Company),
		state:  config.Store.Mirror(config.Company),
		lease:  lease,
		log:    config.Log,
		begun:  config.Now(),
		unkept: make(map[string]bool),
	}
	m.draft.reset()
	if err := m.remember(ctx); err != nil {
		return nil, err
	}
	if m.hurry != config.Hurry {
		m.hurry = config.Hurry
		m.keep("hurry", m.hurry)
	}
	if m.access.Refused {
		m.head.At = time.Time{} // the credential may be another one now
	}
	m.activities = m.plan()
	if config.Whole {
		m.whole = newWhole()
	}
	var err error
	m.budget, err = budget.Open(ctx, m.state, lease, config.Limits, config.Now)
	return m, err
}

// Close ends what is under way. It gives no lease back.
func (m *Mirror) Close() {
	for _, a := range m.activities {
		a.end()
	}
}

// period is a period of the rules, in a hurry.
func (m *Mirror) period(d time.Duration) time.Duration { return d / time.Duration(max(1, m.hurry)) }

// plan is what a mirror does, in the order of the ladder.
func (m *Mirror) plan() []*activity {
	answers := func() bool { return !m.access.Refused }
	deletes := func() bool { return answers() && m.held == nil }
	sees := func() bool { return answers() && m.head.Visible }
	plan := []*activity{
		{name: "hot", class: budget.Hot, open: answers, due: m.hotDue, run: (*thread).readHot},
		{name: "head", class: budget.Head, due: m.headDue, run: (*thread).askHead},
		{name: "absent", class: budget.Head, open: deletes, due: m.absentDue, run: (*thread).settleAbsent},
		{name: "bisect", class: budget.Bisect, open: answers, due: m.bisectDue, run: (*thread).bisect},
		{name: "retention", class: budget.Head, open: deletes, due: m.retentionDue, run: (*thread).retain},
		{name: "workspaces", class: budget.Head, open: deletes, due: m.workspacesDue, run: (*thread).askWorkspaces},
		{name: "warm", class: budget.Warm, open: answers, due: m.warmDue, run: (*thread).readWarm},
	}
	for i, s := range sweeps {
		if s.class == budget.Old { // it shares a budget with the backfill, which would never end after it
			plan = append(plan, &activity{name: "backfill", class: budget.Backfill, open: sees, due: m.backfillDue, run: (*thread).readBack})
		}
		plan = append(plan, &activity{
			name: s.name, class: s.class, open: func() bool { return deletes() && m.head.Visible },
			due: func() time.Time { return m.sweepDue(i) },
			run: func(t *thread) error { return t.sweepPage(i) },
		})
	}
	return append(plan, &activity{name: "people", class: budget.People, open: answers, due: m.peopleDue, run: (*thread).readPeople})
}

// rest lets an activity rest.
func (m *Mirror) rest(name string, d time.Duration) {
	for _, a := range m.activities {
		if a.name == name {
			a.again = m.up().Add(m.period(d))
		}
	}
}

// isRunning tells whether an activity is under way.
func (m *Mirror) isRunning(name string) bool {
	for _, a := range m.activities {
		if a.name == name {
			return a.running != nil
		}
	}
	return false
}
