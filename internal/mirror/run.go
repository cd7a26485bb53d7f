package mirror

import (
	"context"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/lease"
)

const (
	lookEvery = 5 * time.Second // for orders, by a mirror that waits
	patience  = time.Minute     // that Once waits for the budget
)

// Run mirrors a company until the context ends, which is no error. It holds the lease, and gives
// it back. Its errors are a *lease.HeldError, a *callvault.OtherUpstreamError,
// callvault.ErrLeaseLost when another mirror has taken over, and those of the store.
func Run(ctx context.Context, config Config) error {
	err := underLease(ctx, config, func(ctx context.Context, m *Mirror) error {
		for {
			next, err := m.Step(ctx)
			if err != nil {
				return err
			}
			if err := sleep(ctx, min(next.Sub(m.config.Now()), lookEvery)); err != nil {
				return err
			}
		}
	})
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// Outcome is how a mirror stands that did all that was due.
type Outcome struct {
	Next       time.Time // when more is due
	Unreadable string    // why the upstream can't be read; empty if it can
	Held       *Held
	Backfilled bool // whether all of history is here
}

// Once does all that is due, and ends. What waits for the budget for more than a minute is left
// for the next time. Its errors are those of Run.
func Once(ctx context.Context, config Config) (outcome Outcome, err error) {
	err = underLease(ctx, config, func(ctx context.Context, m *Mirror) error {
		for {
			next, err := m.Step(ctx)
			if err != nil {
				return err
			}
			if !m.hasMore() {
				outcome = m.outcome(next)
				return nil
			}
			if err := sleep(ctx, next.Sub(m.config.Now())); err != nil {
				return err
			}
		}
	})
	return outcome, err
}

func underLease(ctx context.Context, config Config, run func(context.Context, *Mirror) error) error {
	return lease.Hold(ctx, config.Store.Mirror(config.Company), config.Upstream, func(ctx context.Context, held callvault.Lease) error {
		m, err := Open(ctx, config, held)
		if err != nil {
			return err
		}
		defer m.Close()
		return run(ctx, m)
	})
}

// sleep waits, unless the context ends before.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// hasMore tells whether something that was due when the mirror began can be done soon.
func (m *Mirror) hasMore() bool {
	now := m.config.Now()
	for _, a := range m.activities {
		if a.open != nil && !a.open() || a.running == nil && m.dueAt(a).After(m.begun) {
			continue
		}
		if a.running != nil && m.trouble.pause > 0 {
			return true // it is tried a few times
		}
		class := a.class
		if a.running != nil {
			class = a.running.want.class
		}
		if max(m.budget.Wait(class), m.trouble.until.Sub(now)) <= patience {
			return true
		}
	}
	return false
}

// outcome is how the mirror stands.
func (m *Mirror) outcome(next time.Time) Outcome {
	return Outcome{next, m.access.Reason, m.held.shown(), m.backfill.Done}
}
