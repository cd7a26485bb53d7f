package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/callvault/callvault"
)

func mirrorLaws() []law {
	return []law{
		{"a lease is taken as it was seen", leaseIsTakenAsSeen},
		{"of two that saw one lease one takes it", oneTakesTheLease},
		{"a lost lease writes nothing", lostLeaseWritesNothing},
		{"a mirrored company has one writer", mirroredCompanyHasOneWriter},
		{"values are kept by their keys", valuesAreKept},
		{"an ended mirror leaves the calls", endedMirrorLeavesCalls},
		{"mirrors never mix", mirrorsNeverMix},
	}
}

// The upstreams of laws.
const (
	upstream       = "https://us-1.api.example.com"
	secondUpstream = "https://us-2.api.example.com"
)

// takeLease takes the lease of a company as it stands.
func takeLease(t testing.TB, m callvault.MirrorState) callvault.Lease {
	t.Helper()
	lease, err := m.Take(t.Context(), leaseOf(t, m), upstream, "holder")
	if err != nil {
		t.Fatal(err)
	}
	return lease
}

func leaseOf(t testing.TB, m callvault.MirrorReads) callvault.Lease {
	t.Helper()
	lease, err := m.Lease(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return lease
}

// commit commits a change.
func commit(t testing.TB, m callvault.MirrorState, lease callvault.Lease, change callvault.MirrorChange) callvault.PutResult {
	t.Helper()
	result, err := m.Commit(t.Context(), lease, change)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// wantError reports another error than the one that was wanted.
func wantError(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

// The first lease has number 1; each taking raises it. Renewals raise their own count. A lease
// that is not as it was seen is not taken, nor for another upstream.
func leaseIsTakenAsSeen(t *testing.T, open Open) {
	store := open(t)
	m := store.Mirror(acme)
	same(t, "no lease", leaseOf(t, m), callvault.Lease{})
	_, err := m.Take(t.Context(), callvault.Lease{Upstream: upstream, Holder: "a", Number: 1}, upstream, "b")
	wantError(t, "a lease that never was", err, callvault.ErrLeaseLost)
	same(t, "companies", names(t, store), nil)
	for _, no := range [][2]string{{"", "a"}, {upstream, ""}} {
		if _, err := m.Take(t.Context(), callvault.Lease{}, no[0], no[1]); err == nil {
			t.Errorf("took a lease of %q", no)
		}
	}
	first, err := m.Take(t.Context(), callvault.Lease{}, upstream, "a")
	same(t, "the first lease", first, callvault.Lease{Upstream: upstream, Holder: "a", Number: 1})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "companies", names(t, store), []string{acme})
	same(t, "the lease", leaseOf(t, open(t).Mirror(acme)), first)

	renewed, err := m.Renew(t.Context(), first)
	same(t, "the renewed lease", renewed, callvault.Lease{Upstream: upstream, Holder: "a", Number: 1, Renewed: 1})
	if err != nil {
		t.Fatal(err)
	}
	_, err = m.Take(t.Context(), first, upstream, "b")
	wantError(t, "a lease that was renewed", err, callvault.ErrLeaseLost)
	var another *callvault.OtherUpstreamError
	if _, err = m.Take(t.Context(), renewed, secondUpstream, "b"); !errors.As(err, &another) || *another != (callvault.OtherUpstreamError{Company: acme, Upstream: upstream}) {
		t.Errorf("took the lease for another upstream: %v", err)
	}
	same(t, "the lease", leaseOf(t, m), renewed)

	if err := m.Return(t.Context(), first); err != nil { // the count of renewals does not matter
		t.Fatal(err)
	}
	returned := leaseOf(t, m)
	if returned.Holder != "" || returned.Number != 1 {
		t.Errorf("the lease that was given back is %+v", returned)
	}
	second, err := m.Take(t.Context(), returned, upstream, "b")
	if err != nil || second.Number != 2 || second.Holder != "b" {
		t.Errorf("took %+v, %v", second, err)
	}
}

// Of several that saw one lease, exactly one takes it.
func oneTakesTheLease(t *testing.T, open Open) {
	const takers, rounds = 4, 5
	for range rounds {
		seen := leaseOf(t, open(t).Mirror(acme))
		errs := make([]error, takers)
		var group sync.WaitGroup
		for i := range takers {
			m := open(t).Mirror(acme)
			group.Go(func() { _, errs[i] = m.Take(t.Context(), seen, upstream, fmt.Sprint(i)) })
		}
		group.Wait()
		winner := -1
		for i, err := range errs {
			switch {
			case err == nil && winner < 0:
				winner = i
			case !errors.Is(err, callvault.ErrLeaseLost):
				t.Errorf("taker %d: %v, after %d", i, err, winner)
			}
		}
		if now := leaseOf(t, open(t).Mirror(acme)); now.Number != seen.Number+1 || now.Holder != fmt.Sprint(winner) {
			t.Errorf("the lease is %+v, and the winner %d", now, winner)
		}
	}
}

// A mirror whose lease was taken, or given back, writes nothing.
func lostLeaseWritesNothing(t *testing.T, open Open) {
	store := open(t)
	m, calls := store.Mirror(acme), store.Calls(acme)
	lease := takeLease(t, m)
	there := Sample{ID: "1", Time: day}.Call(t)
	commit(t, m, lease, callvault.MirrorChange{
		Calls: callvault.NewBatch([]callvault.Call{there}), Values: map[string][]byte{"key": []byte("1")},
		Entries: map[callvault.Kind][]callvault.Entry{callvault.Users: {entry(t, callvault.Users, "7", "Ada")}},
	})
	before := state(t, store)
	change := callvault.MirrorChange{
		Calls:   callvault.NewBatch(samples(t, Sample{ID: "2", Time: day})),
		Delete:  []callvault.ID{ID(t, "1")},
		Values:  map[string][]byte{"key": nil, "other": []byte("2")},
		Entries: map[callvault.Kind][]callvault.Entry{callvault.Users: nil},
	}
	lost := func(lease callvault.Lease) {
		t.Helper()
		_, err := m.Commit(t.Context(), lease, change)
		wantError(t, "Commit", err, callvault.ErrLeaseLost)
		_, err = m.Commit(t.Context(), lease, callvault.MirrorChange{})
		wantError(t, "a Commit of nothing", err, callvault.ErrLeaseLost)
		_, err = m.Renew(t.Context(), lease)
		wantError(t, "Renew", err, callvault.ErrLeaseLost)
		wantError(t, "Return", m.Return(t.Context(), lease), callvault.ErrLeaseLost)
	}
	now := takeLease(t, m)
	lost(lease)
	lost(callvault.Lease{})
	if err := m.Return(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	lost(now)
	if err := m.End(t.Context()); err != nil {
		t.Fatal(err)
	}
	lost(now)
	same(t, "calls", state(t, store).Calls, before.Calls)
	holds(t, calls, there)
	if next := takeLease(t, m); next.Number != now.Number+1 {
		t.Errorf("after number %d comes %d", now.Number, next.Number)
	}
	lost(now)
	_, err := store.Mirror("nobody").Commit(t.Context(), now, change)
	wantError(t, "Commit to nobody", err, callvault.ErrLeaseLost)
	_, err = store.Mirror("nobody").Renew(t.Context(), now)
	wantError(t, "Renew of nobody's", err, callvault.ErrLeaseLost)
}

// mirrored is what a store has of a mirrored company, but for its lease.
type mirrored struct {
	Calls   []row
	Entries map[callvault.Kind][]callvault.Entry
	Values  []string
	Apart   []callvault.Apart
}

func state(t testing.TB, store callvault.Store) mirrored {
	t.Helper()
	s := mirrored{Calls: list(t, store.Calls(acme), all()), Entries: make(map[callvault.Kind][]callvault.Entry)}
	for _, kind := range callvault.Kinds() {
		s.Entries[kind] = listEntries(t, store.Directory(acme), kind)
	}
	s.Values, s.Apart = values(t, store.Mirror(acme), ""), apart(t, store.Mirror(acme))
	return s
}

// values are the keys and values under a prefix.
func values(t testing.TB, m callvault.MirrorReads, prefix string) (all []string) {
	t.Helper()
	err := m.Values(t.Context(), prefix, func(key string, value []byte) error {
		all = append(all, key+" "+string(value))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// A company with a mirror is written by it alone: whatever else would write is refused and
// writes nothing, whether or not the lease is held. Calls may be deleted.
func mirroredCompanyHasOneWriter(t *testing.T, open Open) {
	store := open(t)
	calls, directory, m := store.Calls(acme), store.Directory(acme), store.Mirror(acme)
	there := samples(t, Sample{ID: "1", Time: day}, Sample{ID: "2", Time: day})
	user := entry(t, callvault.Users, "7", "Ada")
	put(t, calls, there...)
	putEntries(t, directory, callvault.Users, user)
	lease := takeLease(t, m)
	large := make([]callvault.Call, 6000)
	for i := range large {
		large[i] = Sample{ID: fmt.Sprint(i), Time: day}.Call(t)
	}
	refused := func() {
		t.Helper()
		batch := callvault.NewBatch(samples(t, Sample{ID: "1", Time: day, Title: "new"}, Sample{ID: "3", Time: day}))
		guarded, _ := callvault.NewGuardedBatch(samples(t, Sample{ID: "4", Time: day}))
		for what, write := range map[string]func() error{
			"Put":                 func() error { _, err := calls.Put(t.Context(), batch); return err },
			"Put of new calls":    func() error { _, err := calls.Put(t.Context(), batch.OnlyNew()); return err },
			"Put of guarded ones": func() error { _, err := calls.Put(t.Context(), guarded); return err },
			"Put of nothing":      func() error { _, err := calls.Put(t.Context(), callvault.Batch{}); return err },
			"Put of many":         func() error { _, err := calls.Put(t.Context(), callvault.NewBatch(slices.Clone(large))); return err },
			"Load":                func() error { return store.Load(t.Context(), acme, []callvault.Record{{Number: 900, Call: there[0]}}) },
			"Directory.Put": func() error {
				_, err := directory.Put(t.Context(), callvault.Users, []callvault.Entry{entry(t, callvault.Users, "8", "Bo")})
				return err
			},
			"Directory.Delete": func() error {
				_, err := directory.Delete(t.Context(), callvault.Users, []callvault.ID{ID(t, "7")})
				return err
			},
		} {
			var mirrored *callvault.MirroredError
			if err := write(); !errors.As(err, &mirrored) || *mirrored != (callvault.MirroredError{Company: acme, Upstream: upstream}) {
				t.Errorf("%s: %v", what, err)
			}
		}
		holds(t, calls, there...)
		hasEntries(t, directory, callvault.Users, user)
	}
	refused()
	if err := m.Return(t.Context(), lease); err != nil {
		t.Fatal(err)
	}
	refused()
	put(t, store.Calls(other), there...)
	if deleted := remove(t, calls, "1"); deleted != 1 {
		t.Errorf("deleted %d calls", deleted)
	}
	there = there[1:]
	refused()
}

// A value is kept, replaced and removed under its key. Keys are in the order of their bytes,
// and a prefix is no pattern. Orders need no lease.
func valuesAreKept(t *testing.T, open Open) {
	store := open(t)
	m := store.Mirror(acme)
	wantError(t, "an order without a mirror", m.Order(t.Context(), "order/a", []byte("1")), callvault.ErrNotFound)
	lease := takeLease(t, m)
	keep := func(values map[string][]byte) {
		t.Helper()
		commit(t, m, lease, callvault.MirrorChange{Values: values})
	}
	keep(map[string][]byte{"span/10": []byte(`{"a": 1.50}`), "span/9": []byte("null"), "span": []byte(`"é"`), "span~": []byte("[]"), "bin/%": []byte("2"), "bin/_": []byte("3"), "a": []byte("4")})
	same(t, "all", values(t, m, ""), []string{"a 4", "bin/% 2", "bin/_ 3", `span "é"`, `span/10 {"a": 1.50}`, "span/9 null", "span~ []"})
	same(t, "spans", values(t, m, "span/"), []string{`span/10 {"a": 1.50}`, "span/9 null"})
	same(t, "of a pattern", values(t, m, "bin/%"), []string{"bin/% 2"})
	same(t, "of a pattern", values(t, m, "bin/_"), []string{"bin/_ 3"})
	keep(map[string][]byte{"span/10": []byte("5"), "span/9": nil, "nothing": nil})
	same(t, "spans", values(t, open(t).Mirror(acme), "span"), []string{`span "é"`, "span/10 5", "span~ []"})

	if err := store.Mirror(acme).Order(t.Context(), "order/b", []byte(`{"keep":true}`)); err != nil {
		t.Fatal(err)
	}
	same(t, "orders", values(t, m, callvault.OrderPrefix), []string{`order/b {"keep":true}`})
	keep(map[string][]byte{"order/b": nil})
	same(t, "orders", values(t, m, callvault.OrderPrefix), nil)

	stop := errors.New("stop")
	seen := 0
	wantError(t, "the visitor's error", m.Values(t.Context(), "", func(string, []byte) error { seen++; return stop }), stop)
	if seen != 1 {
		t.Errorf("visited %d values after an error", seen)
	}
	before := values(t, m, "")
	for key, value := range map[string]string{"": "1", "a b": "1", "ü": "1", "a\x00": "1", "\x7f": "1", "k": "no JSON", "l": "\"\xff\"", "m": ""} {
		_, err := m.Commit(t.Context(), lease, callvault.MirrorChange{Values: map[string][]byte{"z": []byte("1"), key: []byte(value)}})
		if err == nil || errors.Is(err, callvault.ErrLeaseLost) {
			t.Errorf("committed %q: %q, %v", key, value, err)
		}
	}
	if err := m.Order(t.Context(), "span/9", []byte("1")); err == nil {
		t.Error("a value that is no order was kept without the lease")
	}
	same(t, "all", values(t, m, ""), before)
}

// When a mirror ends, its calls stay and can be written again, and nothing stands apart.
func endedMirrorLeavesCalls(t *testing.T, open Open) {
	store := open(t)
	calls, m := store.Calls(acme), store.Mirror(acme)
	wantError(t, "End of nobody's", m.End(t.Context()), callvault.ErrNotFound)
	put(t, calls, fifty(t)...)
	lease := takeLease(t, m)
	commit(t, m, lease, callvault.MirrorChange{Values: map[string][]byte{"a": []byte("1")}})
	remove(t, calls, fifty(t)[0].ID.String())
	if err := m.End(t.Context()); err != nil {
		t.Fatal(err)
	}
	same(t, "lease", leaseOf(t, m), callvault.Lease{})
	same(t, "values", values(t, m, ""), nil)
	same(t, "apart", apart(t, m), nil)
	wantError(t, "End", m.End(t.Context()), callvault.ErrNotFound)
	wantError(t, "Order", m.Order(t.Context(), "order/a", []byte("1")), callvault.ErrNotFound)
	same(t, "result", put(t, calls, fifty(t)...), callvault.PutResult{Created: 1, Unchanged: 49})
	remove(t, calls, fifty(t)[0].ID.String())
	same(t, "apart", apart(t, m), nil)
	again, err := m.Take(t.Context(), callvault.Lease{}, secondUpstream, "holder")
	if err != nil || again.Number <= lease.Number || again.Upstream != secondUpstream {
		t.Errorf("took %+v after %+v, %v", again, lease, err)
	}
	if n := len(apart(t, m)); n != 49 {
		t.Errorf("%d calls stand apart, want 49", n)
	}
}

// What a company's mirror does touches no other's, though ids, keys and numbers are the same.
func mirrorsNeverMix(t *testing.T, open Open) {
	store := open(t)
	batch := fifty(t)
	companies := []string{acme, other}
	for _, company := range append(companies, "Acme") {
		put(t, store.Calls(company), batch...)
	}
	leases := make(map[string]callvault.Lease)
	for i, company := range companies {
		leases[company] = takeLease(t, store.Mirror(company))
		commit(t, store.Mirror(company), leases[company], callvault.MirrorChange{Values: map[string][]byte{"a": fmt.Append(nil, i)}})
	}
	commit(t, store.Mirror(acme), leases[acme], callvault.MirrorChange{
		Calls:  callvault.NewBatch(slices.Clone(batch[10:])),
		Delete: []callvault.ID{batch[0].ID}, Keep: []callvault.ID{batch[1].ID},
		Strange: map[callvault.ID]callvault.Time{batch[20].ID: day},
		Entries: map[callvault.Kind][]callvault.Entry{callvault.Users: {entry(t, callvault.Users, "7", "Ada")}},
		Values:  map[string][]byte{"a": nil},
	})
	remove(t, store.Calls(acme), batch[30].ID.String())
	for _, company := range []string{other, "Acme"} {
		holds(t, store.Calls(company), batch...)
		hasEntries(t, store.Directory(company), callvault.Users)
	}
	m := store.Mirror(other)
	same(t, "values", values(t, m, ""), []string{"a 1"})
	same(t, "lease", leaseOf(t, m), leases[other])
	if n, w := len(apart(t, m)), weight(t, m, callvault.AllTime); n != len(batch) || w != -len(batch) {
		t.Errorf("%d calls stand apart and weigh %d", n, w)
	}
	same(t, "apart", apart(t, store.Mirror("Acme")), nil)
	if err := store.Mirror(acme).End(t.Context()); err != nil {
		t.Fatal(err)
	}
	same(t, "values", values(t, m, ""), []string{"a 1"})
	same(t, "result", put(t, store.Calls("Acme"), batch...), callvault.PutResult{Unchanged: 50})
	wantSound(t, store)
}
