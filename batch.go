package callvault

import "slices"

// Batch is calls to be written together: at most one to an id, in the one
// order of calls, which is also the order that engines write fastest.
type Batch struct {
	calls   []Call
	guarded bool
	onlyNew bool
	yields  bool
}

// NewBatch takes calls in the order they came; of several with one id the
// last wins. It takes the slice over.
func NewBatch(calls []Call) Batch {
	last := make(map[ID]int, len(calls))
	for i := range calls {
		last[calls[i].ID] = i
	}
	return newBatch(calls, last)
}

// NewGuardedBatch is NewBatch for a batch with one more law: a call does not replace one
// that has another clientUniqueId. Put returns a *ClientError where it would. Calls of the
// slice that would replace one before them are left out: refused are their places.
func NewGuardedBatch(calls []Call) (b Batch, refused []int) {
	last := make(map[ID]int, len(calls))
	for i := range calls {
		if before, ok := last[calls[i].ID]; ok && calls[i].HasOtherClient(&calls[before]) {
			refused = append(refused, i)
			continue
		}
		last[calls[i].ID] = i
	}
	b = newBatch(calls, last)
	b.guarded = true
	return b, refused
}

// newBatch is a batch of the last calls of their ids.
func newBatch(calls []Call, last map[ID]int) Batch {
	if len(last) < len(calls) {
		kept := calls[:0]
		for i := range calls {
			if last[calls[i].ID] == i {
				kept = append(kept, calls[i])
			}
		}
		calls = kept
	}
	slices.SortFunc(calls, func(a, b Call) int { return a.Position().Compare(b.Position()) })
	return Batch{calls: calls}
}

// Calls are the calls of the batch, for engines to read.
func (b Batch) Calls() []Call { return b.calls }

// Len is the number of calls in the batch.
func (b Batch) Len() int { return len(b.calls) }

// IsGuarded tells whether the batch is guarded.
func (b Batch) IsGuarded() bool { return b.guarded }

// Without is the batch without the calls with some ids. It is for engines.
func (b Batch) Without(ids map[ID]bool) Batch {
	if len(ids) > 0 {
		b.calls = slices.DeleteFunc(slices.Clone(b.calls), func(c Call) bool { return ids[c.ID] })
	}
	return b
}

// OnlyNew is the batch with one more law: it replaces no call. Those whose ids are there
// are left alone, and count as unchanged.
func (b Batch) OnlyNew() Batch {
	b.onlyNew = true
	return b
}

// IsOnlyNew tells whether the batch only adds calls.
func (b Batch) IsOnlyNew() bool { return b.onlyNew }

// Yielding is the batch with one more law: Put may return ErrYielded because other writers
// wait. It is for large batches that nobody waits for.
func (b Batch) Yielding() Batch {
	b.yields = true
	return b
}

// IsYielding tells whether the batch may be given up.
func (b Batch) IsYielding() bool { return b.yields }

// Cut divides the batch into its first n calls and the rest.
func (b Batch) Cut(n int) (first, rest Batch) {
	first, rest = b, b
	n = min(n, len(b.calls))
	first.calls, rest.calls = b.calls[:n:n], b.calls[n:]
	return first, rest
}
