package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/callvault/callvault"
)

func lifetimeLaws() []law {
	return []law{
		{"what was written is there when the store is opened again", reopenedStoreHasEverything},
		{"every handle sees what one acknowledged", handlesSeeEachOther},
		{"the cursor secret is the store's", cursorSecretIsTheStores},
		{"a store has one identity", storeHasOneIdentity},
		{"a store grows with its calls", storeGrows},
		{"nothing works after close", nothingWorksAfterClose},
		{"close waits for what is under way", closeWaits},
	}
}

// patience is after how long a method is taken to wait for ever. No store that
// keeps the laws comes near it.
const patience = 20 * time.Second

func closeStore(t testing.TB, store callvault.Store) {
	t.Helper()
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}

// Calls, tombstones, numbers, counts, companies, keys and quotas outlive the
// handle that wrote them.
func reopenedStoreHasEverything(t *testing.T, open Open) {
	store, batch := open(t), census(t)
	calls := store.Calls(acme)
	put(t, calls, batch...)
	remove(t, calls, batch[0].ID.String(), batch[1].ID.String())
	batch = batch[2:]
	written := changes(t, calls)
	k, revoked := key("K", acme), key("L", other)
	addKeys(t, store, k, revoked)
	revoke(t, store, other, "L", day+hour)
	revoked.Revoked = (day + hour).UTC()
	f := &follower{store: store}
	f.expect(t, k, revoked)
	take(t, store, today(acme, 100), 70, 70)
	for range 2 {
		closeStore(t, store)
		store = open(t)
		calls = store.Calls(acme)
		holds(t, calls, batch...)
		q := in(t, "7")
		sameRows(t, "calls of a workspace", list(t, calls, q), rows(batch, q))
		if got, want := count(t, calls, q), len(matching(batch, q)); got != want {
			t.Errorf("the workspace counts %d, want %d", got, want)
		}
		same(t, "changes", changes(t, calls), written)
		same(t, "companies", names(t, store), []string{acme, other})
		f.store = store
		f.expectNothing(t)
		(&follower{store: store}).expect(t, k, revoked)
		take(t, store, today(acme, 100), 10, 10)
		same(t, "result", put(t, calls, batch[:5]...), callvault.PutResult{Unchanged: 5})
	}
	take(t, store, today(acme, 100), 70, 10)
}

// What one handle acknowledged is what every other reads next, though it read
// before.
func handlesSeeEachOther(t *testing.T, open Open) {
	stores := []callvault.Store{open(t), open(t), open(t)}
	for _, s := range stores {
		holds(t, s.Calls(acme))
		same(t, "companies", names(t, s), nil)
	}
	var batch []callvault.Call
	for i, c := range fifty(t)[:12] {
		put(t, stores[i%3].Calls(acme), c)
		batch = append(batch, c)
		if i%4 == 3 {
			remove(t, stores[(i+1)%3].Calls(acme), batch[0].ID.String())
			batch = batch[1:]
		}
		for _, s := range stores {
			holds(t, s.Calls(acme), batch...)
			same(t, "companies", names(t, s), []string{acme})
			same(t, "result", put(t, s.Calls(acme), c), callvault.PutResult{Unchanged: 1})
			same(t, "changes", changes(t, s.Calls(acme)), changes(t, stores[0].Calls(acme)))
		}
	}
}

