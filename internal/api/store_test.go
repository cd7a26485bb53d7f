package api

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/callvault/callvault"
)

// model is a store too simple to be wrong: slices in memory, filtered and
// sorted for each question. It keeps the laws that the API relies on; what the
// API never asks is left to the nil Store inside and panics.
type model struct {
	callvault.Store

	mu        sync.Mutex
	calls     map[string][]callvault.Call
	keys      []callvault.Key // in any order
	version   callvault.KeysVersion
	quota     map[quotaCount]int
	now       func() time.Time      // of the seconds
	full      map[string]time.Time  // when the second of a company is full again
	failure   error                 // what every method returns, unless nil
	stall     func(context.Context) // called at the beginning of a read, unless nil
	stallTake func(context.Context) // and when quota is taken
	reads     int                   // of the keys
	takes     int                   // of quota
	shares    int                   // of a second that were asked for
}

type quotaCount struct {
	company string
	day     int
}

func newModel(now func() time.Time) *model {
	return &model{calls: make(map[string][]callvault.Call), quota: make(map[quotaCount]int), now: now, full: make(map[string]time.Time)}
}

func (m *model) Pool() callvault.Pool { return callvault.Pool{Max: leastBuilders} }

func (m *model) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failure = err
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

// moment is the keys as they are now; backTo makes them so again, as a restore of
// the store does.
func (m *model) moment() (backTo func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	keys, version := slices.Clone(m.keys), m.version
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.keys, m.version = slices.Clone(keys), version
	}
}

func (m *model) Keys(ctx context.Context, known callvault.KeysVersion) ([]callvault.Key, callvault.KeysVersion, error) {
	m.mu.Lock()
	m.reads++
	stall := m.stall
	m.mu.Unlock()
	if stall != nil {
		stall(ctx)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.failure != nil {
		return nil, callvault.KeysVersion{}, m.failure
	}
	if known == m.version {
		return nil, m.version, ctx.Err()
	}
	return slices.Clone(m.keys), m.version, ctx.Err()
}

func (m *model) CursorSecret(context.Context) ([]byte, error) {
	return []byte("the secret of the model has 32 B"), m.failure
}

func (m *model) TakeQuota(ctx context.Context, day callvault.QuotaDay, n int) (int, error) {
	m.mu.Lock()
	m.takes++
	stall := m.stallTake
	m.mu.Unlock()
	if stall != nil {
		stall(ctx)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := cmp.Or(m.failure, ctx.Err()); err != nil {
		return 0, err
	}
	count := quotaCount{day.Company, day.Day}
	n = min(n, day.Limit-m.quota[count])
	m.quota[count] += n
	return n, nil
}

func (m *model) ReturnQuota(_ context.Context, day callvault.QuotaDay, n int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.quota[quotaCount{day.Company, day.Day}] -= n
	return m.failure
}

func (m *model) TakeSecond(ctx context.Context, second callvault.QuotaSecond, n int) (int, time.Duration, error) {
	m.mu.Lock()
	m.shares++
	stall := m.stallTake
	m.mu.Unlock()
	if stall != nil {
		stall(ctx)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := cmp.Or(m.failure, ctx.Err()); err != nil {
		return 0, 0, err
	}
	now, each := m.now(), time.Second/time.Duration(second.Limit)
	if m.full[second.Company].Before(now) {
		m.full[second.Company] = now
	}
	spare := now.Add(time.Second).Sub(m.full[second.Company])
	taken := min(n, int(spare/each))
	m.full[second.Company] = m.full[second.Company].Add(time.Duration(taken) * each)
	if taken < n {
		return taken, each - spare%each, nil
	}
	return taken, 0, nil
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
	for _, call := range batch.Calls() {
		c.model.remove(c.company, call.ID)
		c.model.calls[c.company] = append(c.model.calls[c.company], call)
	}
	return callvault.PutResult{Created: batch.Len()}, c.model.failure
}

func (c *modelCalls) Delete(_ context.Context, ids []callvault.ID) (int, error) {
	c.model.mu.Lock()
	defer c.model.mu.Unlock()
	before := len(c.model.calls[c.company])
	for _, id := range ids {
		c.model.remove(c.company, id)
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
	c.model.mu.Lock()
	match, failure, stall := matching(c.model.calls[c.company], q), c.model.failure, c.model.stall
	c.model.mu.Unlock()
	if stall != nil {
		stall(ctx)
	}
	if err := cmp.Or(failure, ctx.Err()); err != nil {
		return err
	}
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
		if err := visit(callvault.Record{Call: callvault.Call{ID: call.ID, Time: call.Time, Document: document}}); err != nil {
			return err
		}
		clear(document)
	}
	return nil
}

func (c *modelCalls) First(ctx context.Context, q callvault.Query, limit int, visit func(callvault.Record) error) (int, error) {
	c.model.mu.Lock()
	total := len(matching(c.model.calls[c.company], q))
	c.model.mu.Unlock()
	return total, c.Scan(ctx, q, q.Start(), limit, visit)
}
