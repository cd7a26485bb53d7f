package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/feed"
)

func feedLaws() []law {
	return []law{
		{"a reader of the feed has the calls of the store", readerHasTheCalls},
		{"a reader is told when the store went back to before what it has seen", readerIsToldOfARestore},
		{"a reader is told when a backup is restored twice", readerIsToldOfTwoRestores},
		{"a token of nothing is never gone", tokenOfNothingIsNeverGone},
		{"a feed skips nothing while others write", feedSkipsNothing},
		{"tokens are a company's own, on every handle of a store", tokensAreACompanysOwn},
		{"readers of the feed end equal to the store, through restores", readersEndEqual},
	}
}

// feedReader is one who reads the changes of a company, and has its calls.
type feedReader struct {
	at  feed.Place
	has map[callvault.ID]string // documents
}

func newFeedReader() *feedReader { return &feedReader{has: make(map[callvault.ID]string)} }

// next reads one answer, of which it applies no more than a prefix if it breaks off: then it
// stays where it was.
func (f *feedReader) next(ctx context.Context, of *feed.Feed, company string, limit, prefix int) (more bool, err error) {
	last := int64(0)
	answer, err := of.Read(ctx, company, f.at, limit, func(r callvault.Record) error {
		if r.Number <= last {
			return fmt.Errorf("change %d comes after %d", r.Number, last)
		}
		last = r.Number
		if prefix--; prefix < 0 {
			return nil
		}
		if f.has[r.ID] = string(r.Document); r.Deleted {
			delete(f.has, r.ID)
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	if prefix >= 0 {
		f.at = answer.Next
	}
	return answer.More || prefix < 0, nil
}

// whole reads all that there is.
func (f *feedReader) whole(t testing.TB, of *feed.Feed, company string, limit int) error {
	t.Helper()
	for more := true; more; {
		var err error
		if more, err = f.next(t.Context(), of, company, limit, limit); errors.Is(err, feed.ErrGone) {
			return err
		} else if err != nil {
			t.Fatal(err)
		}
	}
	return nil
}

// follow reads as far as it can, and starts over where it must. It tells whether it met damage.
func (f *feedReader) follow(t testing.TB, store callvault.Store) (damaged bool) {
	t.Helper()
	of := newFeed(t, store)
	for more := true; more; {
		var err error
		switch more, err = f.next(t.Context(), of, acme, 10, 10); {
		case errors.Is(err, feed.ErrGone):
			*f, more = *newFeedReader(), true
		case errors.As(err, new(*callvault.DamageError)):
			return true
		case err != nil:
			t.Fatal(err)
		}
	}
	return false
}

// isEqual checks that the reader has what the company has.
func (f *feedReader) isEqual(t testing.TB, what string, calls callvault.Reads) {
	t.Helper()
	want := make(map[callvault.ID]string)
	err := calls.Scan(t.Context(), all(), all().Start(), -1, func(r callvault.Record) error {
		want[r.ID] = string(r.Document)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(f.has, want) {
		t.Errorf("%s: the reader has %d calls, the store %d", what, len(f.has), len(want))
	}
}

func newFeed(t testing.TB, store callvault.Store) *feed.Feed {
	t.Helper()
	f, err := feed.New(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// companyBackup is a company as a backup has it.
type companyBackup struct {
	timelines []callvault.Timeline
	records   []callvault.Record
}

// keepCompany is a backup of a company.
func keepCompany(t testing.TB, store callvault.Store, company string) companyBackup {
	t.Helper()
	return companyBackup{timelines(t, store, company), records(t, store, company, 0)}
}

// restore makes a company of a backup. The next change begins a timeline, as after a restore
// of the whole store.
func (k companyBackup) restore(t testing.TB, store callvault.Store, company string) {
	t.Helper()
	if err := store.Adopt(t.Context(), company, k.timelines); err != nil {
		t.Fatal(err)
	}
	if len(k.records) > 0 {
		load(t, store, company, k.records)
	}
}

// titled are versions of the first calls of fifty.
func titled(t testing.TB, title string, ids ...int) (calls []callvault.Call) {
	t.Helper()
	for _, id := range ids {
		calls = append(calls, Sample{ID: fmt.Sprint(id), Time: day + callvault.Time(id)*hour, Title: title}.Call(t))
	}
	return calls
}

// Whatever the limit, and wherever a reader breaks off, it ends with the calls of the store,
// and then the feed brings nothing.
func readerHasTheCalls(t *testing.T, open Open) {
	store := open(t)
	of := newFeed(t, store)
	put(t, store.Calls(acme), fifty(t)...)
	put(t, store.Calls(other), fifty(t)[:3]...)
	for limit := 1; limit <= 64; limit = limit*2 + 1 {
		reader := newFeedReader()
		if more, err := reader.next(t.Context(), of, acme, limit, limit/2); err != nil || !more {
			t.Fatal(more, err)
		}
		put(t, store.Calls(acme), titled(t, fmt.Sprint(limit), 3, 4, 5)...)
		remove(t, store.Calls(acme), "6", fmt.Sprint(10+limit))
		if err := reader.whole(t, of, acme, limit); err != nil {
			t.Fatal(err)
		}
		reader.isEqual(t, fmt.Sprintf("limit %d", limit), store.Calls(acme))
		answer, err := of.Read(t.Context(), acme, reader.at, limit, func(callvault.Record) error {
			t.Errorf("limit %d: there is a change after the last", limit)
			return nil
		})
		if err != nil || answer.More || answer.Next != reader.at {
			t.Errorf("limit %d: %+v, %v", limit, answer, err)
		}
	}
	nobody, err := of.Read(t.Context(), "nobody", feed.Place{}, 1, nil)
	if err != nil || nobody.More {
		t.Errorf("the changes of nobody are %+v, %v", nobody, err)
	}
}

// A call is changed after the backup, so it is left out of a reader's first answer. The
// restore takes that change back: the call stands below the number that the reader has come
// to, and would never be sent. So the number alone does not tell whether a reader goes on,
// but what the store had when the reader read.
func readerIsToldOfARestore(t *testing.T, open Open) {
	store := open(t)
	of := newFeed(t, store)
	const restored = "restored"
	put(t, store.Calls(acme), titled(t, "first", 1, 2, 3)...) // numbers 1 to 3
	early := newFeedReader()
	if more, err := early.next(t.Context(), of, acme, 2, 2); err != nil || !more {
		t.Fatal(more, err)
	}
	backup := keepCompany(t, store, acme)
	put(t, store.Calls(acme), titled(t, "second", 1)...) // number 4
	reader := newFeedReader()
	if more, err := reader.next(t.Context(), of, acme, 1, 1); err != nil || !more || len(reader.has) != 1 {
		t.Fatal(more, err, reader.has) // number 2, below the fork
	}
	backup.restore(t, store, restored)
	for _, after := range []string{"before", "with"} {
		if _, err := reader.next(t.Context(), of, restored, 10, 10); !errors.Is(err, feed.ErrGone) {
			t.Errorf("%s the first change: %v", after, err)
		}
		// Who saw nothing of what the restore took back goes on.
		unharmed := &feedReader{early.at, maps.Clone(early.has)}
		if err := unharmed.whole(t, of, restored, 1); err != nil {
			t.Fatalf("%s the first change: %v", after, err)
		}
		unharmed.isEqual(t, after, store.Calls(restored))
		put(t, store.Calls(restored), titled(t, "third", 3, 4)...)
	}
}

// A reader of the first life after a backup is told of the second.
func readerIsToldOfTwoRestores(t *testing.T, open Open) {
	store := open(t)
	of := newFeed(t, store)
	put(t, store.Calls(acme), titled(t, "first", 1, 2, 3)...)
	early := newFeedReader()
	if err := early.whole(t, of, acme, 10); err != nil {
		t.Fatal(err)
	}
	backup := keepCompany(t, store, acme)
	for _, life := range []string{"one", "two"} {
		backup.restore(t, store, life)
		put(t, store.Calls(life), titled(t, life, 2, 5)...)
	}
	first := newFeedReader()
	if err := first.whole(t, of, "one", 1); err != nil {
		t.Fatal(err)
	}
	if _, err := first.next(t.Context(), of, "two", 10, 10); !errors.Is(err, feed.ErrGone) {
		t.Errorf("who read the first life goes on in the second: %v", err)
	}
	// Half-way, at the same numbers and below the fork.
	half := newFeedReader()
	if more, err := half.next(t.Context(), of, "one", 1, 1); err != nil || !more {
		t.Fatal(more, err)
	}
	if _, err := half.next(t.Context(), of, "two", 10, 10); !errors.Is(err, feed.ErrGone) {
		t.Errorf("who read a part of the first life goes on in the second: %v", err)
	}
	if err := early.whole(t, of, "two", 1); err != nil {
		t.Fatal(err)
	}
	early.isEqual(t, "who read the backup", store.Calls("two"))
}

// A reader of an empty company has nothing to take back, whatever timeline the company then
// begins.
func tokenOfNothingIsNeverGone(t *testing.T, open Open) {
	store := open(t)
	of := newFeed(t, store)
	if _, err := store.MakeCompany(t.Context(), acme); err != nil {
		t.Fatal(err)
	}
	reader := newFeedReader()
	if err := reader.whole(t, of, acme, 10); err != nil || reader.at == (feed.Place{}) {
		t.Fatal(reader.at, err)
	}
	if err := store.Fork(t.Context()); err != nil {
		t.Fatal(err)
	}
	put(t, store.Calls(acme), titled(t, "first", 1)...)
	if err := reader.whole(t, of, acme, 10); err != nil {
		t.Fatal(err)
	}
	reader.isEqual(t, "who read nothing", store.Calls(acme))
}

// Two handles write while readers read; none misses a change, and an answer without more is
// a moment: each batch is there whole or not at all.
func feedSkipsNothing(t *testing.T, open Open) {
	store := open(t)
	var writers sync.WaitGroup
	done := make(chan struct{})
	for i := range 2 {
		calls := open(t).Calls(acme)
		writers.Go(func() {
			for n := range 15 {
				batch := titled(t, fmt.Sprint(n), 10*i+1, 10*i+2, 10*i+3, 10*i+4, 10*i+5)
				if _, err := calls.Put(t.Context(), callvault.NewBatch(batch)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	go func() { writers.Wait(); close(done) }()
	of := newFeed(t, store)
	reader := newFeedReader()
	for ended := false; !ended; {
		select {
		case <-done:
			ended = true
		default:
		}
		if err := reader.whole(t, of, acme, 3); err != nil {
			t.Fatal(err)
		}
		for i := range 2 {
			titles := make(map[string]bool)
			for n := range 5 {
				var call struct{ Title string }
				document := reader.has[ID(t, fmt.Sprint(10*i+1+n))]
				if err := json.Unmarshal([]byte(document), &call); document != "" && err != nil {
					t.Fatal(err)
				}
				titles[call.Title] = true
			}
			if len(titles) > 1 {
				t.Fatalf("a part of a batch: %v", slices.Collect(maps.Keys(titles)))
			}
		}
	}
	reader.isEqual(t, "after the writers", store.Calls(acme))
}

// A token is good for its company alone, on every handle.
func tokensAreACompanysOwn(t *testing.T, open Open) {
	store := open(t)
	put(t, store.Calls(acme), fifty(t)...)
	of, elsewhere := newFeed(t, store), newFeed(t, open(t))
	answer, err := of.Read(t.Context(), acme, feed.Place{}, 7, func(callvault.Record) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	token := of.Token(acme, answer.Next)
	if at, err := elsewhere.Open(acme, token); err != nil || at != answer.Next {
		t.Errorf("another handle has the place %v, %v", at, err)
	}
	if _, err := of.Open(other, token); !errors.Is(err, feed.ErrToken) {
		t.Errorf("a token of another company: %v", err)
	}
}

// Random changes, restores of random backups, and readers with random limits: each either is told to start over or ends equal to the store.
func readersEndEqual(t *testing.T, open Open) {
	store := open(t)
	of := newFeed(t, store)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	company, lives := "life0", 0
	var backups []companyBackup
	readers := []*feedReader{newFeedReader(), newFeedReader(), newFeedReader()}
	gone := 0
	for range 300 {
		switch n := random.IntN(30); {
		case n < 2:
			if len(timelines(t, store, company)) > 0 {
				backups = append(backups, keepCompany(t, store, company))
			}
		case n < 4 && len(backups) > 0:
			lives++
			company = fmt.Sprintf("life%d", lives)
			backups[len(backups)-1-random.IntN(min(2, len(backups)))].restore(t, store, company)
		case n < 8:
			remove(t, store.Calls(company), fmt.Sprint(random.IntN(20)))
		case n < 20:
			put(t, store.Calls(company), titled(t, fmt.Sprint(random.IntN(1000)), random.IntN(20), random.IntN(20))...)
		default:
			i, limit := random.IntN(len(readers)), 1+random.IntN(3)
			_, err := readers[i].next(t.Context(), of, company, limit, limit)
			if errors.Is(err, feed.ErrGone) {
				readers[i], err = newFeedReader(), nil
				gone++
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	for i, reader := range readers {
		if err := reader.whole(t, of, company, 1+i); err != nil {
			gone++
			continue
		}
		reader.isEqual(t, fmt.Sprintf("reader %d", i), store.Calls(company))
	}
	t.Logf("%d restores, told of %d times", lives, gone)
}