// The cursor secret is 32 bytes that every handle reads, now and later, and no
// other store has.
func cursorSecretIsTheStores(t *testing.T, open Open) {
	store := open(t)
	secret := func(s callvault.Store) []byte {
		t.Helper()
		secret, err := s.CursorSecret(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return secret
	}
	first := secret(store)
	if len(first) != 32 || bytes.Equal(first, make([]byte, 32)) {
		t.Fatalf("the secret is %x", first)
	}
	want := bytes.Clone(first)
	clear(first) // what a caller does to it is the caller's own
	second := open(t)
	put(t, second.Calls(acme), fifty(t)...)
	for _, s := range []callvault.Store{store, second, open(t)} {
		if got := secret(s); !bytes.Equal(got, want) {
			t.Errorf("the secret is %x, want %x", got, want)
		}
		closeStore(t, s)
	}
	if got := secret(open(t)); !bytes.Equal(got, want) {
		t.Errorf("the secret is %x when the store is opened again, want %x", got, want)
	}
}

// The size of a store follows what it has.
func storeGrows(t *testing.T, open Open) {
	store := open(t)
	size := func() int64 {
		t.Helper()
		n, err := store.Size(t.Context())
		if err != nil || n <= 0 {
			t.Fatalf("the size is %d, %v", n, err)
		}
		return n
	}
	before := size()
	calls := make([]callvault.Call, 1000)
	for i := range calls {
		title := `{"id":"1","title":"` + string(bytes.Repeat([]byte("title"), 200)) + `"}`
		calls[i] = callvault.Call{ID: callvault.ID(fmt.Appendf(nil, "%020d", i+1)), Document: []byte(title)}
	}
	put(t, store.Calls(acme), calls...)
	if after := size(); after < before+100_000 {
		t.Errorf("the size was %d and is %d after 1,000 calls of 1,000 bytes", before, after)
	}
}

// The identity is a text that every handle reads, now and later, whatever is written
// and purged.
func storeHasOneIdentity(t *testing.T, open Open) {
	store := open(t)
	identity := func(s callvault.Store) string {
		t.Helper()
		text, err := s.Identity(t.Context())
		if err != nil || text == "" {
			t.Fatalf("the identity is %q, %v", text, err)
		}
		return text
	}
	first := identity(store)
	put(t, store.Calls(acme), fifty(t)...)
	addKeys(t, store, key("K", acme))
	if err := store.Inherit(t.Context(), bytes.Repeat([]byte{1}, 32), nil); err != nil {
		t.Fatal(err)
	}
	if err := store.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	second := open(t)
	for _, s := range []callvault.Store{store, second} {
		if got := identity(s); got != first {
			t.Errorf("the identity is %q, want %q", got, first)
		}
		closeStore(t, s)
	}
	if got := identity(open(t)); got != first {
		t.Errorf("the identity is %q when the store is opened again, want %q", got, first)
	}
}

// Every method of a store that was closed fails, and does not wait for
// anything; to close again does nothing. Other handles go on working.
func nothingWorksAfterClose(t *testing.T, open Open) {
	store, second := open(t), open(t)
	batch := fifty(t)
	put(t, store.Calls(acme), batch...)
	calls := store.Calls(acme)
	closeStore(t, store)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for _, m := range methods(store, calls) {
		if err := m.call(ctx); err == nil || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s of a closed store: %v", m.name, err)
		}
	}
	closeStore(t, store)
	holds(t, second.Calls(acme), batch...)
	same(t, "result", put(t, second.Calls(acme), batch...), callvault.PutResult{Unchanged: 50})
	same(t, "companies", names(t, second), []string{acme})
}

// Close lets readings end that are under way: they meet every call.
func closeWaits(t *testing.T, open Open) {
	store, batch := open(t), fifty(t)
	put(t, store.Calls(acme), batch...)
	patient, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for i := range readings(store.Calls(acme)) {
		store := open(t)
		r := readings(store.Calls(acme))[i]
		var closing sync.WaitGroup
		visits := 0
		err := r.read(t.Context(), func(n int) error {
			if n == 10 {
				closing.Go(func() {
					if err := store.Close(); err != nil {
						t.Error(err)
					}
				})
				// Goes on once Close has begun, as far as that can be seen.
				for range 1000 {
					if _, err := store.CursorSecret(patient); err != nil {
						break
					}
				}
			}
			visits++
			return nil
		})
		closing.Wait()
		if err != nil || visits != len(batch) {
			t.Errorf("%s met %d calls, %v, want %d", r.name, visits, err, len(batch))
		}
	}
}

// method is a call of one method of a store.
type method struct {
	name string
	call func(ctx context.Context) error
}

