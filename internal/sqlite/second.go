package sqlite

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/callvault/callvault"
)

// seconds are the buckets of companies, in memory: a bucket in the file would
// make each share of a second wait for the disk, and for whoever is writing. So
// the limit by the second is each process's own.
type seconds struct {
	mu      sync.Mutex
	now     func() time.Time
	buckets map[string]*rate.Limiter
}

// TakeSecond takes up to n requests from the bucket that this process has for
// the company.
func (s *Store) TakeSecond(ctx context.Context, second callvault.QuotaSecond, n int) (taken int, wait time.Duration, err error) {
	err = callvault.CheckCompany(second.Company)
	if err == nil {
		err = s.usable(ctx)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("take of a second of company %q: %w", second.Company, err)
	}
	taken, wait = s.seconds.take(second, n)
	return taken, wait, nil
}

// usable is why nothing can be asked of the store: it is closed, or the context
// is done.
func (s *Store) usable(ctx context.Context) error {
	select {
	case <-s.closed:
		return errClosed
	default:
		return ctx.Err()
	}
}

func (s *seconds) take(second callvault.QuotaSecond, n int) (taken int, wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, limit := s.now(), rate.Limit(second.Limit)
	bucket := s.buckets[second.Company]
	if bucket == nil {
		bucket = rate.NewLimiter(limit, second.Limit)
		s.buckets[second.Company] = bucket
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
