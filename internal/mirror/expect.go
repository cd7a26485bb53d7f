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

// difference is D: how many calls more the upstream counts in a range than can be explained.
type difference struct {
	callvault.Range
	n int
}

// measure is the difference of a range in which the upstream counts so many calls. Remembered
// excess and calls that are known to be absent explain themselves. It is unknown, and so zero,
// if the range begins or ends within a leaf.
func (m *Mirror) measure(ctx context.Context, r callvault.Range, total int) (difference, error) {
	d := difference{Range: r}
	excess, known := m.leaves.excess(r)
	if !known {
		return d, nil
	}
	here, err := m.here(ctx, r)
	d.n = total - here - excess + m.absentIn(r)
	return d, err
}

// audit follows the difference of a range, unless another one is followed already.
func (t *thread) audit(r callvault.Range, total int) error {
	d, err := t.measure(t.ctx, r, total)
	if err == nil && d.n != 0 {
		t.differs = &d
	}
	return err
}
