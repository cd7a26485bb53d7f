package storetest

import (
	"bytes"
	"errors"
	"testing"

	"github.com/callvault/callvault"
)

func snapshotLaws() []law {
	return []law{
		{"a snapshot is of one moment", snapshotIsOfOneMoment},
		{"a snapshot has everything", snapshotHasEverything},
		{"records are counted", recordsAreCounted},
		{"loaded records are as they were", loadedRecordsAreAsTheyWere},
		{"loaded records replace", loadedRecordsReplace},
		{"records are loaded all or none", loadIsAllOrNone},
		{"a store is sound", storeIsSound},
		{"the secret and keys of a store are inherited", secretAndKeysAreInherited},
		{"a store is emptied", storeIsEmptied},
	}
}

// kept is a record that can be kept.
func kept(r callvault.Record) callvault.Record {
	r.Document = bytes.Clone(r.Document)
	return r
}

// records is what a company's changes after a number left behind.
func records(t testing.TB, store callvault.Store, company string, after int64) (all []callvault.Record) {
	t.Helper()
	err := store.Snapshot(t.Context(), func(s callvault.Snapshot) error {
		return s.Calls(company).Changes(t.Context(), after, -1, func(r callvault.Record) error {
			all = append(all, kept(r))
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func load(t testing.TB, store callvault.Store, company string, batch []callvault.Record) {
	t.Helper()
	if err := store.Load(t.Context(), company, batch); err != nil {
		t.Fatal(err)
	}
}

// What is written after a snapshot began is not in it, by whichever handle.
func snapshotIsOfOneMoment(t *testing.T, open Open) {
	store, elsewhere, batch := open(t), open(t), census(t)
	put(t, store.Calls(acme), batch...)
	user := entry(t, callvault.Users, "1", "A")
	putEntries(t, store.Directory(acme), callvault.Users, user)
	want := records(t, store, acme, 0)
	err := store.Snapshot(t.Context(), func(s callvault.Snapshot) error {
		remove(t, elsewhere.Calls(acme), batch[0].ID.String())
		put(t, store.Calls(acme), Sample{ID: "77", Time: day}.Call(t))
		put(t, store.Calls(other), batch...)
		addKeys(t, store, key("K", acme))
		putEntries(t, store.Directory(acme), callvault.Users, entry(t, callvault.Users, "1", "B"), entry(t, callvault.Users, "2", "C"))
		hasEntries(t, s.Directory(acme), callvault.Users, user)
		var got []callvault.Record
		err := s.Calls(acme).Changes(t.Context(), 0, -1, func(r callvault.Record) error { got = append(got, kept(r)); return nil })
		same(t, "records", got, want)
		names, err2 := s.Companies(t.Context())
		same(t, "companies", names, []string{acme})
		keys, _, err3 := s.Keys(t.Context(), callvault.KeysVersion{})
		same(t, "keys", keys, nil)
		return errors.Join(err, err2, err3)
	})
	if err != nil {
		t.Fatal(err)
	}
	ended := errors.New("enough")
	if err := store.Snapshot(t.Context(), func(callvault.Snapshot) error { return ended }); err != ended {
		t.Errorf("got %v, want the error of the function as it is", err)
	}
}

// Every call with its place and its document, every tombstone with nothing
// else, by number and from a number on; keys, quotas and the secret.
func snapshotHasEverything(t *testing.T, open Open) {
	store, batch := open(t), census(t)
	calls := store.Calls(acme)
	put(t, calls, batch...)
	remove(t, calls, batch[1].ID.String())
	k, revoked := key("K", acme), key("L", other)
	addKeys(t, store, k, revoked)
	revoke(t, store, other, "L", day)
	revoked.Revoked = day.UTC()
	take(t, store, today(acme, 100), 70, 70)
	byID := make(map[callvault.ID]callvault.Call)
	for _, c := range batch {
		byID[c.ID] = c
	}
	var want []callvault.Record
	for _, c := range changes(t, calls) {
		record := callvault.Record{Number: c.Number, Deleted: c.Deleted, Call: byID[c.ID]}
		if c.Deleted {
			record.Call = callvault.Call{ID: c.ID}
		}
		want = append(want, record)
	}
	same(t, "records", records(t, store, acme, 0), want)
	middle := len(want) / 2
	same(t, "later records", records(t, store, acme, want[middle-1].Number), want[middle:])
	same(t, "records of a company that is not there", records(t, store, "nobody", 0), nil)
	err := store.Snapshot(t.Context(), func(s callvault.Snapshot) error {
		names, err1 := s.Companies(t.Context())
		same(t, "companies", names, []string{acme, other})
		keys, _, err2 := s.Keys(t.Context(), callvault.KeysVersion{})
		same(t, "keys", keys, []callvault.Key{k, revoked})
		quotas, err3 := s.Quotas(t.Context())
		same(t, "quotas", quotas, []callvault.QuotaUsed{{Company: acme, Day: today(acme, 100).Day, Used: 70}})
		secret, err4 := s.CursorSecret(t.Context())
		want, err5 := store.CursorSecret(t.Context())
		same(t, "secret", secret, want)
		return errors.Join(err1, err2, err3, err4, err5)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The count of records is that of those which a visit finds, of the snapshot's moment.
func recordsAreCounted(t *testing.T, open Open) {
	store, elsewhere, batch := open(t), open(t), census(t)
	put(t, store.Calls(acme), batch...)
	put(t, store.Calls(other), batch[:2]...)
	remove(t, store.Calls(acme), batch[1].ID.String())
	user := entry(t, callvault.Users, "1", "A")
	putEntries(t, store.Directory(acme), callvault.Users, user)
	want := records(t, store, acme, 0)
	err := store.Snapshot(t.Context(), func(s callvault.Snapshot) error {
		remove(t, elsewhere.Calls(acme), batch[0].ID.String())
		put(t, elsewhere.Calls(acme), Sample{ID: "77", Time: day}.Call(t))
		n, err1 := s.Calls(acme).CountRecords(t.Context())
		nobody, err2 := s.Calls("nobody").CountRecords(t.Context())
		if n != len(want) || nobody != 0 {
			t.Errorf("%d records, want %d; %d of a company that is not there", n, len(want), nobody)
		}
		return errors.Join(err1, err2)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A company whose records were loaded from another's is that other's, to the
// number: also when the loading was broken off and went on from a later moment.
func loadedRecordsAreAsTheyWere(t *testing.T, open Open) {
	store, batch := open(t), census(t)
	calls := store.Calls(acme)
	put(t, calls, batch...)
	remove(t, calls, batch[0].ID.String(), batch[3].ID.String())
	first := records(t, store, acme, 0)
	half := first[:len(first)/2]
	load(t, store, other, half)
	// Calls that were copied, and some that were not, change and go.
	put(t, calls, batch[0], Sample{ID: half[1].ID.String(), Time: day + hour, Workspace: "9"}.Call(t))
	remove(t, calls, half[2].ID.String(), first[len(first)-1].ID.String())
	load(t, store, other, records(t, store, acme, half[len(half)-1].Number))
	same(t, "records", records(t, store, other, 0), records(t, store, acme, 0))
	copied := store.Calls(other)
	for _, q := range []callvault.Query{all(), in(t, "7"), in(t, "9"), between(day, day+2*hour)} {
		sameRows(t, "calls", list(t, copied, q), list(t, calls, q))
		if got, want := count(t, copied, q), count(t, calls, q); got != want {
			t.Errorf("the copy counts %d, want %d", got, want)
		}
	}
	// What is put next takes the number after the last.
	last := highest(t, calls)
	put(t, copied, Sample{ID: "78", Time: day}.Call(t))
	if got := highest(t, copied); got != last+1 {
		t.Errorf("the next number is %d, want %d", got, last+1)
	}
}

// A record replaces what is there of its id, whether call or tombstone.
func loadedRecordsReplace(t *testing.T, open Open) {
	calls := open(t).Calls(acme)
	store := open(t)
	a, b := Sample{ID: "1", Time: day, Workspace: "7"}.Call(t), Sample{ID: "2", Time: day}.Call(t)
	put(t, calls, a, b)
	remove(t, calls, "2")
	moved, back := Sample{ID: "1", Time: day + hour, Workspace: "8"}.Call(t), Sample{ID: "2", Time: day - hour}.Call(t)
	load(t, store, acme, []callvault.Record{{Number: 10, Call: moved}, {Number: 20, Call: back}})
	holds(t, calls, moved, back)
	load(t, store, acme, []callvault.Record{{Number: 21, Deleted: true, Call: callvault.Call{ID: a.ID}}})
	holds(t, calls, back)
	if got := count(t, calls, in(t, "7")) + count(t, calls, in(t, "8")); got != 0 {
		t.Errorf("workspaces count %d calls that are gone", got)
	}
	same(t, "changes", changes(t, calls), []change{{Number: 20, ID: b.ID}, {Number: 21, ID: a.ID, Deleted: true}})
}

// Records whose numbers do not ascend from the latest are refused, and so is
// everything that came with them.
func loadIsAllOrNone(t *testing.T, open Open) {
	store := open(t)
	calls := store.Calls(acme)
	a, b := Sample{ID: "1", Time: day}.Call(t), Sample{ID: "2", Time: day}.Call(t)
	put(t, calls, a)
	for _, numbers := range [][2]int64{{1, 2}, {0, 2}, {5, 5}, {5, 4}} {
		err := store.Load(t.Context(), acme, []callvault.Record{{Number: numbers[0], Call: a}, {Number: numbers[1], Call: b}})
		if err == nil {
			t.Errorf("records with the numbers %v were loaded after number 1", numbers)
		}
		holds(t, calls, a)
	}
	if err := store.Load(t.Context(), "no company", nil); err == nil {
		t.Error("records were loaded for a company with a bad name")
	}
	same(t, "companies", names(t, store), []string{acme})
}

// Check finds nothing wrong in a store that was only ever used, and Repair then
// does nothing.
func storeIsSound(t *testing.T, open Open) {
	store, batch := open(t), census(t)
	put(t, store.Calls(acme), batch...)
	remove(t, store.Calls(acme), batch[0].ID.String())
	put(t, store.Calls(acme), shuffled(batch)...)
	load(t, store, other, records(t, store, acme, 0))
	before := records(t, store, acme, 0)
	wantSound(t, store)
	if err := store.Repair(t.Context(), callvault.NoLoss, func(done string) { t.Errorf("repaired: %s", done) }); err != nil {
		t.Error(err)
	}
	if err := store.Purge(t.Context()); err != nil {
		t.Error(err)
	}
	same(t, "records after a purge", records(t, store, acme, 0), before)
}

// Another store's secret and keys come together, or not at all.
func secretAndKeysAreInherited(t *testing.T, open Open) {
	store, elsewhere := open(t), open(t)
	secret := bytes.Repeat([]byte("s"), 32)
	kept := []callvault.Key{key("K", acme), key("L", other)}
	kept[1].Revoked = day.UTC()
	if err := store.Inherit(t.Context(), secret, kept); err != nil {
		t.Fatal(err)
	}
	if err := store.Inherit(t.Context(), bytes.Repeat([]byte("x"), 32), []callvault.Key{key("M", acme), key("K", acme)}); err == nil {
		t.Error("a key was added twice")
	}
	got, err := elsewhere.CursorSecret(t.Context())
	if err != nil || !bytes.Equal(got, secret) {
		t.Errorf("another handle has the secret %q, %v", got, err)
	}
	keys, _, err := elsewhere.Keys(t.Context(), callvault.KeysVersion{})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "keys", keys, kept)
}

// An emptied store has no call, tombstone, mirror or quota, for other handles too, and is filled
// again from number 1. A store with a key stays as it is.
func storeIsEmptied(t *testing.T, open Open) {
	store, elsewhere, batch := open(t), open(t), census(t)
	calls := store.Calls(acme)
	put(t, calls, batch...)
	put(t, store.Calls(other), batch[1])
	remove(t, calls, batch[0].ID.String())
	take(t, store, today(acme, 100), 70, 70)
	putEntries(t, store.Directory(acme), callvault.Users, entry(t, callvault.Users, "1", "A"))
	m := store.Mirror(acme)
	commit(t, m, takeLease(t, m), callvault.MirrorChange{Values: map[string][]byte{"a": []byte("1")}})
	before := records(t, store, acme, 0)
	if err := elsewhere.Empty(t.Context()); err != nil {
		t.Fatal(err)
	}
	same(t, "records", records(t, store, acme, 0), nil)
	hasEntries(t, store.Directory(acme), callvault.Users)
	same(t, "lease", leaseOf(t, m), callvault.Lease{})
	same(t, "values", values(t, m, ""), nil)
	same(t, "apart", apart(t, m), nil)
	same(t, "companies", names(t, store), []string{acme, other})
	take(t, store, today(acme, 100), 100, 100)
	wantSound(t, store)
	if err := store.Purge(t.Context()); err != nil {
		t.Error(err)
	}
	load(t, store, acme, before)
	same(t, "records", records(t, elsewhere, acme, 0), before)
	put(t, elsewhere.Calls(other), batch[2])
	same(t, "changes", changes(t, store.Calls(other)), []change{{Number: 1, ID: batch[2].ID}})
	addKeys(t, store, key("K", acme))
	if err := elsewhere.Empty(t.Context()); !errors.Is(err, callvault.ErrHasKeys) {
		t.Errorf("got %v, want ErrHasKeys", err)
	}
	same(t, "records", records(t, store, acme, 0), before)
	wantSound(t, store)
}

// wantSound reports what Check finds.
func wantSound(t testing.TB, store callvault.Store) {
	t.Helper()
	if err := store.Check(t.Context(), func(difference string) { t.Errorf("check: %s", difference) }); err != nil {
		t.Fatal(err)
	}
}
