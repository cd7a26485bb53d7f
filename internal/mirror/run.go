package mirror

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/budget"
	"github.com/callvault/callvault/internal/lease"
)

const (
	lookEvery = 5 * time.Second // for orders, by a mirror that waits
	patience  = time.Minute     // that Once waits for the budget
	turnEvery = 5 * time.Second // that Keep waits before it looks whether the company is free

	// Once spends at once what a mirror that runs spreads over the day.
	onceSaved = 24 * time.Hour
)

// ErrEnded is the error of a mirror that an operator has ended.
var ErrEnded = errors.New("somebody ended the mirror of this company; to mirror it again, restart this process")

// Run mirrors a company until the context ends, which is no error. It holds the lease, and gives
// it back. Its errors are a *lease.HeldError, a *callvault.OtherUpstreamError,
// callvault.ErrLeaseLost when another mirror has taken over, ErrEnded, and those of the store.
func Run(ctx context.Context, config Config) error {
	return run(ctx, config, newKeeper(&config))
}

func run(ctx context.Context, config Config, keeper *lease.Keeper) error {
	err := underLease(ctx, config, keeper, func(ctx context.Context, m *Mirror) error {
		for {
			next, err := m.Step(ctx)
			if err != nil {
				return err
			}
			if err := lease.Pause(ctx, min(next.Sub(m.config.Now()), lookEvery)); err != nil {
				return err
			}
		}
	})
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// Check returns a *callvault.OtherUpstreamError if the company is a mirror of another upstream,
// for a program that should not start then.
func Check(ctx context.Context, config Config) error {
	held, err := config.Store.Mirror(config.Company).Lease(ctx)
	if err == nil && held.Upstream != "" && held.Upstream != config.Upstream {
		err = &callvault.OtherUpstreamError{Company: config.Company, Upstream: held.Upstream}
	}
	return err
}

// Keep is Run for a service that others run, too: while another process mirrors the company it
// waits for its turn, and after an error of the store it tries again, less and less often. Its
// errors are ErrEnded and a *callvault.OtherUpstreamError.
func Keep(ctx context.Context, config Config) error {
	keeper := newKeeper(&config)
	again := turnEvery
	for waits, known := false, false; ; {
		pause, began := turnEvery, time.Now()
		// Run would make the mirror again that an operator has ended.
		if now, err := config.Store.Mirror(config.Company).Lease(ctx); err == nil {
			if known && now.Upstream == "" {
				return ErrEnded
			}
			known = now.Upstream != ""
		}
		err := run(ctx, config, keeper)
		var held *lease.HeldError
		var other *callvault.OtherUpstreamError
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.As(err, &other), errors.Is(err, ErrEnded):
			return err
		case errors.As(err, &held) || errors.Is(err, callvault.ErrLeaseLost):
			if !waits {
				config.Log.Info("this process waits to mirror the company", "reason", err)
			}
			waits = true
		default:
			waits = false
			if time.Since(began) > longRest {
				again = turnEvery
			}
			// A full disk lasts, and each try may send a request that counts.
			pause, again = again, min(2*again, longRest)
			config.Log.Error("the mirror failed; starting it again", "in", pause.String(), "error", err)
		}
		if lease.Pause(ctx, pause) != nil {
			return nil
		}
	}
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
	config.Limits.Saved = onceSaved
	err = underLease(ctx, config, newKeeper(&config), func(ctx context.Context, m *Mirror) error {
		for {
			next, err := m.Step(ctx)
			if err != nil {
				return err
			}
			if !m.hasMore() {
				outcome = m.outcome()
				return nil
			}
			if err := lease.Pause(ctx, next.Sub(m.config.Now())); err != nil {
				return err
			}
		}
	})
	return outcome, err
}

// newKeeper makes the Keeper for a config, and a log if the config has none.
func newKeeper(config *Config) *lease.Keeper {
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	return lease.New(config.Store.Mirror(config.Company), config.Upstream, config.Log)
}

func underLease(ctx context.Context, config Config, keeper *lease.Keeper, run func(context.Context, *Mirror) error) error {
	err := keeper.Hold(ctx, func(ctx context.Context, held callvault.Lease) error {
		m, err := Open(ctx, config, held)
		if err != nil {
			return err
		}
		defer m.Close()
		return run(ctx, m)
	})
	if errors.Is(err, callvault.ErrLeaseLost) {
		if now, failed := config.Store.Mirror(config.Company).Lease(ctx); failed == nil && now.Upstream == "" {
			return ErrEnded
		}
	}
	return err
}

// hasMore tells whether something that was due when the mirror began can be done soon. It is
// not when the upstream can't be read, as this process found.
func (m *Mirror) hasMore() bool {
	if m.told && m.access.Reason != "" {
		return false
	}
	soon := m.config.Now().Add(patience)
	for _, a := range m.activities {
		if at := m.nextOf(a); at.Before(soon) && (a.running != nil || !m.dueAt(a).After(m.begun)) {
			return true
		}
	}
	return false
}

// nextOf is when an activity goes on by the machine's clock.
func (m *Mirror) nextOf(a *activity) time.Time {
	now := m.config.Now()
	if a.open != nil && !a.open() {
		return never
	}
	class, at := a.class, now
	if a.running != nil {
		class = a.running.want.class
	} else if due := m.dueAt(a); due.After(at) {
		at = due
	}
	for _, other := range []time.Time{m.trouble.until, now.Add(m.budget.Wait(class))} {
		if other.After(at) {
			at = other
		}
	}
	return at
}

// outcome is how the mirror stands.
func (m *Mirror) outcome() Outcome {
	next := never
	for _, a := range m.activities {
		if at := m.nextOf(a); at.Before(next) {
			next = at
		}
	}
	return Outcome{next, m.access.Reason, m.held.shown(m.config.Arguments), m.backfill.Done}
}

// whole are the readings that are still to be made, due or not.
type whole struct {
	left, begun map[budget.Class]bool
}

// newWhole is all readings.
func newWhole() whole {
	w := whole{make(map[budget.Class]bool), make(map[budget.Class]bool)}
	for _, class := range []budget.Class{budget.Hot, budget.Warm, budget.Head, budget.Young, budget.Mid, budget.Old, budget.People} {
		w.left[class] = true
	}
	return w
}

// wants tells whether a reading is still to be made.
func (w whole) wants(class budget.Class) bool { return w.left[class] }

// begins tells, once, that a round is to begin.
func (w whole) begins(class budget.Class) bool {
	if !w.left[class] || w.begun[class] {
		return false
	}
	w.begun[class] = true
	return true
}

// done tells that a reading was made.
func (w whole) done(class budget.Class) { delete(w.left, class) }
