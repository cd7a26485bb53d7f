package api

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/limit"
)

// model is a store too simple to be wrong: slices in memory, filtered and
// sorted for each question. It keeps the laws that the API relies on; what the
// API never asks is left to the nil Store inside and panics.
type model struct {
	callvault.Store

	mu      sync.Mutex
	calls   map[string][]callvault.Call
	entries map[directoryOf][]callvault.Entry // in any order
	keys    []callvault.Key                   // in any order
	version callvault.KeysVersion
	changes map[string][]callvault.Record
	lines   map[string][]callvault.Timeline
	quotas  *limit.Local
	failure error                 // what every method returns, unless nil
	stall   func(context.Context) // called at the beginning of a read, unless nil
	stopped int                   // reads that a visitor's error ended, which cost PostgreSQL a connection
}

func newModel(now func() time.Time) *model {
	return &model{calls: make(map[string][]callvault.Call), entries: make(map[directoryOf][]callvault.Entry), changes: make(map[string][]callvault.Record), lines: make(map[string][]callvault.Timeline), quotas: limit.NewLocal(nil, now)}
}

func (m *model) Pool() callvault.Pool { return callvault.Pool{Max: leastBuilders} }

func (m *model) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failure = err
}

// asked stalls a question to the store, and returns what it fails with.
func (m *model) asked(ctx context.Context) error {
	m.mu.Lock()
	stall := m.stall
	m.mu.Unlock()
	if stall != nil {
		stall(ctx)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return cmp.Or(m.failure, ctx.Err())
}

func (m *model) AddKey(_ context.Context, key callvault.Key) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.keys, m.version = append(m.keys, key), callvault.NewKeysVersion()
	return m.failure
}

// change replaces a key, as a revocation does.
func (m *model) change(id string, change func(*callvault.Key)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.version = callvault.NewKeysVersion()
	for i := range m.keys {
		if m.keys[i].ID == id {
			change(&m.keys[i])
		}
	}
}

