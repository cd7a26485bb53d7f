package storetest

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/upkeep"
)

func copyLaws() []law {
	return []law{
		{"an import into an unfinished copy stays", importIntoUnfinishedCopyStays},
		{"a copy has the users", copyHasUsers},
		{"copies disturb each other", func(t *testing.T, open Open) { copiesDisturbEachOther(t, open, fifty(t)) }},
		{"copies of keys alone disturb each other", func(t *testing.T, open Open) { copiesDisturbEachOther(t, open, nil) }},
	}
}

// original is a store to copy from: one company with calls, and a key.
type original struct {
	callvault.Store
	calls     []callvault.Call
	keys      []callvault.Key
	timelines []callvault.Timeline
	users     []callvault.Entry
	meanwhile func() error // what happens when the calls are read
}

func newOriginal(t testing.TB) *original {
	return &original{calls: fifty(t), timelines: []callvault.Timeline{callvault.NewTimeline(0)}, keys: []callvault.Key{key("K", acme)},
		meanwhile: func() error { return nil }}
}

func (o *original) copyTo(t testing.TB, to callvault.Store) error {
	return upkeep.Copy(t.Context(), o, to, unseen{})
}

func (o *original) Snapshot(_ context.Context, f func(callvault.Snapshot) error) error {
	return f(moment{o})
}

// moment is the snapshot of an original.
type moment struct{ *original }

func (m moment) Companies(context.Context) ([]string, error)           { return []string{acme}, nil }
func (m moment) Quotas(context.Context) ([]callvault.QuotaUsed, error) { return nil, nil }
func (m moment) Calls(string) callvault.Reads                          { return reads{original: m.original} }
func (m moment) Directory(string) callvault.Entries                    { return listed(m.users) }
func (m moment) Keys(context.Context, callvault.KeysVersion) ([]callvault.Key, callvault.KeysVersion, error) {
	return m.keys, callvault.KeysVersion{}, nil
}
func (m moment) CursorSecret(context.Context) ([]byte, error) {
	return []byte("the secret of the original, 32 b"), nil
}

// reads is what a copy reads of calls.
type reads struct {
	callvault.Reads
	original *original
}

func (r reads) CountRecords(context.Context) (int, error) { return len(r.original.calls), nil }
func (r reads) Timelines(context.Context) ([]callvault.Timeline, error) {
	return r.original.timelines, nil
}
func (r reads) Changes(_ context.Context, _ int64, _ int, visit func(callvault.Record) error) error {
	if err := r.original.meanwhile(); err != nil {
		return err
	}
	for i, c := range r.original.calls {
		if err := visit(callvault.Record{Number: int64(i) + 1, Call: c}); err != nil {
			return err
		}
	}
	return nil
}

// listed are the users of an original.
type listed []callvault.Entry

func (l listed) Count(_ context.Context, kind callvault.Kind) (int, error) {
	if kind != callvault.Users {
		return 0, nil
	}
	return len(l), nil
}

func (l listed) Scan(_ context.Context, kind callvault.Kind, after callvault.ID, _ int, visit func(callvault.Entry) error) error {
	for _, e := range l {
		if kind == callvault.Users && e.ID.Compare(after) > 0 {
			if err := visit(e); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l listed) Get(ctx context.Context, kind callvault.Kind, ids []callvault.ID, visit func(callvault.Entry) error) error {
	return l.Scan(ctx, kind, callvault.ID{}, -1, func(e callvault.Entry) error {
		if !slices.Contains(ids, e.ID) {
			return nil
		}
		return visit(e)
	})
}

// unseen is a Progress that nobody looks at.
type unseen struct{}

func (unseen) Begin(string, string, int) {}
func (unseen) Add(int)                   {}

// An unfinished copy is copied again, unless something else wrote to it: that stays.
func importIntoUnfinishedCopyStays(t *testing.T, open Open) {
	store, o := open(t), newOriginal(t)
	powerCut := errors.New("the power is gone")
	o.meanwhile = func() error { return powerCut }
	for range 2 {
		if err := o.copyTo(t, store); !errors.Is(err, powerCut) {
			t.Fatal(err)
		}
	}
	put(t, store.Calls(acme), Sample{ID: "777", Time: day}.Call(t))
	o.meanwhile = func() error { return nil }
	if err := o.copyTo(t, store); !errors.Is(err, upkeep.ErrNotEmpty) {
		t.Errorf("copied again: %v", err)
	}
	same(t, "calls", len(records(t, store, acme, 0)), 1)
}

// An unfinished copy with users of the original is copied again, and has them all. One with
// other users is refused, and so is one whose users changed since.
func copyHasUsers(t *testing.T, open Open) {
	store, o := open(t), newOriginal(t)
	o.users = []callvault.Entry{entry(t, callvault.Users, "1", "A"), entry(t, callvault.Users, "20", "B"), entry(t, callvault.Users, "3", "C")}
	o.users = callvault.SortEntries(o.users)
	powerCut := errors.New("the power is gone")
	o.meanwhile = func() error { return powerCut }
	if err := o.copyTo(t, store); !errors.Is(err, powerCut) {
		t.Fatal(err)
	}
	d := store.Directory(acme)
	for _, stranger := range []callvault.Entry{entry(t, callvault.Users, "4", "D"), entry(t, callvault.Users, "3", "changed")} {
		putEntries(t, d, callvault.Users, o.users[0], stranger)
		if err := o.copyTo(t, store); !errors.Is(err, upkeep.ErrNotEmpty) {
			t.Errorf("copied again: %v", err)
		}
		if _, err := d.Delete(t.Context(), callvault.Users, []callvault.ID{stranger.ID}); err != nil {
			t.Fatal(err)
		}
	}
	o.meanwhile = func() error { return nil }
	if err := o.copyTo(t, store); err != nil {
		t.Error(err)
	}
	hasEntries(t, d, callvault.Users, o.users...)
	wantSound(t, store)
}

// Of two copies into one store one is finished, and the other says that it was disturbed.
func copiesDisturbEachOther(t *testing.T, open Open, calls []callvault.Call) {
	store, first, second := open(t), newOriginal(t), newOriginal(t)
	first.calls, second.calls, second.timelines = calls, calls, first.timelines
	first.meanwhile = func() error { return second.copyTo(t, open(t)) }
	if err := first.copyTo(t, store); !errors.Is(err, upkeep.ErrDisturbed) {
		t.Error(err)
	}
	same(t, "calls", len(records(t, store, acme, 0)), len(calls))
}
