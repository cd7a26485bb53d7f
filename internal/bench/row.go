package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

// cost is what one turn took.
type cost struct {
	done      int // pages or calls
	took      time.Duration
	processor time.Duration // of the process that did it, in user and system mode
	written   int64         // bytes that the process wrote
	size      int64         // bytes of the file that it made
	distinct  int           // pages that there are to ask for
}

// rate is how many were done in a second.
func (c *cost) rate() float64 { return float64(c.done) / c.took.Seconds() }

// each is the processor time of one, in microseconds.
func (c *cost) each() float64 { return float64(c.processor.Nanoseconds()) / 1000 / float64(c.done) }

// turn does once what a row measures.
type turn func(context.Context) (cost, error)

// row is something that callvault does, beside a yardstick that does the like.
type row struct {
	calls               int // in the store
	name                string
	measured, yardstick turn
	costs, beside       []cost // of the two, a value for each round
}

// newRow compares what the programs do, or the only one with a yardstick.
func (b *bench) newRow(s *sample, name string, do func(*program) turn, yardstick turn) *row {
	r := &row{calls: s.count, name: name, measured: do(b.programs[0]), yardstick: yardstick}
	if len(b.programs) > 1 {
		r.yardstick = do(b.programs[1])
	}
	return r
}

// compare gives each chosen row its turns, round after round, and prints the rows.
// A ratio is of two turns that follow each other, so that a machine which is
// slower now than before changes it little.
func (b *bench) compare(ctx context.Context, rows ...*row) error {
	rows = slices.DeleteFunc(rows, func(r *row) bool { return !b.rows.MatchString(r.name) })
	begun := time.Now()
	for round := range b.rounds {
		if round > 0 && time.Since(begun) > b.within {
			break
		}
		for _, r := range rows {
			b.say("%d calls, %s, round %d of %d", r.calls, r.name, round+1, b.rounds)
			own, err := r.measured(ctx)
			if err != nil {
				return fmt.Errorf("%s: %w", r.name, err)
			}
			beside, err := r.yardstick(ctx)
			if err != nil {
				return fmt.Errorf("%s, the yardstick: %w", r.name, err)
			}
			r.costs, r.beside = append(r.costs, own), append(r.beside, beside)
		}
	}
	for _, r := range rows {
		b.table.print(r)
	}
	return nil
}

// table prints rows of Markdown.
type table struct{ io.Writer }

func newTable(w io.Writer) table {
	fmt.Fprintf(w, "Medians (least to most) of the rounds, %d cores, %s/%s, %s\n\n",
		runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	t := table{w}
	columns := []string{"calls", "what", "a second", "to the yardstick", "processor µs each", "to the yardstick", "written to size", "each page", "rounds"}
	t.line(columns)
	t.line(slices.Repeat([]string{"---"}, len(columns)))
	return t
}

func (t table) line(cells []string) { fmt.Fprintf(t, "| %s |\n", strings.Join(cells, " | ")) }

// print prints a row. Its ratios are of the two turns of one round.
func (t table) print(r *row) {
	var rates, faster, each, dearer, written []float64
	for i, own := range r.costs {
		beside := &r.beside[i]
		rates, faster = append(rates, own.rate()), append(faster, own.rate()/beside.rate())
		each = append(each, own.each())
		if beside.processor > 0 { // not less than a tick
			dearer = append(dearer, own.each()/beside.each())
		}
		if own.size > 0 {
			written = append(written, float64(own.written)/float64(own.size))
		}
	}
	t.line([]string{humanize.Comma(int64(r.calls)), r.name, spread(rates), spread(faster), spread(each), spread(dearer), spread(written), asked(r.costs), fmt.Sprint(len(r.costs))})
}

// asked is how often each page was asked for.
func asked(costs []cost) string {
	times, distinct := 0, 0
	for _, c := range costs {
		times, distinct = times+c.done, c.distinct
	}
	switch {
	case distinct == 0:
		return ""
	case times <= distinct:
		return "once"
	}
	return figure(float64(times)/float64(distinct)) + " times"
}

// spread is the median, the least and the most of values.
func spread(values []float64) string {
	if len(values) == 0 {
		return ""
	}
	slices.Sort(values)
	last := len(values) - 1
	if last == 0 {
		return figure(values[0])
	}
	median := (values[last/2] + values[(last+1)/2]) / 2
	return fmt.Sprintf("%s (%s to %s)", figure(median), figure(values[0]), figure(values[last]))
}

// figure is a number with as many digits as a reader has use for.
func figure(f float64) string {
	if f >= 100 {
		return humanize.Comma(int64(f + 0.5))
	}
	return fmt.Sprintf("%.3g", f)
}
