package mirror

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/budget"
	"github.com/callvault/callvault/internal/upstream"
)

const (
	maxTries  = 4               // of a request, before its activity fails
	failedFor = 5 * time.Minute // that an activity rests after it failed
	firstRest = 5 * time.Second // after a failure, doubled by each that follows
	longRest  = 5 * time.Minute

	longestRest = time.Hour // of an activity
)

// trouble is how the latest requests failed: none is sent before the pause is over.
type trouble struct {
	pause time.Duration
	until time.Time // by the machine's clock
}

// Step does one thing that is due: a request, and the commit of what came of it. It never
// waits. It returns when the next thing is due by the machine's clock, now if there is more to
// do. Any error is the end of the Mirror: callvault.ErrLeaseLost if another has taken over.
func (m *Mirror) Step(ctx context.Context) (next time.Time, err error) {
	if m.failed != nil {
		return time.Time{}, m.failed
	}
	if next, err = m.step(ctx); err != nil {
		m.failed = err
		m.Close()
	}
	return next, err
}

func (m *Mirror) step(ctx context.Context) (time.Time, error) {
	if err := m.obey(ctx); err != nil {
		return time.Time{}, err
	}
	if err := m.advance(ctx); err != nil {
		return time.Time{}, err
	}
	now := m.config.Now()
	next := now.Add(time.Hour) // to look for orders, if for nothing else
	later := func(at time.Time) {
		if at.Before(next) {
			next = at
		}
	}
	for _, a := range m.activities {
		if a.open != nil && !a.open() {
			a.end()
			continue
		}
		if a.running == nil {
			if at := m.dueAt(a); at.After(now) {
				later(at)
				continue
			}
			a.begin(ctx, m)
			return now, m.settle(ctx, a)
		}
		at, err := m.sendAt(ctx, a.running.want, now)
		if err != nil {
			return time.Time{}, err
		}
		if at.After(now) {
			later(at)
			continue
		}
		if err := m.send(ctx, a.running.want); err != nil {
			return time.Time{}, err
		}
		if a.running == nil || a.running.want.err == errAgain {
			return m.config.Now(), m.commit(ctx)
		}
		a.running.goOn(ctx)
		return m.config.Now(), m.settle(ctx, a)
	}
	return next, m.commit(ctx)
}

// dueAt is when an activity is due by the machine's clock.
func (m *Mirror) dueAt(a *activity) time.Time {
	at := a.due()
	if at.Before(a.again) && a.again.Sub(m.up()) <= longestRest+jump { // or the clock was set back
		at = a.again
	}
	if at.Equal(never) {
		return never
	}
	return at.Add(-m.clock.Ahead)
}

// sendAt is when a request may be sent by the machine's clock. If that is now, it was counted.
func (m *Mirror) sendAt(ctx context.Context, r *request, now time.Time) (time.Time, error) {
	if m.trouble.until.Sub(now) > longRest { // the clock was set back
		m.trouble.until = now
	}
	if m.trouble.until.After(now) {
		return m.trouble.until, nil
	}
	if wait := m.budget.Wait(r.class); wait > 0 && !r.goesOn {
		return now.Add(wait), nil
	}
	wait, err := m.budget.Reserve(ctx, r.class)
	return now.Add(wait), err
}

// errAgain marks a request that must be sent again.
var errAgain = errors.New("the request must be sent again")

// send sends a request and learns from how it ended. The error is of the store or the context.
func (m *Mirror) send(ctx context.Context, r *request) error {
	date, err := r.send(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if date.IsZero() {
		date = upstream.DateOf(err)
	}
	if date.IsZero() && err == nil {
		date = m.up() // an upstream that sends no Date has the clock that is known
	}
	m.hear(date)
	if err := m.budget.Heard(ctx, err); err != nil {
		return err
	}
	r.tries++
	r.err = err
	kind := kindOf(err)
	if kind == refusedAll && r.class == budget.People {
		kind = refusedOne // the key may lack this right alone
	}
	switch kind {
	case answered, refusedOne:
		m.trouble = trouble{}
		m.heardOf("")
	case refusedAll:
		m.trouble = trouble{}
		m.refuse(m.why(err))
	case tooMany:
		r.err = errAgain // the budget knows when
	case troubled:
		m.trouble.pause = min(max(firstRest, 2*m.trouble.pause), longRest)
		m.trouble.until = m.config.Now().Add(m.trouble.pause)
		if r.tries < maxTries {
			r.err = errAgain
			m.log.Warn("the upstream failed; trying again", "for", r.class.String(), "in", m.trouble.pause.String(), "error", upstream.Text(err))
		} else {
			m.heardOf(m.why(err))
		}
	}
	return nil
}

// hear learns the upstream's clock. After a clock that was ahead, deletions count from now on.
func (m *Mirror) hear(date time.Time) {
	if jumped := m.clock.hear(m.config.Now(), date); jumped != 0 {
		m.log.Warn("the upstream's clock jumped", "by", jumped.Round(time.Second).String())
	}
	if !m.clock.heard {
		return
	}
	for i := range m.gone {
		if m.isAhead(m.gone[i].At) {
			m.gone[i].At = m.up()
			m.keep("deletions", m.gone)
		}
	}
}

// settle commits what a run changed, and ends the run if it has ended.
func (m *Mirror) settle(ctx context.Context, a *activity) error {
	t := a.running
	if t.want != nil {
		return m.commit(ctx)
	}
	a.running = nil
	defer t.tellEnd(a.name)
	if t.err != nil && kindOf(t.err) == notOfUpstream {
		return t.err
	}
	if t.err != nil {
		if again := m.up().Add(m.period(failedFor)); a.again.Before(again) {
			a.again = again
		}
		m.log.Warn("reading the upstream failed", "for", a.name, "error", m.why(t.err))
	}
	return m.commit(ctx)
}

// kind says what an error of a request means for the mirror.
type kind int

const (
	answered      kind = iota
	refusedOne         // this request; others may do better
	refusedAll         // the key
	tooMany            // requests
	troubled           // the server or the network: to be tried again
	notOfUpstream      // of the store or of the program
)

// kindOf is what an error means.
func kindOf(err error) kind {
	var refusal *gong.Error
	var answer *gong.AnswerError
	var none *gong.NoAnswerError
	var skipped *upstream.SkippedError
	switch {
	case err == nil:
		return answered
	case errors.As(err, &refusal):
		switch {
		case refusal.Status == http.StatusUnauthorized || refusal.Status == http.StatusForbidden:
			return refusedAll
		case refusal.Status == http.StatusTooManyRequests:
			return tooMany
		case refusal.Status >= http.StatusInternalServerError:
			return troubled
		}
		return refusedOne
	case errors.As(err, &skipped):
		return refusedOne
	case errors.As(err, &answer), errors.As(err, &none):
		return troubled
	}
	return notOfUpstream
}