// methods are all methods of a store and its calls that can fail, but for
// Close, each with arguments that would change something in a store that works.
func methods(store callvault.Store, calls callvault.Calls) []method {
	write := func(callvault.Record) error { return nil }
	return []method{
		{"Companies", func(ctx context.Context) error { _, err := store.Companies(ctx); return err }},
		{"MakeCompany", func(ctx context.Context) error { _, err := store.MakeCompany(ctx, "new"); return err }},
		{"AddKey", func(ctx context.Context) error { return store.AddKey(ctx, key("NEW", acme)) }},
		{"RevokeKey", func(ctx context.Context) error { return store.RevokeKey(ctx, acme, "K", day.UTC()) }},
		{"Keys", func(ctx context.Context) error { _, _, err := store.Keys(ctx, callvault.KeysVersion{}); return err }},
		{"Identity", func(ctx context.Context) error { _, err := store.Identity(ctx); return err }},
		{"Size", func(ctx context.Context) error { _, err := store.Size(ctx); return err }},
		{"CursorSecret", func(ctx context.Context) error { _, err := store.CursorSecret(ctx); return err }},
		{"TakeQuota", func(ctx context.Context) error { _, err := store.TakeQuota(ctx, today(acme, 10), 1); return err }},
		{"TakeSecond", func(ctx context.Context) error {
			_, _, err := store.TakeSecond(ctx, callvault.QuotaSecond{Company: acme, Limit: 10}, 1)
			return err
		}},
		{"ReturnQuota", func(ctx context.Context) error { return store.ReturnQuota(ctx, today(acme, 10), 1) }},
		{"Put", func(ctx context.Context) error {
			_, err := calls.Put(ctx, callvault.NewBatch([]callvault.Call{{ID: callvault.ID([]byte("00000000000000000001")), Time: 1, Document: []byte(`{"id":"1"}`)}}))
			return err
		}},
		{"Delete", func(ctx context.Context) error {
			_, err := calls.Delete(ctx, []callvault.ID{callvault.ID([]byte("00000000000000000001"))})
			return err
		}},
		{"DeleteFirst", func(ctx context.Context) error { _, err := calls.DeleteFirst(ctx, all(), 1); return err }},
		{"Count", func(ctx context.Context) error { _, err := calls.Count(ctx, all()); return err }},
		{"Scan", func(ctx context.Context) error { return calls.Scan(ctx, all(), all().Start(), -1, write) }},
		{"First", func(ctx context.Context) error { _, err := calls.First(ctx, all(), -1, write); return err }},
		{"Directory.Put", func(ctx context.Context) error {
			_, err := store.Directory(acme).Put(ctx, callvault.Users, []callvault.Entry{{ID: callvault.ID([]byte("00000000000000000001")), Document: []byte(`{"id":"1"}`)}})
			return err
		}},
		{"Directory.Delete", func(ctx context.Context) error {
			_, err := store.Directory(acme).Delete(ctx, callvault.Users, []callvault.ID{callvault.ID([]byte("00000000000000000001"))})
			return err
		}},
		{"Directory.Count", func(ctx context.Context) error {
			_, err := store.Directory(acme).Count(ctx, callvault.Users)
			return err
		}},
		{"Directory.Scan", func(ctx context.Context) error {
			return store.Directory(acme).Scan(ctx, callvault.Users, callvault.ID{}, -1, func(callvault.Entry) error { return nil })
		}},
		{"Latest", func(ctx context.Context) error { _, err := calls.Latest(ctx); return err }},
		{"Changes", func(ctx context.Context) error {
			return calls.Changes(ctx, 0, -1, func(callvault.Record) error { return nil })
		}},
		{"Get", func(ctx context.Context) error {
			return calls.Get(ctx, []callvault.ID{callvault.ID([]byte("00000000000000000001"))}, write)
		}},
		{"ScanBack", func(ctx context.Context) error { return calls.ScanBack(ctx, all(), all().End(), -1, write) }},
		{"Workspaces", func(ctx context.Context) error { _, err := calls.Workspaces(ctx); return err }},
		{"Names", func(ctx context.Context) error {
			return calls.Names(ctx, callvault.Hosts, func(callvault.Name) error { return nil })
		}},
		{"Timelines", func(ctx context.Context) error { _, err := calls.Timelines(ctx); return err }},
		{"UseKey", func(ctx context.Context) error { return store.UseKey(ctx, acme, "K", day.UTC()) }},
		{"Adopt", func(ctx context.Context) error { return store.Adopt(ctx, acme, nil) }},
		{"Fork", store.Fork},
		{"Salvage", func(ctx context.Context) error {
			return store.Salvage(ctx, acme, all(), write, func(*callvault.DamageError) {})
		}},
	}
}

func poolLaws() []law {
	return []law{
		{"the pool counts who works and who waits", poolCounts},
		{"a closed store has no connections", closedStoreHasNoPool},
	}
}

// Readers that stay are in use; with one more than there is room for, as many work
// as may, and the others are counted as having waited.
func poolCounts(t *testing.T, open Open) {
	store := open(t)
	put(t, store.Calls(acme), fifty(t)...)
	rested := eventually(t, store, "rests", func(p callvault.Pool) bool { return p.InUse == 0 })
	if rested.Idle < 1 || rested.Idle > rested.Max {
		t.Errorf("at rest %+v", rested)
	}
	var reading sync.WaitGroup
	stay := make(chan struct{})
	letGo := sync.OnceFunc(func() { close(stay) })
	defer letGo()
	read := func() {
		err := store.Calls(acme).Scan(t.Context(), all(), all().Start(), 1, func(callvault.Record) error { <-stay; return nil })
		if err != nil {
			t.Error(err)
		}
	}
	reading.Go(read)
	eventually(t, store, "has one reader", func(p callvault.Pool) bool { return p.InUse == 1 })
	for range rested.Max {
		reading.Go(read)
	}
	// One connection may be kept for writing.
	full := eventually(t, store, "is full", func(p callvault.Pool) bool { return p.InUse >= p.Max-1 })
	if full.InUse+full.Idle > full.Max {
		t.Errorf("full %+v", full)
	}
	// With a place let go for each reader that comes, one finds none sooner or later.
	eventually(t, store, "has had somebody wait", func(p callvault.Pool) bool {
		reading.Go(read)
		stay <- struct{}{}
		return p.Waits > rested.Waits && p.Waited > rested.Waited
	})
	letGo()
	reading.Wait()
	after := eventually(t, store, "rests again", func(p callvault.Pool) bool { return p.InUse == 0 })
	if after.Max != rested.Max || after.Idle > after.Max {
		t.Errorf("first %+v, and in the end %+v", rested, after)
	}
}

// eventually waits until the pool is as it must be.
func eventually(t *testing.T, store callvault.Store, what string, is func(callvault.Pool) bool) callvault.Pool {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		p := store.Pool()
		if is(p) {
			return p
		}
		if time.Now().After(deadline) {
			t.Fatalf("never %s: %+v", what, p)
		}
	}
}

func closedStoreHasNoPool(t *testing.T, open Open) {
	store := open(t)
	put(t, store.Calls(acme), fifty(t)...)
	closeStore(t, store)
	eventually(t, store, "is without connections", func(p callvault.Pool) bool { return p.InUse == 0 && p.Idle == 0 })
}
