package limit

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/callvault/callvault"
)

// noon is when every test begins.
var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// process is Limits on a store that other processes may share. It takes as acme.
type process struct {
	*Limits
	quotas *model
	clock  *clock
}

func newProcess(limit Limit) *process {
	clock := &clock{now: noon}
	return newProcessOn(newModel(clock), limit)
}

// newPair makes two processes on one store.
func newPair(limit Limit) (first, second *process) {
	first = newProcess(limit)
	return first, newProcessOn(first.quotas, limit)
}

func newProcessOn(m *model, limit Limit) *process {
	return &process{New(m, limit, m.clock.Now, prometheus.NewRegistry()), m, m.clock}
}

func (p *process) take(t *testing.T) error { return p.Take(t.Context(), "acme") }

func (p *process) mustTake(t *testing.T) {
	t.Helper()
	if err := p.take(t); err != nil {
		t.Errorf("got %v", err)
	}
}

// mustFail holds that the store's error is told, and not taken for a limit.
func (p *process) mustFail(t *testing.T) {
	t.Helper()
	var exceeded *Exceeded
	if err := p.take(t); err == nil || errors.As(err, &exceeded) {
		t.Errorf("got %v", err)
	}
}

// spend takes until the limit is exceeded, and returns how many requests that were and
// the wait.
func (p *process) spend(t *testing.T) (spent int, wait time.Duration) {
	t.Helper()
	for ; spent < 10_000; spent++ {
		err := p.take(t)
		var exceeded *Exceeded
		if errors.As(err, &exceeded) {
			return spent, exceeded.Wait
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Fatal("there is no limit")
	return 0, 0
}

// clock is an instant that is moved by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// model is the quotas of a store, too simple to be wrong.
type model struct {
	clock *clock

	mu      sync.Mutex
	used    map[int]int           // requests, by day
	full    time.Time             // when the second is full again
	failure error                 // what every method returns, unless nil
	stall   func(context.Context) // called when something is taken, unless nil
	takes   int                   // of days
	shares  int                   // of a second
}

func newModel(c *clock) *model { return &model{clock: c, used: make(map[int]int)} }

func (m *model) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failure = err
}

// ask counts a question and stalls it.
func (m *model) ask(ctx context.Context, count *int) {
	m.mu.Lock()
	*count++
	stall := m.stall
	m.mu.Unlock()
	if stall != nil {
		stall(ctx)
	}
}

func (m *model) TakeQuota(ctx context.Context, day callvault.QuotaDay, n int) (int, error) {
	m.ask(ctx, &m.takes)
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := cmp.Or(m.failure, ctx.Err()); err != nil {
		return 0, err
	}
	n = min(n, day.Limit-m.used[day.Day])
	m.used[day.Day] += n
	return n, nil
}

func (m *model) ReturnQuota(_ context.Context, day callvault.QuotaDay, n int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.used[day.Day] -= n
	return m.failure
}

func (m *model) TakeSecond(ctx context.Context, second callvault.QuotaSecond, n int) (int, time.Duration, error) {
	m.ask(ctx, &m.shares)
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := cmp.Or(m.failure, ctx.Err()); err != nil {
		return 0, 0, err
	}
	now, each := m.clock.Now(), time.Second/time.Duration(second.Limit)
	if m.full.Before(now) {
		m.full = now
	}
	spare := now.Add(time.Second).Sub(m.full)
	taken := min(n, int(spare/each))
	m.full = m.full.Add(time.Duration(taken) * each)
	if taken < n {
		return taken, each - spare%each, nil
	}
	return taken, 0, nil
}
