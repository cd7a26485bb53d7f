package limit

import (
	"context"
	"sync"
	"time"

	"github.com/callvault/callvault"
)

// Local is a store that requests only read: what they use up of a company's day and
// second is counted in this process, and lost with it. So each process on the store
// has the whole limit for itself.
type Local struct {
	callvault.Store
	seconds *Buckets

	mu   sync.Mutex
	days map[string]used // by company: the latest day
}

// used is what was taken of a day.
type used struct{ day, requests int }

// NewLocal makes a Local of a store; its buckets are filled by a clock.
func NewLocal(store callvault.Store, now func() time.Time) *Local {
	return &Local{Store: store, seconds: NewBuckets(now), days: make(map[string]used)}
}

// TakeQuota takes up to n requests from what is left of the day in this process. A
// day that is followed by another is forgotten.
func (l *Local) TakeQuota(_ context.Context, day callvault.QuotaDay, n int) (taken int, err error) {
	if err := callvault.CheckCompany(day.Company); err != nil {
		return 0, err
	}
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

// ReturnQuota gives back what was taken and not used.
func (l *Local) ReturnQuota(_ context.Context, day callvault.QuotaDay, n int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if u := l.days[day.Company]; u.day == day.Day {
		l.days[day.Company] = used{u.day, max(0, u.requests-n)}
	}
	return nil
}

// TakeSecond takes up to n requests from the bucket that this process has for the
// company.
func (l *Local) TakeSecond(_ context.Context, second callvault.QuotaSecond, n int) (taken int, wait time.Duration, err error) {
	if err := callvault.CheckCompany(second.Company); err != nil {
		return 0, 0, err
	}
	taken, wait = l.seconds.Take(second, n)
	return taken, wait, nil
}
