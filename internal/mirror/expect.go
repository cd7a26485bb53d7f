package mirror

import (
	"context"

	"github.com/callvault/callvault"
)

// here is L: how many calls the upstream should count in a range by what is here. What stands
// apart is left out.
func (m *Mirror) here(ctx context.Context, r callvault.Range) (int, error) {
	if r.From >= r.To {
		return 0, nil
	}
	count, err := m.calls.Count(ctx, callvault.Query{Range: r})
	if err != nil {
		return 0, err
	}
	weight, err := m.state.Weight(ctx, r)
	return count + weight, err
}

// difference is D: how many calls more the upstream counts in a range than can be explained, of
// one workspace or of all.
type difference struct {
	callvault.Query
	n int
}

// measure is the difference of a query for which the upstream counts so many calls. Remembered
// excess and calls that are known to be absent explain themselves. It is unknown, and so zero,
// if the range begins or ends within a leaf. Of one workspace everything that differs counts.
func (m *Mirror) measure(ctx context.Context, q callvault.Query, total int) (difference, error) {
	d := difference{Query: q}
	if !q.Workspace.IsZero() {
		here, err := m.calls.Count(ctx, q)
		d.n = total - here
		return d, err
	}
	excess, exact := m.leaves.excess(q.Range)
	if !exact {
		return d, nil
	}
	here, err := m.here(ctx, q.Range)
	d.n = total - here - excess + m.absentIn(q.Range)
	return d, err
}

// isExplained tells whether a difference of one workspace may be what stands apart, is absent or
// is counted and not listed, of which nobody knows the workspace.
func (m *Mirror) isExplained(ctx context.Context, d difference) (bool, error) {
	if d.Workspace.IsZero() {
		return false, nil
	}
	more, _ := m.leaves.excess(d.Range)
	fewer := m.absentIn(d.Range)
	err := m.state.ApartIn(ctx, d.Range, func(a callvault.Apart) error {
		if a.Counted {
			more++
		}
		if a.Kind != callvault.Withheld {
			fewer++
		}
		return nil
	})
	return -fewer <= d.n && d.n <= more, err
}

// audit follows the difference of a range, unless another one is followed already.
func (t *thread) audit(r callvault.Range, total int) error {
	d, err := t.measure(t.ctx, callvault.Query{Range: r}, total)
	if err == nil && d.n != 0 {
		t.differs = &d
	}
	return err
}
