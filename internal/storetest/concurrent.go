package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/callvault/callvault"
)

func concurrentLaws() []law {
	return []law{
		{"writers of their own calls", writersOfTheirOwnCalls},
		{"writers of the same calls", writersOfTheSameCalls},
		{"makers of the same things", makersOfTheSameThings},
		{"yielding batches", yieldingBatches},
	}
}

const writers = 8

// author writes calls that no other author writes, and remembers them.
type author struct {
	calls   callvault.Calls
	samples []Sample // all that it ever wrote
	random  *rand.Rand
	there   map[string]callvault.Call
	changes int64 // that the store acknowledged
}

func newAuthor(calls callvault.Calls, number int) *author {
	a := &author{calls: calls, random: rand.New(rand.NewPCG(5, uint64(number))), there: make(map[string]callvault.Call)}
	for i := range 30 {
		a.samples = append(a.samples, Sample{ID: fmt.Sprint(number*1000 + i), Workspace: "7"})
	}
	return a
}

// turn puts some calls and deletes some.
func (a *author) turn(ctx context.Context, t testing.TB) error {
	var batch []callvault.Call
	var gone []callvault.ID
	for _, i := range a.random.Perm(len(a.samples))[:10] {
		s := a.samples[i]
		if a.random.IntN(3) == 0 {
			gone = append(gone, ID(t, s.ID))
			continue
		}
		s.Time = day + callvault.Time(a.random.IntN(50))*minute
		s.Workspace = []string{"", "7", "70"}[a.random.IntN(3)]
		batch = append(batch, s.Call(t))
	}
	result, err := a.calls.Put(ctx, callvault.NewBatch(slices.Clone(batch)))
	if err != nil {
		return err
	}
	want := callvault.PutResult{}
	for _, c := range batch {
		before, there := a.there[c.ID.String()]
		switch {
		case !there:
			want.Created++
		case string(before.Document) == string(c.Document):
			want.Unchanged++
		default:
			want.Changed++
		}
		a.there[c.ID.String()] = c
	}
	if result != want {
		return fmt.Errorf("put: got %+v, want %+v", result, want)
	}
	deleted, err := a.calls.Delete(ctx, gone)
	if err != nil {
		return err
	}
	for _, id := range gone {
		if _, there := a.there[id.String()]; there {
			deleted--
			a.changes++
			delete(a.there, id.String())
		}
	}
	if deleted != 0 {
		return fmt.Errorf("delete of %d ids: %d more were deleted than were there", len(gone), deleted)
	}
	a.changes += int64(result.Created + result.Changed)
	return nil
}

// Goroutines of two processes write and read at once. Each is told the truth
// about its own calls, every reading is in order, and in the end there is what
// they wrote, with as many numbers as there were changes.
func writersOfTheirOwnCalls(t *testing.T, open Open) {
	stores := []callvault.Store{open(t), open(t)}
	var authors []*author
	var writing, reading sync.WaitGroup
	for i := range writers {
		a := newAuthor(stores[i%2].Calls(acme), i+1)
		authors = append(authors, a)
		writing.Go(func() {
			for range 8 {
				if err := a.turn(t.Context(), t); err != nil {
					t.Errorf("writer %d: %v", i, err)
					return
				}
			}
		})
	}
	ctx, stop := context.WithCancel(t.Context())
	for i, q := range []callvault.Query{all(), in(t, "7"), between(day+minute, day+30*minute)} {
		reading.Go(func() {
			for ctx.Err() == nil && !t.Failed() {
				if err := readOnce(t.Context(), stores[i%2].Calls(acme), q); err != nil {
					t.Errorf("%s: %v", describe(q), err)
				}
			}
		})
	}
	writing.Wait()
	stop()
	reading.Wait()

	var want []callvault.Call
	var number int64
	for _, a := range authors {
		number += a.changes
		for _, c := range a.there {
			want = append(want, c)
		}
	}
	for _, store := range append(stores, open(t)) {
		holds(t, store.Calls(acme), want...)
		q := in(t, "7")
		if got, want := count(t, store.Calls(acme), q), len(matching(want, q)); got != want {
			t.Errorf("the workspace counts %d, want %d", got, want)
		}
		if got := highest(t, store.Calls(acme)); got != number {
			t.Errorf("the highest number is %d after %d changes", got, number)
		}
	}
}

// readOnce tells what is wrong with a reading, in itself.
func readOnce(ctx context.Context, calls callvault.Calls, q callvault.Query) error {
	last, n := callvault.Position{Time: callvault.MinTime}, 0
	total, err := calls.First(ctx, q, -1, func(r callvault.Record) error {
		if r.Position().Compare(last) <= 0 || r.Time < q.From || r.Time >= q.To {
			return fmt.Errorf("call %v follows %v", r.Position(), last)
		}
		last = r.Position()
		n++
		return nil
	})
	if err == nil && total != n {
		err = fmt.Errorf("counted %d calls and visited %d", total, n)
	}
	return err
}

