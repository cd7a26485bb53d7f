// Package demo invents the calls of a company: realistic enough to try a client
// against, and the same for the same options on every machine.
package demo

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// Days is how many UTC days the calls lie on. The last one has Options.End.
const Days = 90

// Options say which calls are invented.
type Options struct {
	Seed  uint64
	End   time.Time // no call happens or begins later
	Count int
}

// margin is the least time from a call to the end: a conference may begin so late.
const margin = 12 * time.Minute

// Calls invents the calls, in the order of their times to the second. It takes memory
// for the shape of the days and none for the calls.
func Calls(o Options) iter.Seq[gong.Call] {
	return func(yield func(gong.Call) bool) {
		last := o.End.UTC().Truncate(24 * time.Hour)
		first := last.AddDate(0, 0, 1-Days)
		counts := share(o.Count, weights(first, rand.New(rand.NewPCG(o.Seed, 1))))
		g := newGenerator(o.Seed)
		// What would come after the end is spread over the days before.
		today := g.times(counts[Days-1])
		for n := len(today); n > 0 && last.Add(time.Duration(today[n-1])*time.Second+margin).After(o.End); n = len(today) {
			today = today[:n-1]
			counts[n%(Days-1)]++
		}
		for d, n := range counts {
			times := today
			if d < Days-1 {
				times = g.times(n)
			}
			for _, at := range times {
				if !yield(g.call(first.AddDate(0, 0, d).Add(time.Duration(at) * time.Second))) {
					return
				}
			}
		}
	}
}

// Fill puts the calls, their hosts and their workspaces into a company. It returns the newest
// range of whole seconds that has three calls.
func Fill(ctx context.Context, store callvault.Companies, company string, o Options) (newest callvault.Range, err error) {
	for kind, ids := range map[callvault.Kind][]string{callvault.Users: newGenerator(o.Seed).users, callvault.Workspaces: workspaces} {
		if _, err := store.Directory(company).Put(ctx, kind, entries(kind, ids, o.End.AddDate(0, 0, -Days))); err != nil {
			return newest, err
		}
	}
	calls := make([]callvault.Call, 0, o.Count)
	for c := range Calls(o) {
		call, err := callvault.NewCall(&c)
		if err != nil {
			return newest, fmt.Errorf("call %s of the demo: %w", c.ID, err)
		}
		calls = append(calls, call)
	}
	if _, err := store.Calls(company).Put(ctx, callvault.NewBatch(calls)); err != nil {
		return newest, err
	}
	return three(calls, o.End), nil
}

// three is the range of three calls. A range can't divide the calls of one second.
func three(calls []callvault.Call, end time.Time) (r callvault.Range) {
	second := func(i int) callvault.Time { return callvault.FloorTime(calls[i].Time.UTC().Truncate(time.Second)) }
	r.To = callvault.FloorTime(end.Truncate(time.Second))
	for i := len(calls) - 3; i > 0; i-- {
		if r.From = second(i); second(i-1) < r.From && second(i+2) < r.To {
			break
		}
		r.To = second(i + 2)
	}
	return r
}

// weights are how busy each day is: weekends are quiet, the end of a month is
// not, and no day is like another.
func weights(first time.Time, r *rand.Rand) []int {
	weights := make([]int, Days)
	for d := range weights {
		day := first.AddDate(0, 0, d)
		w := 700 + r.IntN(600)
		switch day.Weekday() {
		case time.Saturday, time.Sunday:
			w /= 12
		case time.Friday:
			w = w * 3 / 4
		}
		if day.AddDate(0, 0, 4).Month() != day.Month() {
			w = w * 3 / 2
		}
		weights[d] = w
	}
	return weights
}

// share divides count by the weights.
func share(count int, weights []int) []int {
	sum := 0
	for _, w := range weights {
		sum += w
	}
	shares := make([]int, len(weights))
	weight, shared := 0, 0
	for i, w := range weights {
		weight += w
		shares[i] = count*weight/sum - shared
		shared += shares[i]
	}
	return shares
}
