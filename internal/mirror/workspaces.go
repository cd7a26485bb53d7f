package mirror

import (
	"errors"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/budget"
	"github.com/callvault/callvault/internal/upstream"
)

// Rule 2, of several workspaces: each has a total, which shows calls that went from one to
// another. It is asked for hourly, and daily when there are more than 10.
const (
	workspacePeriod = time.Hour
	manyWorkspaces  = 10
	manyPeriod      = 24 * time.Hour
)

// workspacesState is what is kept of the totals of workspaces.
type workspacesState struct {
	At     time.Time      `json:"at"`     // by the upstream's clock
	Count  int            `json:"count"`  // workspaces that have calls
	Differ map[string]int `json:"differ"` // what was left of each one's difference when it was followed last
}

func (m *Mirror) workspacesDue() time.Time {
	s := &m.workspaces
	if !m.backfill.Done || m.head.At.IsZero() {
		return never
	}
	period := workspacePeriod
	if s.Count > manyWorkspaces {
		period = manyPeriod
	}
	return m.nextAfter(s.At, period)
}

// askWorkspaces compares the total of each workspace, and follows those whose difference is
// another one than before.
func (t *thread) askWorkspaces() error {
	ids, err := t.calls.Workspaces(t.ctx)
	if err != nil {
		return err
	}
	s := &t.workspaces
	if s.Differ == nil || len(ids) < 2 {
		s.Differ = make(map[string]int)
	}
	for i := 0; len(ids) > 1 && i < len(ids); i++ {
		n, err := t.askWorkspace(ids[i])
		broken := errors.Is(err, errBroken)
		if err != nil && !broken {
			return err
		}
		s.Differ[ids[i].String()] = n
		if broken { // it goes on, unless what was followed left the difference as it was
			t.keep("workspaces", s)
			t.rest("workspaces", descentPeriod)
			return nil
		}
	}
	s.At, s.Count = t.up(), len(ids)
	t.keep("workspaces", s)
	return nil
}

// askWorkspace compares the total of a workspace, and returns what is left of its difference.
func (t *thread) askWorkspace(id callvault.ID) (int, error) {
	known := t.covered()
	known.From = max(known.From, t.horizon.at())
	q := callvault.Query{Range: known, Workspace: id}
	d, _, err := t.totalOf(budget.Head, q)
	if err != nil || d.n == t.workspaces.Differ[id.String()] {
		return d.n, err
	}
	if err := t.descend(d); err != nil {
		return d.n, err
	}
	if err := t.commit(t.ctx); err != nil {
		return 0, err
	}
	after, _, err := t.totalOf(budget.Head, q)
	return after.n, err
}

// totalOf asks for the first page of a query, takes it in, and measures the difference that was
// there before.
func (t *thread) totalOf(class budget.Class, q callvault.Query) (d difference, total int, err error) {
	page, err := t.list(class, upstream.Ask{From: q.From.UTC(), To: q.To.UTC(), Workspace: q.Workspace})
	if err != nil {
		return d, 0, err
	}
	if d, err = t.measure(t.ctx, q, page.Total); err != nil {
		return d, 0, err
	}
	_, err = t.takeIn(t.ctx, answer{class, q, q.Start(), page})
	return d, page.Total, err
}