// When several write the same batch of ids at once, one of them creates the
// calls and each of the others changes them, as if they had taken turns; one
// of them was last.
func writersOfTheSameCalls(t *testing.T, open Open) {
	stores := []callvault.Store{open(t), open(t)}
	const n, turns = 40, 5
	batches := make([][]callvault.Call, writers)
	for w := range batches {
		for i := range n {
			s := Sample{ID: fmt.Sprint(i * i), Time: day + callvault.Time(i*w)*hour, Workspace: fmt.Sprint(w), Title: fmt.Sprint(w, i)}
			batches[w] = append(batches[w], s.Call(t))
		}
	}
	var group sync.WaitGroup
	var mu sync.Mutex
	var sum callvault.PutResult
	for w := range writers {
		group.Go(func() {
			for range turns {
				result, err := stores[w%2].Calls(acme).Put(t.Context(), callvault.NewBatch(slices.Clone(batches[w])))
				if err != nil || result.Created%n != 0 || result.Changed%n != 0 || result.Unchanged%n != 0 {
					t.Errorf("put: %+v, %v", result, err)
					return
				}
				mu.Lock()
				sum = sum.Add(result)
				mu.Unlock()
			}
		})
	}
	group.Wait()
	if sum.Created != n || sum.Created+sum.Changed+sum.Unchanged != n*writers*turns {
		t.Errorf("in sum %+v of %d calls that were put %d times", sum, n, writers*turns)
	}
	calls := stores[0].Calls(acme)
	if got, want := highest(t, calls), int64(sum.Created+sum.Changed); got != want {
		t.Errorf("the highest number is %d after %d changes", got, want)
	}
	got := list(t, calls, all())
	if !slices.ContainsFunc(batches, func(b []callvault.Call) bool { return slices.Equal(got, rows(b, all())) }) {
		t.Errorf("the %d calls that are there are no one's", len(got))
	}
	holdsCounts(t, calls, got)
}

// holdsCounts checks the workspaces' counts against what is there.
func holdsCounts(t testing.TB, calls callvault.Calls, there []row) {
	t.Helper()
	sum := 0
	for w := range writers {
		sum += count(t, calls, in(t, fmt.Sprint(w)))
	}
	if total := count(t, calls, all()); sum != total || total != len(there) {
		t.Errorf("the workspaces count %d calls and the company %d, want %d", sum, total, len(there))
	}
}

// Of several that make one company, one is told that it did; keys that are
// added at once are all there, and one who follows them misses none.
func makersOfTheSameThings(t *testing.T, open Open) {
	stores := []callvault.Store{open(t), open(t)}
	var adding, following sync.WaitGroup
	var mu sync.Mutex
	made := 0
	for w := range writers {
		store := stores[w%2]
		adding.Go(func() {
			for i := range 6 {
				did, err := store.MakeCompany(t.Context(), fmt.Sprint("company-", i))
				if err != nil {
					t.Error(err)
				}
				if err := store.AddKey(t.Context(), key(fmt.Sprint(w, "-", i), fmt.Sprint("company-", i))); err != nil {
					t.Error(err)
				}
				mu.Lock()
				if did {
					made++
				}
				mu.Unlock()
			}
		})
	}
	ctx, stop := context.WithCancel(t.Context())
	met := make([]int, len(stores))
	for i, store := range stores {
		following.Go(func() {
			// One more round after the last key was added meets the rest.
			for version, last := (callvault.KeysVersion{}), false; !last; {
				last = ctx.Err() != nil
				keys, latest, err := store.Keys(t.Context(), version)
				if err != nil || latest != version && len(keys) < met[i] || latest == version && len(keys) > 0 {
					t.Errorf("the version went from %x to %x, and the keys from %d to %d, %v", version, latest, met[i], len(keys), err)
					return
				}
				if latest != version {
					met[i] = len(keys)
				}
				version = latest
			}
		})
	}
	adding.Wait()
	stop()
	following.Wait()
	if made != 6 {
		t.Errorf("%d were told that they made one of 6 companies", made)
	}
	for _, met := range met {
		if met != writers*6 {
			t.Errorf("a follower met %d keys, want %d", met, writers*6)
		}
	}
}

// Yielding batches beside another writer are kept as a whole, or absent as a whole with
// ErrYielded; other batches are never given up.
func yieldingBatches(t *testing.T, open Open) {
	big, small := open(t).Calls(acme), open(t).Calls(acme)
	var want []callvault.Call
	ctx, stop := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() {
		defer stop()
		for i := range 2 {
			var batch []callvault.Call
			for n := range 5100 { // more than an engine writes at once
				batch = append(batch, Sample{ID: fmt.Sprint(10_000*(i+1) + n), Time: day + callvault.Time(n)*minute}.Call(t))
			}
			_, err := big.Put(t.Context(), callvault.NewBatch(slices.Clone(batch)).Yielding())
			if err == nil {
				want = append(want, batch...)
			} else if !errors.Is(err, callvault.ErrYielded) {
				t.Error(err)
			}
		}
	})
	call := Sample{ID: "1", Time: day}.Call(t)
	for ok := true; ok; ok = ctx.Err() == nil {
		if _, err := small.Put(t.Context(), callvault.NewBatch([]callvault.Call{call})); err != nil {
			t.Error(err)
		}
	}
	group.Wait()
	holds(t, small, append(want, call)...)
}