func (m *model) Keys(ctx context.Context, known callvault.KeysVersion) ([]callvault.Key, callvault.KeysVersion, error) {
	if err := m.asked(ctx); err != nil {
		return nil, callvault.KeysVersion{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if known == m.version {
		return nil, m.version, nil
	}
	return slices.Clone(m.keys), m.version, nil
}

func (m *model) UseKey(context.Context, string, string, time.Time) error { return nil }

func (m *model) CursorSecret(context.Context) ([]byte, error) {
	return []byte("the secret of the model has 32 B"), m.failure
}

func (m *model) TakeQuota(ctx context.Context, day callvault.QuotaDay, n int) (int, error) {
	if err := m.asked(ctx); err != nil {
		return 0, err
	}
	return m.quotas.TakeQuota(ctx, day, n)
}

func (m *model) ReturnQuota(ctx context.Context, day callvault.QuotaDay, n int) error {
	return cmp.Or(m.asked(ctx), m.quotas.ReturnQuota(ctx, day, n))
}

func (m *model) TakeSecond(ctx context.Context, second callvault.QuotaSecond, n int) (int, time.Duration, error) {
	if err := m.asked(ctx); err != nil {
		return 0, 0, err
	}
	return m.quotas.TakeSecond(ctx, second, n)
}

func (m *model) Calls(company string) callvault.Calls {
	return &modelCalls{model: m, company: company}
}

// modelCalls is one company's calls.
type modelCalls struct {
	callvault.Calls
	model   *model
	company string
}

func (c *modelCalls) Put(_ context.Context, batch callvault.Batch) (callvault.PutResult, error) {
	c.model.mu.Lock()
	defer c.model.mu.Unlock()
	var result callvault.PutResult
	for _, call := range batch.Calls() {
		if batch.IsOnlyNew() && slices.ContainsFunc(c.model.calls[c.company], func(known callvault.Call) bool { return known.ID == call.ID }) {
			result.Unchanged++
			continue
		}
		result.Created++
		c.model.remove(c.company, call.ID)
		c.model.calls[c.company] = append(c.model.calls[c.company], call)
		c.model.changed(c.company, callvault.Record{Call: call})
	}
	return result, c.model.failure
}

func (c *modelCalls) Delete(_ context.Context, ids []callvault.ID) (int, error) {
	c.model.mu.Lock()
	defer c.model.mu.Unlock()
	before := len(c.model.calls[c.company])
	for _, id := range ids {
		c.model.remove(c.company, id)
		c.model.changed(c.company, callvault.Record{Deleted: true, Call: callvault.Call{ID: id}})
	}
	return before - len(c.model.calls[c.company]), c.model.failure
}

func (m *model) remove(company string, id callvault.ID) {
	m.calls[company] = slices.DeleteFunc(m.calls[company], func(c callvault.Call) bool { return c.ID == id })
}

// matching is what q selects of a list of calls, in the one order: the slow,
// obvious filter.
func matching(calls []callvault.Call, q callvault.Query) []callvault.Call {
	var match []callvault.Call
	for _, call := range calls {
		if call.Time < q.From || call.Time >= q.To {
			continue
		}
		if !q.Workspace.IsZero() && call.Workspace != q.Workspace {
			continue
		}
		match = append(match, call)
	}
	slices.SortFunc(match, func(a, b callvault.Call) int { return a.Position().Compare(b.Position()) })
	return match
}

func (c *modelCalls) Scan(ctx context.Context, q callvault.Query, after callvault.Position, limit int, visit func(callvault.Record) error) error {
	if err := c.model.asked(ctx); err != nil {
		return err
	}
	c.model.mu.Lock()
	match := matching(c.model.calls[c.company], q)
	c.model.mu.Unlock()
	for _, call := range match {
		if call.Position().Compare(after) <= 0 {
			continue
		}
		if limit == 0 {
			return nil
		}
		limit--
		// The document is spoilt afterwards: it is not to be kept.
		document := slices.Clone(call.Document)
		if err := visit(callvault.Record{Call: callvault.Call{ID: call.ID, Time: call.Time, Workspace: call.Workspace, Document: document}}); err != nil {
			c.model.stopped++
			return err
		}
		clear(document)
	}
	return nil
}

func (c *modelCalls) Get(ctx context.Context, ids []callvault.ID, visit func(callvault.Record) error) error {
	q := callvault.Query{Range: callvault.AllTime}
	return c.Scan(ctx, q, q.Start(), -1, func(r callvault.Record) error {
		if !slices.Contains(ids, r.ID) {
			return nil
		}
		return visit(r)
	})
}

func (c *modelCalls) First(ctx context.Context, q callvault.Query, limit int, visit func(callvault.Record) error) (int, error) {
	c.model.mu.Lock()
	total := len(matching(c.model.calls[c.company], q))
	c.model.mu.Unlock()
	return total, c.Scan(ctx, q, q.Start(), limit, visit)
}

func (c *modelCalls) Names(ctx context.Context, field callvault.Field, visit func(callvault.Name) error) error {
	names := make(map[string]*callvault.Name)
	q := callvault.Query{Range: callvault.AllTime}
	err := c.Scan(ctx, q, q.Start(), -1, func(r callvault.Record) error {
		name := r.Workspace.String()
		if field == callvault.Hosts {
			var call struct{ PrimaryUserID string }
			json.Unmarshal(r.Document, &call)
			name = call.PrimaryUserID
		}
		if names[name] == nil {
			names[name] = &callvault.Name{Name: name, First: r.Time}
		}
		names[name].Calls++
		return nil
	})
	delete(names, "")
	for _, n := range names {
		if err == nil {
			err = visit(*n)
		}
	}
	return err
}

// directoryOf is a company's entries of a kind.
type directoryOf struct {
	company string
	kind    callvault.Kind
}

func (m *model) Directory(company string) callvault.Directory {
	return &modelDirectory{model: m, company: company}
}

type modelDirectory struct {
	callvault.Directory
	model   *model
	company string
}

func (d *modelDirectory) Scan(ctx context.Context, kind callvault.Kind, after callvault.ID, limit int, visit func(callvault.Entry) error) error {
	if err := d.model.asked(ctx); err != nil {
		return err
	}
	d.model.mu.Lock()
	entries := slices.Clone(d.model.entries[directoryOf{d.company, kind}])
	d.model.mu.Unlock()
	slices.SortFunc(entries, func(a, b callvault.Entry) int { return a.ID.Compare(b.ID) })
	for _, e := range entries {
		if e.ID.Compare(after) <= 0 || limit == 0 {
			continue
		}
		limit--
		// The document is spoilt afterwards: it is not to be kept.
		e.Document = slices.Clone(e.Document)
		if err := visit(e); err != nil {
			d.model.stopped++
			return err
		}
		clear(e.Document)
	}
	return nil
}

func (d *modelDirectory) Get(ctx context.Context, kind callvault.Kind, ids []callvault.ID, visit func(callvault.Entry) error) error {
	return d.Scan(ctx, kind, callvault.ID{}, -1, func(e callvault.Entry) error {
		if !slices.Contains(ids, e.ID) {
			return nil
		}
		return visit(e)
	})
}
