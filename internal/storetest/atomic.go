package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/callvault/callvault"
)

func atomicLaws() []law {
	return []law{
		{"put is all or none", putIsAllOrNone},
		{"delete is all or none", deleteIsAllOrNone},
		{"a write that was refused took nothing", refusedWriteTookNothing},
		{"a company that was not made after all", companyThatWasNotMade},
	}
}

// beforeAndAfter are two states of a company: between them calls come, move in
// time and between workspaces, and stay.
func beforeAndAfter(t testing.TB) (before, after []callvault.Call) {
	for i := range 200 {
		s := Sample{ID: fmt.Sprint(i), Time: day + callvault.Time(i)*minute, Workspace: fmt.Sprint(i % 2)}
		if i < 140 {
			before = append(before, s.Call(t))
		}
		if i%3 > 0 {
			s.Time -= callvault.Time(i) * hour
			s.Workspace = fmt.Sprint(i % 4)
		}
		after = append(after, s.Call(t))
	}
	return before, after
}

// A batch whose context ends while it is written is there whole or not at all,
// and whole when Put said so.
func putIsAllOrNone(t *testing.T, open Open) {
	calls := open(t).Calls(acme)
	before, after := beforeAndAfter(t)
	put(t, calls, before...)
	allOrNone(t, calls, before, after, func(ctx context.Context) error {
		_, err := calls.Put(ctx, callvault.NewBatch(slices.Clone(after)))
		return err
	})
}

// Calls whose deletion is cut short are all gone or all there.
func deleteIsAllOrNone(t *testing.T, open Open) {
	calls := open(t).Calls(acme)
	before, _ := beforeAndAfter(t)
	after := before[100:]
	ids := make([]callvault.ID, 100)
	for i := range ids {
		ids[i] = before[i].ID
	}
	put(t, calls, before...)
	allOrNone(t, calls, before, after, func(ctx context.Context) error {
		_, err := calls.Delete(ctx, ids)
		return err
	})
	allOrNone(t, calls, before, after, func(ctx context.Context) error {
		_, err := calls.DeleteFirst(ctx, all(), len(ids))
		return err
	})
}

// allOrNone cuts a write short at many moments and looks at what it left. The
// moments are parts of the time that the write takes when it is let be; where
// they fall is chance, what holds is not.
func allOrNone(t *testing.T, calls callvault.Calls, before, after []callvault.Call, write func(context.Context) error) {
	t.Helper()
	var gone []string
	for _, c := range after {
		if !slices.ContainsFunc(before, func(b callvault.Call) bool { return b.ID == c.ID }) {
			gone = append(gone, c.ID.String())
		}
	}
	const cuts = 16
	var took time.Duration
	for i := range cuts {
		number := highest(t, calls)
		ctx, cancel := context.Background(), context.CancelFunc(func() {})
		if i > 0 {
			ctx, cancel = context.WithTimeout(ctx, took*time.Duration(i)/(cuts-2))
		}
		begun := time.Now()
		err := write(ctx)
		if i == 0 {
			took = time.Since(begun)
		}
		cancel()
		got := list(t, calls, all())
		is := before
		if err == nil || len(got) == len(after) {
			is = after
		}
		holds(t, calls, is...)
		for _, workspace := range []string{"0", "1", "2", "3"} {
			q := in(t, workspace)
			if got, want := count(t, calls, q), len(matching(is, q)); got != want {
				t.Errorf("%s counts %d, want %d", describe(q), got, want)
			}
		}
		if now := highest(t, calls); (now == number) != (len(is) == len(before)) {
			t.Errorf("the highest number went from %d to %d, and %d calls became %d", number, now, len(before), len(got))
		}
		if t.Failed() {
			t.Fatalf("after a write that was cut short at %v of %v: %v", took*time.Duration(i)/(cuts-2), took, err)
		}
		remove(t, calls, gone...)
		put(t, calls, before...)
	}
}

// A write under a context that is done takes no number, makes no company and
// leaves no trace.
func refusedWriteTookNothing(t *testing.T, open Open) {
	store := open(t)
	c := Sample{ID: "1", Time: day}.Call(t)
	done, cancel := context.WithCancel(t.Context())
	cancel()
	for range 2 {
		if _, err := store.Calls(acme).Put(done, callvault.NewBatch([]callvault.Call{c})); err == nil {
			t.Error("a put under a context that is done succeeded")
		}
	}
	names, err := store.Companies(t.Context())
	if err != nil || len(names) > 0 {
		t.Errorf("companies %q, %v, want none", names, err)
	}
	put(t, store.Calls(acme), c)
	if _, err := store.Calls(acme).Delete(done, []callvault.ID{c.ID}); err == nil {
		t.Error("a delete under a context that is done succeeded")
	}
	holds(t, store.Calls(acme), c)
	put(t, store.Calls(acme), Sample{ID: "2", Time: day}.Call(t))
	if got := highest(t, store.Calls(acme)); got != 2 {
		t.Errorf("the highest number is %d, want 2", got)
	}
}

// A company whose first write failed is not there, and one that is made next is
// not taken for it.
func companyThatWasNotMade(t *testing.T, open Open) {
	store := open(t)
	addKeys(t, store, key("K", acme))
	if err := store.AddKey(t.Context(), key("K", "unmade")); err == nil {
		t.Fatal("a key was added whose id was taken")
	}
	c := Sample{ID: "1", Time: day, Workspace: "7"}.Call(t)
	put(t, store.Calls(other), c)
	holds(t, store.Calls("unmade"))
	if got := remove(t, store.Calls("unmade"), "1"); got != 0 {
		t.Errorf("deleted %d calls of a company that is not there", got)
	}
	same(t, "companies", names(t, store), []string{acme, other})
	same(t, "result", put(t, store.Calls("unmade"), c), callvault.PutResult{Created: 1})
	holds(t, store.Calls(other), c)
	same(t, "companies", names(t, open(t)), []string{acme, other, "unmade"})
}
