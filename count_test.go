package callvault_test

import (
	"maps"
	"math/rand/v2"
	"testing"

	"github.com/callvault/callvault"
)

// The parts of a range are the range: taken together, each instant of it is
// counted once and no other is. Whatever the range, little is counted.
func TestCountPartsAreTheRange(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	shifts := []uint{28, 34, 40}
	for range 100_000 {
		r := callvault.Range{From: randomBound(random), To: randomBound(random)}
		parts := r.CountParts()
		steps := make(map[callvault.Time]int64) // by how much the count changes at an instant
		for _, edge := range parts.Edges {
			if edge.IsEmpty() {
				continue
			}
			width := uint64(edge.To) - uint64(edge.From)
			if unsplit := edge.Range == r || edge.To == callvault.MaxTime; width >= 1<<28 || width > 1<<27 && !unsplit {
				t.Fatalf("%v: the edge %v is %d microseconds wide", r, edge, width)
			}
			steps[edge.From] += edge.Sign
			steps[edge.To] -= edge.Sign
		}
		for i, span := range parts.Spans {
			if span.IsEmpty() {
				continue
			}
			if span.Level != i/2 || span.Level < 2 && span.To-span.From > 64 {
				t.Fatalf("%v: the span %d is %+v", r, i, span)
			}
			shift := shifts[span.Level]
			steps[callvault.Time(span.From<<shift)] += span.Sign
			steps[callvault.Time(span.To<<shift)] -= span.Sign
		}
		maps.DeleteFunc(steps, func(_ callvault.Time, step int64) bool { return step == 0 })
		want := map[callvault.Time]int64{}
		if !r.IsEmpty() {
			want = map[callvault.Time]int64{r.From: 1, r.To: -1}
		}
		if !maps.Equal(steps, want) {
			t.Fatalf("%v: the parts %+v count %v", r, parts, steps)
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
	shift := []uint{0, 28, 34, 40}[random.IntN(4)]
	return callvault.Time(random.Int64N(200)-100)<<shift + callvault.Time(random.IntN(5)-2)
}

// A call is counted in the bucket that its time lies in.
func TestBuckets(t *testing.T) {
	for time, want := range map[callvault.Time]int64{0: 0, 1<<28 - 1: 0, 1 << 28: 1, -1: -1, -1 << 28: -1, -1<<28 - 1: -2} {
		buckets := time.Buckets()
		if buckets[0] != (callvault.Bucket{Level: 0, Number: want}) || buckets[2].Number != want>>12 {
			t.Errorf("%d is counted in %v", time, buckets)
		}
		if start := buckets[0].Start(); start > time || time-start >= 1<<28 {
			t.Errorf("the bucket of %d begins at %d", time, start)
		}
	}
}
