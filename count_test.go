package callvault_test

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/callvault/callvault"
)

// The parts of a range are the range: sorted they follow each other from its
// beginning to its end, and an edge is less than a finest bucket.
func TestCountPartsAreTheRange(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	shifts := []uint{28, 34, 40}
	for range 100_000 {
		r := callvault.Range{From: randomBound(random), To: randomBound(random)}
		parts := r.CountParts()
		var pieces []callvault.Range
		for _, edge := range parts.Edges {
			if edge.IsEmpty() {
				continue
			}
			if width := uint64(edge.To) - uint64(edge.From); width >= 1<<28 {
				t.Fatalf("%v: the edge %v is %d microseconds wide", r, edge, width)
			}
			pieces = append(pieces, edge)
		}
		for _, span := range parts.Spans {
			if !span.IsEmpty() {
				shift := shifts[span.Level]
				pieces = append(pieces, callvault.Range{From: callvault.Time(span.From << shift), To: callvault.Time(span.To << shift)})
			}
		}
		slices.SortFunc(pieces, func(a, b callvault.Range) int { return cmp.Compare(a.From, b.From) })
		if r.IsEmpty() {
			if pieces != nil {
				t.Fatalf("%v is empty and has the pieces %v", r, pieces)
			}
			continue
		}
		at := r.From
		for _, piece := range pieces {
			if piece.From != at {
				t.Fatalf("%v: the pieces %v do not meet at %d", r, pieces, at)
			}
			at = piece.To
		}
		if at != r.To {
			t.Fatalf("%v: the pieces %v end at %d", r, pieces, at)
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
