package storetest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/upkeep"
)

func copyLaws() []law {
	return []law{
		{"an import into an unfinished copy stays", importIntoUnfinishedCopyStays},
		{"a copy has the users", copyHasUsers},
		{"a copy has the mirror", copyHasMirror},
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
	mirror    copiedMirror
	meanwhile func() error // what happens when the calls are read
	later     func() error // what happens when the quotas are read, last of all but the keys
}

func newOriginal(t testing.TB) *original {
	return &original{calls: fifty(t), timelines: []callvault.Timeline{callvault.NewTimeline(0)}, keys: []callvault.Key{key("K", acme)},
		meanwhile: func() error { return nil }, later: func() error { return nil }}
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
func (m moment) Quotas(context.Context) ([]callvault.QuotaUsed, error) { return nil, m.later() }
func (m moment) Calls(string) callvault.Reads                          { return reads{original: m.original} }
func (m moment) Directory(string) callvault.Entries                    { return listed(m.users) }
func (m moment) Mirror(string) callvault.MirrorReads                   { return m.mirror }
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

// copiedMirror is the mirror of an original.
type copiedMirror struct {
	callvault.MirrorReads
	lease  callvault.Lease
	values []string // each a key and a value, with a space between
	apart  []callvault.Apart
}

func (m copiedMirror) Lease(context.Context) (callvault.Lease, error) { return m.lease, nil }
func (m copiedMirror) Values(_ context.Context, _ string, visit func(key string, value []byte) error) error {
	for _, v := range m.values {
		key, value, _ := strings.Cut(v, " ")
		if err := visit(key, []byte(value)); err != nil {
			return err
		}
	}
	return nil
}
func (m copiedMirror) Apart(_ context.Context, kind callvault.Apartness, visit func(callvault.Apart) error) error {
	for _, a := range m.apart {
		if a.Kind != kind {
			continue
		}
		if err := visit(a); err != nil {
			return err
		}
	}
	return nil
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

// A copy has the mirror of the original, whose lease nobody holds, and is as much its mirror's
// as the original. An unfinished copy that somebody's mirror has taken is refused.
func copyHasMirror(t *testing.T, open Open) {
	store, o := open(t), newOriginal(t)
	o.mirror = copiedMirror{
		lease:  callvault.Lease{Upstream: upstream, Holder: "somebody", Number: 7, Renewed: 3},
		values: []string{`bin/1 {"n":5}`, "span/2 [1.50]"},
		apart: []callvault.Apart{
			{ID: o.calls[0].ID, Kind: callvault.Own, At: o.calls[0].Time},
			{ID: o.calls[1].ID, Kind: callvault.Kept, At: o.calls[1].Time},
			{ID: ID(t, "777"), Kind: callvault.Withheld, Counted: true, At: day - hour},
			{ID: ID(t, "778"), Kind: callvault.Withheld},
			{ID: o.calls[2].ID, Kind: callvault.Strange, Counted: true, At: day + 5},
		},
	}
	powerCut := errors.New("the power is gone")
	o.later = func() error { return powerCut }
	for range 2 {
		if err := o.copyTo(t, store); !errors.Is(err, powerCut) {
			t.Fatal(err)
		}
	}
	m := store.Mirror(acme)
	lease := takeLease(t, m)
	if err := o.copyTo(t, store); !errors.Is(err, upkeep.ErrNotEmpty) {
		t.Errorf("copied over a mirror: %v", err)
	}
	if err := m.End(t.Context()); err != nil {
		t.Fatal(err)
	}
	o.meanwhile = func() error { takeLease(t, m); return nil }
	if err := o.copyTo(t, store); !errors.Is(err, upkeep.ErrDisturbed) {
		t.Errorf("copied beside a mirror: %v", err)
	}
	if err := m.End(t.Context()); err != nil {
		t.Fatal(err)
	}
	o.meanwhile, o.later = func() error { return nil }, func() error { return nil }
	if err := o.copyTo(t, store); err != nil {
		t.Fatal(err)
	}
	same(t, "lease", leaseOf(t, m), callvault.Lease{Upstream: upstream, Number: 7, Renewed: 3})
	same(t, "values", values(t, m, ""), o.mirror.values)
	same(t, "apart", apart(t, m), o.mirror.apart)
	if w, beside := weight(t, m, callvault.AllTime), weight(t, m, callvault.Range{From: day - hour, To: day - hour + 1}); w != -1 || beside != 1 {
		t.Errorf("all weigh %d, and those of a moment %d", w, beside)
	}
	wantSound(t, store)
	var mirrored *callvault.MirroredError
	if _, err := store.Calls(acme).Put(t.Context(), callvault.Batch{}); !errors.As(err, &mirrored) {
		t.Errorf("the copy was written to: %v", err)
	}
	if next := takeLease(t, m); next.Number <= 7 || lease.Number <= 7 {
		t.Errorf("took %+v and %+v", lease, next)
	}
	if err := store.AdoptMirror(t.Context(), acme, o.mirror); !errors.As(err, &mirrored) {
		t.Errorf("adopted another mirror: %v", err)
	}
	if err := store.AdoptMirror(t.Context(), "nobody", copiedMirror{}); err != nil || slices.Contains(names(t, store), "nobody") {
		t.Errorf("adopted nobody's mirror: %v", err)
	}
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
