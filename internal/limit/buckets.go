// Package limit counts the requests of companies in the memory of a process.
package limit

import (
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
