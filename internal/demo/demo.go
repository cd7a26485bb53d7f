// Package demo invents the calls of a company: realistic enough to try a client
// against, and the same for the same options on every machine.
package demo

import (
	"iter"
	"math/rand/v2"
	"time"

	"github.com/callvault/callvault/gong"
)

// Days is how many days the calls lie on, the last one being Options.Day.
const Days = 90

// Options say which calls are invented.
type Options struct {
	Seed  uint64
	Day   time.Time // the UTC day the calls end with; no call is later than its end
	Count int
}

// Calls invents the calls, in the order of their times. It takes memory for
// the shape of the days and none for the calls.
func Calls(o Options) iter.Seq[gong.Call] {
	return func(yield func(gong.Call) bool) {
		last := o.Day.UTC().Truncate(24 * time.Hour)
		first := last.AddDate(0, 0, 1-Days)
		shape := rand.New(rand.NewPCG(o.Seed, 1))
		counts := share(o.Count, weights(first, shape))
		g := newGenerator(o.Seed)
		for d, n := range counts {
			for _, at := range g.times(n) {
				call := g.call(first.AddDate(0, 0, d).Add(time.Duration(at) * time.Second))
				if !yield(call) {
					return
				}
			}
		}
	}
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

// share divides count by the weights; what rounding leaves goes to the first
// days, one each.
func share(count int, weights []int) []int {
	sum := 0
	for _, w := range weights {
		sum += w
	}
	shares := make([]int, len(weights))
	left := count
	for i, w := range weights {
		shares[i] = count * w / sum
		left -= shares[i]
	}
	for i := range left {
		shares[i%len(shares)]++
	}
	return shares
}
