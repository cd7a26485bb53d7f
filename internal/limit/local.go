package limit

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/callvault/callvault"
)

// Buckets are token buckets, one for each company: each holds a second's limit and is
// refilled at that rate. They are safe for concurrent use.
type Buckets struct {
	now func() time.Time

	mu      sync.Mutex
	buckets map[string]*rate.Limiter
}

// NewBuckets makes buckets that are refilled by a clock.
func NewBuckets(now func() time.Time) *Buckets {
	return &Buckets{now: now, buckets: make(map[string]*rate.Limiter)}
}

// Take takes up to n requests from a company's bucket. It returns how many it took
// and, if those are fewer than n, how long until the next one.
func (b *Buckets) Take(second callvault.QuotaSecond, n int) (taken int, wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now, limit := b.now(), rate.Limit(second.Limit)
	bucket := b.buckets[second.Company]
	if bucket == nil {
		bucket = rate.NewLimiter(limit, second.Limit)
		b.buckets[second.Company] = bucket
	}
	if bucket.Limit() != limit {
		bucket.SetLimitAt(now, limit)
		bucket.SetBurstAt(now, second.Limit)
	}
	taken = min(n, max(0, int(bucket.TokensAt(now))))
	bucket.AllowN(now, taken)
	if taken < n {
		missing := 1 - bucket.TokensAt(now)
		wait = max(1, time.Duration(missing/float64(limit)*float64(time.Second)))
	}
	return taken, wait
}

// Local is a store to which requests write nothing: it counts the limits of companies in
// this process. They begin again with the process, and each process on the store has the
// whole limit for itself.
type Local struct {
	callvault.Store
	seconds *Buckets

	mu   sync.Mutex
	days map[string]used // the latest day of each company
}

// used is how many requests were taken of a day.
type used struct{ day, requests int }

// NewLocal makes a Local from a store. A clock refills its buckets.
func NewLocal(store callvault.Store, now func() time.Time) *Local {
	return &Local{Store: store, seconds: NewBuckets(now), days: make(map[string]used)}
}

// UseKey keeps no day of a key's use.
func (l *Local) UseKey(context.Context, string, string, time.Time) error { return nil }

// TakeQuota takes up to n requests from what this process has left of the day. It
// forgets a day when the next begins.
func (l *Local) TakeQuota(_ context.Context, day callvault.QuotaDay, n int) (taken int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	u := l.days[day.Company]
	if u.day != day.Day {
		u = used{day: day.Day}
	}
	taken = max(0, min(n, day.Limit-u.requests))
	u.requests += taken
	l.days[day.Company] = u
	return taken, nil
}

// ReturnQuota gives back requests that were taken and not used.
func (l *Local) ReturnQuota(_ context.Context, day callvault.QuotaDay, n int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if u := l.days[day.Company]; u.day == day.Day {
		l.days[day.Company] = used{u.day, max(0, u.requests-n)}
	}
	return nil
}

// TakeSecond takes up to n requests from this process's bucket of the company.
func (l *Local) TakeSecond(_ context.Context, second callvault.QuotaSecond, n int) (taken int, wait time.Duration, err error) {
	taken, wait = l.seconds.Take(second, n)
	return taken, wait, nil
}
