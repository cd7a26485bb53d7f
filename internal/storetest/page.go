package storetest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

func pageLaws() []law {
	return []law{
		{"pages cover exactly", pagesCoverExactly},
		{"pages under deletes", pagesUnderDeletes},
		{"pages under writes", pagesUnderWrites},
	}
}

// The pages of a walk put together are the list, whatever the size of a page:
// each call once, in order. Every page says how many calls the walk has.
func pagesCoverExactly(t *testing.T, open Open) {
	calls := open(t).Calls(acme)
	var batch []callvault.Call
	for i, id := range numbers() {
		batch = append(batch, Sample{ID: id, Time: day + callvault.Time(i/9)*minute, Workspace: fmt.Sprint(i % 3)}.Call(t))
	}
	put(t, calls, batch...)
	for _, q := range []callvault.Query{all(), in(t, "1"), in(t, "9"), between(day+minute, day+4*minute), between(day, day)} {
		want := matching(batch, q)
		for size := 1; size <= len(batch)+1; size++ {
			pages := 0
			next := callvault.PageQuery{Query: q, Size: size}
			for rest := want; ; pages++ {
				got, p, err := page(t.Context(), calls, next)
				if err != nil {
					t.Fatal(err)
				}
				n := min(size, len(rest))
				var documents []string
				wantPage := callvault.Page{Total: len(want), Number: pages, Size: n, More: len(rest) > n}
				for _, c := range rest[:n] {
					documents = append(documents, string(c.Document))
					wantPage.Last = c.Position()
				}
				same(t, fmt.Sprintf("page %d of size %d", pages, size), p, wantPage)
				same(t, fmt.Sprintf("page %d of size %d", pages, size), got, documents)
				if rest = rest[n:]; !p.More || t.Failed() {
					break
				}
				next.Number, next.After, next.Total = pages+1, p.Last, p.Total
			}
		}
	}
}

// A walk goes on from a call that was deleted, and ends with an empty page
// when what it had left was deleted.
func pagesUnderDeletes(t *testing.T, open Open) {
	calls, batch := open(t).Calls(acme), fifty(t)
	put(t, calls, batch...)
	_, first, err := page(t.Context(), calls, callvault.PageQuery{Query: all(), Size: 20})
	if err != nil {
		t.Fatal(err)
	}
	remove(t, calls, "18", "19", "20")
	next := callvault.PageQuery{Query: all(), Size: 20, Number: 1, After: first.Last, Total: first.Total}
	got, second, err := page(t.Context(), calls, next)
	if err != nil {
		t.Fatal(err)
	}
	want := callvault.Page{Total: 50, Number: 1, Size: 20, Last: batch[40].Position(), More: true}
	same(t, "the second page", second, want)
	if len(got) != 20 || got[0] != string(batch[21].Document) {
		t.Errorf("the second page has %d calls and begins with %.60s", len(got), got[0])
	}
	remove(t, calls, "41", "42", "43", "44", "45", "46", "47", "48", "49")
	next.Number, next.After = 2, second.Last
	got, third, err := page(t.Context(), calls, next)
	if err != nil || len(got) > 0 {
		t.Errorf("the third page has %d calls, %v", len(got), err)
	}
	same(t, "the third page", third, callvault.Page{Total: 50, Number: 2})
}

// While others put, change, move and delete calls, a walk meets no place twice,
// and misses no call that was there throughout, in one place, even if it
// changed.
func pagesUnderWrites(t *testing.T, open Open) {
	reader, writer := open(t).Calls(acme), open(t).Calls(acme)
	const steady, moving = 60, 40
	var batch []callvault.Call
	for i := range steady {
		batch = append(batch, Sample{ID: fmt.Sprint(1000 + i), Time: day + callvault.Time(i/2)*minute, Workspace: "1"}.Call(t))
	}
	put(t, reader, batch...)

	written, stop := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() {
		defer stop()
		for round := range 60 {
			var batch []callvault.Call
			var gone []callvault.ID
			for i := range moving {
				s := Sample{ID: fmt.Sprint(980 + i*7), Time: day + callvault.Time((i*13+round*17)%31)*minute, Workspace: fmt.Sprint(1 + (i+round)%2)}
				if i*7 >= 20 && i*7 < 20+steady {
					s = Sample{ID: s.ID, Time: day + callvault.Time((i*7-20)/2)*minute, Workspace: "1", Title: fmt.Sprint("round ", round)}
				} else if (i+round)%3 == 0 {
					gone = append(gone, ID(t, s.ID))
					continue
				}
				batch = append(batch, s.Call(t))
			}
			if _, err := writer.Put(t.Context(), callvault.NewBatch(batch)); err != nil {
				t.Error(err)
			}
			if _, err := writer.Delete(t.Context(), gone); err != nil {
				t.Error(err)
			}
		}
	})
	for i := 0; written.Err() == nil; i++ {
		q := callvault.Query{Range: callvault.AllTime}
		if i%2 == 1 {
			q = in(t, "1")
		}
		walked, err := walk(t.Context(), reader, q, 1+i%17)
		if err != nil {
			t.Errorf("walk %d: %v", i, err)
			break
		}
		if !slices.IsSortedFunc(walked, callvault.Position.Compare) || len(slices.Compact(slices.Clone(walked))) < len(walked) {
			t.Errorf("walk %d is not in order", i)
		}
		for _, c := range batch {
			if !slices.Contains(walked, c.Position()) {
				t.Errorf("walk %d misses call %s", i, c.ID)
			}
		}
	}
	group.Wait()
}

// walk is the places of the calls that a walk meets, page by page.
func walk(ctx context.Context, calls callvault.Calls, q callvault.Query, size int) (places []callvault.Position, err error) {
	next := callvault.PageQuery{Query: q, Size: size}
	for {
		documents, p, err := page(ctx, calls, next)
		if err != nil {
			return nil, err
		}
		for _, document := range documents {
			c, err := gong.ParseCall([]byte(document))
			if err != nil {
				return nil, err
			}
			id, err := callvault.ParseID(c.ID)
			if err != nil {
				return nil, err
			}
			places = append(places, callvault.Position{Time: callvault.TimeOf(&c), ID: id})
		}
		if !p.More {
			return places, nil
		}
		if next.Number > 0 && p.Last.Compare(next.After) <= 0 {
			return nil, fmt.Errorf("the page after %v ends at %v", next.After, p.Last)
		}
		next.Number, next.After, next.Total = p.Number+1, p.Last, p.Total
	}
}
