package callvault_test

import (
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/callvault/callvault"
)

// What leaves a tally as it came leaves no trace but the number of the change.
func TestTallyAddsUp(t *testing.T) {
	r, tally := record(t), callvault.Tally{}
	tally.Add(&r, math.MaxInt64)
	other := r
	other.Number, other.Time = 9, r.Time-1
	tally.Add(&other, 5)
	want := callvault.Counted{Calls: 2, Digest: math.MinInt64 + 4, Number: 9}
	if got := tally.Wide()[callvault.CountKey{Workspace: r.Workspace, Bucket: r.Time.Buckets()[2]}]; got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	tally.Remove(&r, math.MaxInt64, 10)
	tally.Remove(&other, 5, 11)
	for key, c := range tally.Wide() {
		if c != (callvault.Counted{Number: 11}) {
			t.Errorf("%+v is %+v after all calls have left", key, c)
		}
	}
}

// A difference is told once, where it is known most closely.
func TestCountDifferences(t *testing.T) {
	r := record(t)
	tally := callvault.Tally{}
	tally.Add(&r, 1)
	for name, tt := range map[string]struct {
		change func(callvault.Tally)
		want   []string
		loss   bool
	}{
		"sound": {func(callvault.Tally) {}, nil, false},
		"a call left since": {func(kept callvault.Tally) {
			for key, c := range kept {
				c.Number = 99
				kept[key] = c
			}
		}, nil, false},
		"lost": {func(kept callvault.Tally) { maps.Copy(kept, double(kept)) },
			[]string{"from 1969-12-31T23:55:00Z to 1970-01-01T00:00:00Z: 2 calls counted, but 1 found"}, true},
		"a workspace's alone": {func(kept callvault.Tally) {
			kept[callvault.CountKey{Workspace: r.Workspace, Bucket: r.Time.Buckets()[1]}] = callvault.Counted{Calls: 1, Digest: 2, Number: 7}
		},
			[]string{"from 1969-12-31T20:00:00Z to 1970-01-01T00:00:00Z in workspace 12: the calls differ from those that were last written"}, true},
		"a number": {func(kept callvault.Tally) {
			kept[callvault.CountKey{Bucket: r.Time.Buckets()[2]}] = callvault.Counted{Calls: 1, Digest: 1, Number: 6}
		},
			[]string{"from 1969-12-20T00:00:00Z to 1970-01-01T00:00:00Z: the last change is recorded as number 6, but a call has number 7"}, false},
		"empty": {func(kept callvault.Tally) { clear(kept) },
			[]string{"from 1969-12-31T23:55:00Z to 1970-01-01T00:00:00Z: 0 calls counted, but 1 found"}, true},
	} {
		kept := tally.Wide()
		tt.change(kept)
		differences := tally.CompareCounts(kept)
		var got []string
		callvault.ReportCounts(differences, func(text string) { got = append(got, text) })
		loss := slices.ContainsFunc(differences, func(d callvault.CountDifference) bool { return d.IsLoss() })
		if !slices.Equal(got, tt.want) || loss != tt.loss {
			t.Errorf("%s: got %q, loss %t", name, got, loss)
		}
		for _, d := range differences {
			kept[d.CountKey] = d.Has
		}
		if again := tally.CompareCounts(kept); len(again) > 0 {
			t.Errorf("%s: what is to be kept differs: %+v", name, again)
		}
	}
}

func double(t callvault.Tally) callvault.Tally {
	t = maps.Clone(t)
	for key, c := range t {
		t[key] = callvault.Counted{Calls: 2 * c.Calls, Digest: 2 * c.Digest, Number: c.Number}
	}
	return t
}
