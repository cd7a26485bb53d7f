package callvault_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/callvault/callvault"
)

// The pieces of a range are the range: taken together, each instant of it is
// counted once and no other is. Whatever the range, little is counted.
func TestPiecesAreTheRange(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for range 100_000 {
		r := callvault.Range{From: randomBound(random), To: randomBound(random)}
		pieces := r.Pieces()
		steps := make(map[callvault.Time]int64) // by how much the count changes at an instant
		for _, edge := range pieces.Edges {
			if edge.IsEmpty() {
				continue
			}
			width := edge.To - edge.From
			if unsplit := edge.From == r.From && edge.To == r.To; width >= fiveMinutes || width > fiveMinutes/2 && !unsplit {
				t.Fatalf("%v: the edge %v is %d microseconds wide", r, edge, width)
			}
			steps[edge.From] += edge.Sign
			steps[edge.To] -= edge.Sign
		}
		for i, span := range pieces.Spans {
			if span.IsEmpty() {
				continue
			}
			if span.Level != i/2 || span.Level < 2 && span.To-span.From > 72+48 {
				t.Fatalf("%v: the span %d is %+v", r, i, span)
			}
			steps[callvault.Bucket{Level: span.Level, Number: span.From}.Start()] += span.Sign
			steps[callvault.Bucket{Level: span.Level, Number: span.To}.Start()] -= span.Sign
		}
		maps.DeleteFunc(steps, func(_ callvault.Time, step int64) bool { return step == 0 })
		r.From, r.To = max(r.From, callvault.CallTimes.From), min(r.To, callvault.CallTimes.To)
		want := map[callvault.Time]int64{}
		if !r.IsEmpty() {
			want = map[callvault.Time]int64{r.From: 1, r.To: -1}
		}
		if !maps.Equal(steps, want) {
			t.Fatalf("%v: the pieces %+v count %v", r, pieces, steps)
		}
	}
}

// Whatever a page has visited of a range, it and the pieces count each call once, and the first
// edge is never wider than without it.
func TestPiecesBehindAPage(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	times := make([]callvault.Time, 2000)
	for i := range times {
		times[i] = callvault.Time(random.Int64N(int64(20*fiveMinutes))) - 10*fiveMinutes
		if i%3 == 0 {
			times[i] = callvault.Time(random.IntN(5)-2) * 7 * fiveMinutes / 2
		}
	}
	slices.Sort(times)
	within := func(from, to callvault.Time) []callvault.Time {
		begin, _ := slices.BinarySearch(times, from)
		end, _ := slices.BinarySearch(times, to)
		return times[begin:max(begin, end)]
	}
	for range 100_000 {
		r := callvault.Range{From: randomBound(random) % (12 * fiveMinutes), To: randomBound(random)}
		want := within(r.From, r.To)
		head := new(callvault.Head)
		for _, at := range want[:min(len(want), random.IntN(300))] {
			head.Visit(at)
		}
		pieces := head.Pieces(r)
		total := pieces.Visited
		for _, edge := range pieces.Edges {
			total += int(edge.Sign) * len(within(edge.From, edge.To))
		}
		for _, span := range pieces.Spans {
			first, end := callvault.Bucket{Level: span.Level, Number: span.From}, callvault.Bucket{Level: span.Level, Number: span.To}
			total += int(span.Sign) * len(within(first.Start(), end.Start()))
		}
		before, edge := r.Pieces().Edges[0], pieces.Edges[0]
		if total != len(want) || edge.To-edge.From > before.To-before.From {
			t.Fatalf("%v behind %d of %d calls: the pieces %+v count %d", r, head.Visited(), len(want), pieces, total)
		}
	}
}

// randomBound is near a boundary of some level, an end of time, or anywhere.
func randomBound(random *rand.Rand) callvault.Time {
	switch random.IntN(8) {
	case 0:
		return callvault.MinTime
	case 1:
		return callvault.MaxTime
	case 2:
		return callvault.Time(random.Uint64())
	}
	width := []callvault.Time{1, fiveMinutes, 48 * fiveMinutes, 72 * 48 * fiveMinutes}[random.IntN(4)]
	return callvault.Time(random.Int64N(200)-100)*width + callvault.Time(random.IntN(5)-2)
}

const fiveMinutes callvault.Time = 300_000_000

// A call is counted in the bucket that its time lies in, on both sides of 1970.
func TestBuckets(t *testing.T) {
	for at, want := range map[callvault.Time]int64{0: 0, fiveMinutes - 1: 0, fiveMinutes: 1, -1: -1, -fiveMinutes: -1, -fiveMinutes - 1: -2} {
		buckets := at.Buckets()
		if buckets[0] != (callvault.Bucket{Level: 0, Number: want}) || buckets[2].Number != want>>12 { // 0 or -1
			t.Errorf("%d is counted in %v", at, buckets)
		}
		if start := buckets[0].Start(); start > at || at-start >= fiveMinutes {
			t.Errorf("the bucket of %d begins at %d", at, start)
		}
	}
}

// Days and hours of the clock have no edge to count.
func TestClockRangesHaveNoEdges(t *testing.T) {
	for _, r := range []callvault.Range{
		{From: callvault.FloorTime(time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)), To: callvault.FloorTime(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))},
		{From: callvault.FloorTime(time.Date(1969, 12, 31, 23, 0, 0, 0, time.UTC)), To: callvault.FloorTime(time.Date(1970, 1, 2, 0, 5, 0, 0, time.UTC))},
	} {
		for _, edge := range r.Pieces().Edges {
			if !edge.IsEmpty() {
				t.Errorf("%v has the edge %v", r, edge)
			}
		}
	}
}
