package mirror

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/budget"
	"github.com/callvault/callvault/internal/upstream"
)

// shelf is a store of some calls, in order.
type shelf struct {
	callvault.Calls
	calls      []callvault.Call
	workspaces []callvault.ID
}

// shelfState is the state of their mirror, which keeps nothing but what stands apart.
type shelfState struct {
	callvault.MirrorState
	apart  []callvault.Apart
	weight int
}

func (s shelf) Scan(_ context.Context, q callvault.Query, after callvault.Position, limit int, visit func(callvault.Record) error) error {
	for _, call := range s.calls {
		if q.From <= call.Time && call.Time < q.To && limit != 0 && (&call).Position().Compare(after) > 0 {
			limit--
			if err := visit(callvault.Record{Call: call}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s shelf) ScanBack(_ context.Context, q callvault.Query, before callvault.Position, limit int, visit func(callvault.Record) error) error {
	for _, call := range slices.Backward(s.calls) {
		if q.From <= call.Time && limit != 0 && (&call).Position().Compare(before) < 0 {
			limit--
			if err := visit(callvault.Record{Call: call}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s shelf) Get(_ context.Context, ids []callvault.ID, visit func(callvault.Record) error) error {
	for _, call := range s.calls {
		if slices.Contains(ids, call.ID) {
			if err := visit(callvault.Record{Call: call}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s shelf) Count(_ context.Context, q callvault.Query) (n int, err error) {
	for _, call := range s.calls {
		if q.From <= call.Time && call.Time < q.To {
			n++
		}
	}
	return n, nil
}

func (s shelf) Workspaces(context.Context) ([]callvault.ID, error) { return s.workspaces, nil }

// ApartIn visits all, which is more than it must.
func (s shelfState) ApartIn(_ context.Context, _ callvault.Range, visit func(callvault.Apart) error) error {
	for _, stands := range s.apart {
		if err := visit(stands); err != nil {
			return err
		}
	}
	return nil
}

func (s shelfState) Weight(context.Context, callvault.Range) (int, error) { return s.weight, nil }

func (s shelfState) Commit(context.Context, callvault.Lease, callvault.MirrorChange) (callvault.PutResult, error) {
	return callvault.PutResult{}, nil
}

// shelved is a mirror of some calls.
func shelved(calls []callvault.Call, state shelfState) *Mirror {
	now := at(0).UTC()
	m := &Mirror{config: Config{Hurry: 1, Now: func() time.Time { return now }}, calls: shelf{calls: calls}, state: state, log: slog.New(slog.DiscardHandler)}
	m.memory.reset()
	m.draft.reset()
	return m
}

// id is the id that has a digit.
func id(digit int) callvault.ID {
	id, err := callvault.ParseID(string(rune('0' + digit)))
	if err != nil {
		panic(err)
	}
	return id
}

// call is the call of a digit at the seconds of its time.
func call(digit, seconds int) callvault.Call {
	return callvault.Call{ID: id(digit), Time: at(seconds), Document: []byte{byte(digit)}}
}

// stand is where that call stands.
func stand(digit, seconds int) callvault.Position {
	return callvault.Position{Time: at(seconds), ID: id(digit)}
}

func calls(digitsAndSeconds ...int) (all []callvault.Call) {
	for pair := range slices.Chunk(digitsAndSeconds, 2) {
		all = append(all, call(pair[0], pair[1]))
	}
	return all
}

// Of our calls, those are absent that a page speaks for and does not list; and what it lists is
// put if it is new, or different, or counts elsewhere than before. A page with a cursor speaks
// for the places up to that of its last call, and the next one for those after it. Of a call
// that counts elsewhere only the time is known where it counts, so that it may be on either page
// if that is the time of the last call.
func TestTakeIn(t *testing.T) {
	here := calls(1, 10, 2, 20, 4, 20, 6, 20, 7, 30, 9, 500)
	strange := func(digit, seconds int) callvault.Apart {
		return callvault.Apart{ID: id(digit), Kind: callvault.Strange, Counted: true, At: at(seconds)}
	}
	withheld := func(digit int) callvault.Apart {
		return callvault.Apart{ID: id(digit), Kind: callvault.Withheld, Counted: true, At: at(30)}
	}
	after := stand(4, 20)
	for name, c := range map[string]struct {
		here        []callvault.Call // if it is not the usual
		apart       []callvault.Apart
		after       callvault.Position
		page        []callvault.Call
		goesOn      bool
		absent, put []int
		strange     map[int]int
		first, last callvault.Position
	}{
		"all":                          {page: calls(1, 10, 2, 20, 4, 20, 6, 20, 7, 30), first: stand(1, 10)},
		"nothing":                      {absent: []int{1, 2, 4, 6, 7}, first: callvault.Position{Time: at(0)}},
		"a new one":                    {page: calls(1, 10, 2, 20, 3, 20, 4, 20, 6, 20, 7, 30), put: []int{3}, first: stand(1, 10)},
		"the first page":               {page: calls(2, 20, 4, 20), goesOn: true, absent: []int{1}, first: stand(2, 20), last: after},
		"the first page, and fewer":    {page: calls(4, 20), goesOn: true, absent: []int{1, 2}, first: after, last: after},
		"the next page":                {after: after, page: calls(7, 30), absent: []int{6}, first: stand(7, 30)},
		"the next page is empty":       {after: after, absent: []int{6, 7}, first: after},
		"one listed at another time":   {page: calls(1, 10, 9, 500, 2, 20, 4, 20, 6, 20, 7, 30), put: []int{9}, strange: map[int]int{9: 10}, first: stand(1, 10)},
		"one listed as before":         {apart: []callvault.Apart{strange(9, 10)}, page: calls(1, 10, 9, 500, 2, 20, 4, 20, 6, 20, 7, 30), first: stand(1, 10)},
		"one listed at a third time":   {apart: []callvault.Apart{strange(9, 20)}, page: calls(1, 10, 9, 500, 2, 20, 4, 20, 6, 20, 7, 30), put: []int{9}, strange: map[int]int{9: 10}, first: stand(1, 10)},
		"one no longer listed there":   {apart: []callvault.Apart{strange(9, 10)}, page: calls(1, 10, 2, 20, 4, 20, 6, 20, 7, 30), absent: []int{9}, first: stand(1, 10)},
		"one that counts elsewhere":    {apart: []callvault.Apart{strange(1, 500)}, page: calls(2, 20, 4, 20, 6, 20, 7, 30), first: stand(2, 20)},
		"one that may be on the next":  {apart: []callvault.Apart{strange(1, 20)}, page: calls(2, 20, 4, 20), goesOn: true, first: stand(2, 20), last: after},
		"one that was on the last":     {apart: []callvault.Apart{strange(9, 20)}, after: after, page: calls(6, 20, 7, 30), first: stand(6, 20)},
		"one that is on neither":       {apart: []callvault.Apart{strange(9, 30)}, after: after, page: calls(6, 20, 7, 30), absent: []int{9}, first: stand(6, 20)},
		"one at the first instant":     {apart: []callvault.Apart{strange(9, 0)}, page: calls(1, 10, 2, 20, 4, 20, 6, 20, 7, 30), absent: []int{9}, first: stand(1, 10)},
		"some of before and some kept": {apart: []callvault.Apart{{ID: id(1), Kind: callvault.Own, At: at(10)}, {ID: id(2), Kind: callvault.Kept, At: at(20)}}, page: calls(4, 20, 6, 20, 7, 30), first: after},
		"one of before is listed":      {apart: []callvault.Apart{{ID: id(1), Kind: callvault.Own, At: at(10)}}, page: calls(1, 10, 2, 20, 4, 20, 6, 20, 7, 30), put: []int{1}, first: stand(1, 10)},
		"one that was deleted here":    {here: calls(1, 10), apart: []callvault.Apart{withheld(7)}, page: calls(1, 10, 7, 30), first: stand(1, 10)},
		"one that moved since":         {here: calls(1, 10), apart: []callvault.Apart{withheld(7)}, page: calls(1, 10, 7, 40), put: []int{7}, first: stand(1, 10)},
		"one not listed until now":     {here: calls(1, 10), apart: []callvault.Apart{{ID: id(7), Kind: callvault.Withheld}}, page: calls(1, 10, 7, 30), put: []int{7}, first: stand(1, 10)},
	} {
		t.Run(name, func(t *testing.T) {
			if c.here == nil {
				c.here = here
			}
			m := shelved(c.here, shelfState{apart: c.apart})
			q := callvault.Query{Range: span(0, 100)}
			a := answer{class: budget.Young, asked: q, after: c.after, page: upstream.Page{Calls: c.page}}
			if c.last == (callvault.Position{}) {
				c.last = q.End()
			}
			if c.goesOn {
				a.page.Cursor = "more"
			}
			taken, err := m.takeIn(t.Context(), a)
			if want := (takenIn{first: c.first.Time, last: c.last, listed: len(c.page)}); err != nil || taken != want {
				t.Errorf("it comes to %+v, want %+v, %v", taken, want, err)
			}
			var put []callvault.ID
			for _, one := range m.draft.calls {
				put = append(put, one.ID)
			}
			same := func(what string, got []callvault.ID, want []int) {
				t.Helper()
				var ids []callvault.ID
				for _, digit := range want {
					ids = append(ids, id(digit))
				}
				if slices.SortFunc(got, callvault.ID.Compare); !slices.Equal(got, ids) {
					t.Errorf("%s are %v, want %v", what, got, ids)
				}
			}
			same("absent", slices.Collect(maps.Keys(m.absent)), c.absent)
			same("put", put, c.put)
			strange := make(map[callvault.ID]callvault.Time)
			for digit, seconds := range c.strange {
				strange[id(digit)] = at(seconds)
			}
			if !maps.Equal(m.draft.strange, strange) {
				t.Errorf("elsewhere are %v, want %v", m.draft.strange, strange)
			}
		})
	}
}
