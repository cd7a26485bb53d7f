package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/callvault/callvault"
)

func directoryLaws() []law {
	return []law{
		{"users and workspaces come back as they were put", entriesComeBack},
		{"entries are listed by id as a number", entriesAreListedByID},
		{"random changes of a directory", randomChangesOfDirectory},
		{"several put the same users", severalPutTheSameUsers},
		{"a directory has no numbers", directoryHasNoNumbers},
		{"a directory is changed all or none", directoryIsChangedAllOrNone},
		{"an error of the visitor ends the reading of entries", visitorEndsEntries},
		{"a company is made by its first user", companyIsMadeByUser},
	}
}

// entry is a user or a workspace with a name.
func entry(t testing.TB, kind callvault.Kind, id, name string) callvault.Entry {
	t.Helper()
	field := map[callvault.Kind]string{callvault.Users: "firstName", callvault.Workspaces: "name"}[kind]
	e, err := callvault.ParseEntry(kind, fmt.Appendf(nil, `{"id":%q,%q:%s,"further":[1.50]}`, id, field, mustJSON(t, name)))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func putEntries(t testing.TB, d callvault.Directory, kind callvault.Kind, entries ...callvault.Entry) callvault.PutResult {
	t.Helper()
	result, err := d.Put(t.Context(), kind, entries)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// keepEntries returns a visitor that adds what it meets to entries.
func keepEntries(entries *[]callvault.Entry) func(callvault.Entry) error {
	return func(e callvault.Entry) error {
		e.Document = bytes.Clone(e.Document)
		*entries = append(*entries, e)
		return nil
	}
}

// listEntries is all entries of a kind in one Scan.
func listEntries(t testing.TB, d callvault.Entries, kind callvault.Kind) (entries []callvault.Entry) {
	t.Helper()
	if err := d.Scan(t.Context(), kind, callvault.ID{}, -1, keepEntries(&entries)); err != nil {
		t.Fatal(err)
	}
	return entries
}

// hasEntries reports when a directory has other entries of a kind, in their order.
func hasEntries(t testing.TB, d callvault.Entries, kind callvault.Kind, want ...callvault.Entry) {
	t.Helper()
	same(t, string(kind), listEntries(t, d, kind), want)
	if n, err := d.Count(t.Context(), kind); n != len(want) || err != nil {
		t.Errorf("counts %d %s, %v; want %d", n, kind, err, len(want))
	}
}

// What is put is there to the byte, for every handle, of its kind and its company alone.
func entriesComeBack(t *testing.T, open Open) {
	store := open(t)
	d := store.Directory(acme)
	hasEntries(t, d, callvault.Users)
	user := entry(t, callvault.Users, "7", "Zoë \x01'; DROP TABLE directory; --\u2028")
	large := entry(t, callvault.Users, "99999999999999999999", padding(callvault.MaxDocument-1000))
	workspace := entry(t, callvault.Workspaces, "7", "Sales")
	same(t, "result", putEntries(t, d, callvault.Users, large, user), callvault.PutResult{Created: 2})
	same(t, "result", putEntries(t, d, callvault.Workspaces, workspace), callvault.PutResult{Created: 1})
	for _, handle := range []callvault.Store{store, open(t)} {
		hasEntries(t, handle.Directory(acme), callvault.Users, user, large)
		hasEntries(t, handle.Directory(acme), callvault.Workspaces, workspace)
		for _, kind := range callvault.Kinds() {
			hasEntries(t, handle.Directory(other), kind)
		}
	}
	changed := entry(t, callvault.Users, "7", "Zoe")
	same(t, "result", putEntries(t, d, callvault.Users, changed, large), callvault.PutResult{Changed: 1, Unchanged: 1})
	same(t, "result", putEntries(t, d, callvault.Users, user, changed, user), callvault.PutResult{Changed: 1})
	same(t, "result", putEntries(t, store.Directory(other), callvault.Users, changed), callvault.PutResult{Created: 1})
	hasEntries(t, d, callvault.Users, user, large)
	hasEntries(t, store.Directory(other), callvault.Users, changed)
	for _, tt := range []struct {
		company string
		kind    callvault.Kind
		ids     []string
		want    int
	}{
		{"nobody", callvault.Users, []string{"7"}, 0}, {acme, callvault.Users, nil, 0}, {acme, callvault.Users, []string{"70", "8"}, 0},
		{acme, callvault.Workspaces, []string{"7", "99999999999999999999"}, 1}, {acme, callvault.Users, []string{"7", "9", "7"}, 1}, {acme, callvault.Users, []string{"7"}, 0},
	} {
		var ids []callvault.ID
		for _, id := range tt.ids {
			ids = append(ids, ID(t, id))
		}
		if n, err := store.Directory(tt.company).Delete(t.Context(), tt.kind, ids); n != tt.want || err != nil {
			t.Errorf("deleted %d %s %q of %s, %v; want %d", n, tt.kind, tt.ids, tt.company, err, tt.want)
		}
	}
	hasEntries(t, d, callvault.Users, large)
	hasEntries(t, d, callvault.Workspaces)
	hasEntries(t, store.Directory(other), callvault.Users, changed)
	wantSound(t, store)
}

// A Scan goes by id as a number, from any id on and up to its limit; Get visits each id once.
func entriesAreListedByID(t *testing.T, open Open) {
	d := open(t).Directory(acme)
	var all []callvault.Entry
	for _, id := range []string{"0", "1", "2", "9", "10", "11", "90", "100", "18446744073709551616", "99999999999999999999"} {
		all = append(all, entry(t, callvault.Users, id, "user "+id))
	}
	putEntries(t, d, callvault.Users, shuffled(all)...)
	hasEntries(t, d, callvault.Users, all...)
	for after := range all {
		for _, limit := range []int{0, 1, 3, len(all), -1} {
			var got []callvault.Entry
			err := d.Scan(t.Context(), callvault.Users, all[after].ID, limit, keepEntries(&got))
			want := all[after+1:]
			if limit >= 0 {
				want = want[:min(limit, len(want))]
			}
			if same(t, fmt.Sprintf("%d users after %s", limit, all[after].ID), got, want); err != nil {
				t.Error(err)
			}
		}
	}
	var got []callvault.Entry
	ids := []callvault.ID{ID(t, "100"), ID(t, "3"), ID(t, "9"), ID(t, "100"), ID(t, "10"), {}}
	if err := d.Get(t.Context(), callvault.Users, ids, keepEntries(&got)); err != nil {
		t.Error(err)
	}
	same(t, "users by id", got, []callvault.Entry{all[3], all[4], all[7]})
}

// Random batches and deletions, also larger ones, leave what they would leave in a map.
func randomChangesOfDirectory(t *testing.T, open Open) {
	store, random := open(t), rand.New(rand.NewPCG(1, 2))
	d, model := store.Directory(acme), make(map[callvault.ID]callvault.Entry)
	for range 20 {
		var batch []callvault.Entry
		var doomed []callvault.ID
		for range random.IntN(1500) {
			batch = append(batch, entry(t, callvault.Users, fmt.Sprint(random.IntN(2000)), fmt.Sprint(random.IntN(3))))
		}
		for range random.IntN(300) {
			doomed = append(doomed, ID(t, fmt.Sprint(random.IntN(2000))))
		}
		var want callvault.PutResult
		for _, e := range callvault.SortEntries(batch) {
			before, there := model[e.ID]
			want.Count(there, bytes.Equal(before.Document, e.Document))
		}
		for _, e := range batch {
			model[e.ID] = e
		}
		same(t, "result", putEntries(t, d, callvault.Users, batch...), want)
		deleted := len(model)
		for _, id := range doomed {
			delete(model, id)
		}
		if n, err := d.Delete(t.Context(), callvault.Users, doomed); n != deleted-len(model) || err != nil {
			t.Errorf("deleted %d, %v; want %d", n, err, deleted-len(model))
		}
		all := make([]callvault.Entry, 0, len(model))
		for _, e := range model {
			all = append(all, e)
		}
		hasEntries(t, d, callvault.Users, callvault.SortEntries(all)...)
	}
	wantSound(t, store)
}

// Of several who put the same new users at once each user is created by one.
func severalPutTheSameUsers(t *testing.T, open Open) {
	var users []callvault.Entry
	for i := range 300 {
		users = append(users, entry(t, callvault.Users, fmt.Sprint(i), "A"))
	}
	results := make(chan callvault.PutResult, 4)
	var group sync.WaitGroup
	for range cap(results) {
		d := open(t).Directory(acme)
		group.Go(func() {
			result, err := d.Put(t.Context(), callvault.Users, shuffled(users))
			if err != nil {
				t.Error(err)
			}
			results <- result
		})
	}
	group.Wait()
	close(results)
	var sum callvault.PutResult
	for result := range results {
		sum = sum.Add(result)
	}
	same(t, "results", sum, callvault.PutResult{Created: len(users), Unchanged: (cap(results) - 1) * len(users)})
	hasEntries(t, open(t).Directory(acme), callvault.Users, users...)
}

// Changes of a directory take no number and begin no timeline, and calls leave it alone.
func directoryHasNoNumbers(t *testing.T, open Open) {
	store := open(t)
	d, calls, user := store.Directory(acme), store.Calls(acme), entry(t, callvault.Users, "1", "A")
	put(t, calls, Sample{ID: "1", Time: day}.Call(t))
	if err := store.Fork(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := timelines(t, store, acme)
	putEntries(t, d, callvault.Users, user, entry(t, callvault.Users, "2", "B"))
	if _, err := d.Delete(t.Context(), callvault.Users, []callvault.ID{ID(t, "2")}); err != nil {
		t.Fatal(err)
	}
	same(t, "the number", highest(t, calls), 1)
	same(t, "timelines", timelines(t, store, acme), before)
	remove(t, calls, "1")
	hasEntries(t, d, callvault.Users, user)
}

// A change whose context ends while it is made is there whole or not at all, and whole when
// it said so.
func directoryIsChangedAllOrNone(t *testing.T, open Open) {
	store := open(t)
	d := store.Directory(acme)
	var before, after []callvault.Entry
	var ids []callvault.ID
	for i := range 1200 {
		before = append(before, entry(t, callvault.Users, fmt.Sprint(i), "before"))
		after = append(after, entry(t, callvault.Users, fmt.Sprint(i), "after"))
		ids = append(ids, before[i].ID)
	}
	putEntries(t, d, callvault.Users, before...)
	for what, w := range map[string]struct {
		after []callvault.Entry
		write func(context.Context) error
	}{
		"put":    {after, func(ctx context.Context) error { _, err := d.Put(ctx, callvault.Users, after); return err }},
		"delete": {nil, func(ctx context.Context) error { _, err := d.Delete(ctx, callvault.Users, ids); return err }},
	} {
		const cuts = 8
		var took time.Duration
		for i := range cuts {
			ctx, cancel := context.Background(), context.CancelFunc(func() {})
			if i > 0 {
				ctx, cancel = context.WithTimeout(ctx, took*time.Duration(i)/(cuts-2))
			}
			begun := time.Now()
			err := w.write(ctx)
			if i == 0 {
				took = time.Since(begun)
			}
			cancel()
			want, got := before, listEntries(t, d, callvault.Users)
			if err == nil || !slices.ContainsFunc(got, func(e callvault.Entry) bool { return bytes.Equal(e.Document, before[0].Document) }) {
				want = w.after
			}
			if same(t, what, got, want); t.Failed() {
				t.Fatalf("after a %s that was cut short: %v", what, err)
			}
			putEntries(t, d, callvault.Users, before...)
		}
	}
	wantSound(t, store)
}

// An error of a visitor comes back as it is, and the store goes on.
func visitorEndsEntries(t *testing.T, open Open) {
	d, enough := open(t).Directory(acme), errors.New("enough")
	batch := []callvault.Entry{entry(t, callvault.Users, "1", "A"), entry(t, callvault.Users, "2", "B")}
	putEntries(t, d, callvault.Users, batch...)
	visits := 0
	visit := func(callvault.Entry) error { visits++; return enough }
	err1 := d.Scan(t.Context(), callvault.Users, callvault.ID{}, -1, visit)
	err2 := d.Get(t.Context(), callvault.Users, []callvault.ID{batch[0].ID, batch[1].ID}, visit)
	if err1 != enough || err2 != enough || visits != 2 {
		t.Errorf("%v and %v after %d visits", err1, err2, visits)
	}
	hasEntries(t, d, callvault.Users, batch...)
}

// The first user makes the company; a refused one, and an invalid name, make nothing.
func companyIsMadeByUser(t *testing.T, open Open) {
	store, user := open(t), []callvault.Entry{entry(t, callvault.Users, "1", "A")}
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := store.Directory(acme).Put(done, callvault.Users, user); err == nil {
		t.Error("a put under a context that is done succeeded")
	}
	if _, err := store.Directory("no name").Put(t.Context(), callvault.Users, user); err == nil {
		t.Error("put users of a company with an invalid name")
	}
	same(t, "companies", names(t, store), nil)
	putEntries(t, store.Directory(acme), callvault.Users, user...)
	same(t, "companies", names(t, store), []string{acme})
	same(t, "timelines", len(timelines(t, store, acme)), 1)
}

// A damaged entry is an error wherever it is read, and never a wrong answer. A Put replaces it.
func damagedEntryIsAnError(t *testing.T, open Open, damage Damage) {
	store := open(t)
	d, user := store.Directory(acme), entry(t, callvault.Users, "8", "A")
	putEntries(t, d, callvault.Users, user)
	for _, statement := range []string{
		`UPDATE directory SET document = '{"id":"9"}'`, `UPDATE directory SET checksum = checksum + 1`,
	} {
		damage(t, statement)
		never := func(e callvault.Entry) error { t.Errorf("%s: visits %s", statement, e.Document); return nil }
		for _, err := range []error{
			d.Scan(t.Context(), callvault.Users, callvault.ID{}, -1, never),
			d.Get(t.Context(), callvault.Users, []callvault.ID{user.ID}, never),
		} {
			var damaged *callvault.DamageError
			if !errors.As(err, &damaged) || damaged.Kind != callvault.Users || damaged.ID != user.ID || damaged.Company != acme {
				t.Errorf("%s: %v", statement, err)
			}
		}
		same(t, "result", putEntries(t, d, callvault.Users, user), callvault.PutResult{Changed: 1})
		hasEntries(t, d, callvault.Users, user)
		wantSound(t, store)
	}
}
