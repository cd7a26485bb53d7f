package storetest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/callvault/callvault"
)

// model is a company's calls in a store too simple to be wrong: one slice, in
// no order.
type model struct {
	calls   []callvault.Call
	numbers map[callvault.ID]int64 // of each call and tombstone, as the store gave them
	last    int64                  // how many changes there were
}

// put does what Calls.Put does with calls in the order they came, and tells
// which ids it changed.
func (m *model) put(batch []callvault.Call) (result callvault.PutResult, changed []callvault.ID) {
	done := make(map[callvault.ID]bool)
	for _, c := range slices.Backward(batch) { // the later of two records wins
		if done[c.ID] {
			continue
		}
		done[c.ID] = true
		i := slices.IndexFunc(m.calls, func(there callvault.Call) bool { return there.ID == c.ID })
		switch {
		case i < 0:
			result.Created++
			m.calls = append(m.calls, c)
		case string(m.calls[i].Document) == string(c.Document):
			result.Unchanged++
			continue
		default:
			result.Changed++
			m.calls[i] = c
		}
		changed = append(changed, c.ID)
	}
	return result, changed
}

// remove does what Calls.Delete does, and tells which ids were there.
func (m *model) remove(ids []callvault.ID) (removed []callvault.ID) {
	for _, id := range ids {
		i := slices.IndexFunc(m.calls, func(there callvault.Call) bool { return there.ID == id })
		if i < 0 {
			continue
		}
		m.calls = slices.Delete(m.calls, i, i+1)
		removed = append(removed, id)
	}
	return removed
}

// first are the ids of the calls of q that stand first, all when limit is
// negative.
func (m *model) first(q callvault.Query, limit int) (ids []callvault.ID) {
	for _, c := range matching(m.calls, q) {
		if len(ids) == limit {
			break
		}
		ids = append(ids, c.ID)
	}
	return ids
}

// check compares everything that a company has with the model, after a commit
// that changed some ids and no others.
func (m *model) check(t testing.TB, calls callvault.Calls, changed []callvault.ID) {
	t.Helper()
	holds(t, calls, m.calls...)
	wantNames(t, calls, m.calls)
	if err := m.checkNumbers(changes(t, calls), changed); err != nil {
		t.Error(err)
	}
}

// checkNumbers tells what is wrong with the numbers after a commit, and learns
// which the changes took.
func (m *model) checkNumbers(got []change, changed []callvault.ID) error {
	before, last := m.last, int64(0)
	m.last += int64(len(changed))
	for _, c := range got {
		there := slices.ContainsFunc(m.calls, func(there callvault.Call) bool { return there.ID == c.ID })
		isChanged := slices.Contains(changed, c.ID)
		switch {
		case c.Number <= last:
			return fmt.Errorf("call %s has number %d, and stands after number %d", c.ID, c.Number, last)
		case c.Deleted == there:
			return fmt.Errorf("call %s is deleted: %t, want %t", c.ID, c.Deleted, !there)
		case isChanged && (c.Number <= before || c.Number > m.last):
			return fmt.Errorf("call %s took number %d, want one from %d to %d", c.ID, c.Number, before+1, m.last)
		case !isChanged && c.Number != m.numbers[c.ID]:
			return fmt.Errorf("call %s has number %d, want %d as before", c.ID, c.Number, m.numbers[c.ID])
		}
		last = c.Number
		m.numbers[c.ID] = c.Number
	}
	if last != m.last || len(got) != len(m.numbers) {
		return fmt.Errorf("%d ids up to number %d, want %d up to %d", len(got), last, len(m.numbers), m.last)
	}
	return nil
}
