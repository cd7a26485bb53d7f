package main

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
)

// What is to be reached on two cores that the server shares with the load.
const (
	leastLaterToStatic = 0.3
	leastFirstToLater  = 0.7
	mostTotal          = 1000 // microseconds
	mostSlower         = 1.5
	leastOrdered       = 100_000 // calls a second
	leastShuffled      = 50_000
	mostImportMemory   = 200 // MiB
	mostServerMemory   = 100
	mostStart          = 100 // milliseconds
)

// table prints rows of Markdown.
type table struct{ io.Writer }

func newTable(w io.Writer, title string, columns ...string) table {
	fmt.Fprintf(w, "\n%s\n\n", title)
	t := table{w}
	t.row(columns...)
	t.row(slices.Repeat([]string{"---"}, len(columns))...)
	return t
}

func (t table) row(cells ...string) {
	fmt.Fprintf(t, "| %s |\n", strings.Join(cells, " | "))
}

func printPages(w io.Writer, all []*series) {
	title := fmt.Sprintf("Pages of 100 calls a second over %d connections, the server and its load on %d cores (%s/%s, %s)",
		connections, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	t := newTable(w, title, "calls", "imported", "workspace", "(a) from memory", "(b) first pages", "(c) later pages",
		"(c) to (a)", "target", "(b) to (c)", "target")
	for _, s := range all {
		t.row(number(s.count), s.order, s.share(), whole(s.static), whole(s.firsts), whole(s.laters),
			ratio(s.laterToStatic), fmt.Sprintf("≥ %.1f", leastLaterToStatic),
			ratio(s.firstToLater), fmt.Sprintf("≥ %.1f", leastFirstToLater))
	}
}

func printRanges(w io.Writer, all []*series) {
	t := newTable(w, "(d) First pages by what their range matches", "calls", "imported", "workspace", "matches",
		"pages a second", "time to that of 100", "target", "total alone, median µs", "of 100 the 99th", "target")
	for _, s := range all {
		for i, r := range s.ranges {
			slower, target := "1", ""
			if i > 0 {
				slower, target = ratio(r.slower), fmt.Sprintf("≤ %.1f", mostSlower)
			}
			t.row(number(s.count), s.order, s.share(), number(r.matches), whole(r.pages), slower, target,
				whole(r.counts), fmt.Sprintf("%.0f", quantile(r.counts, 0.99)), fmt.Sprintf("< %d", mostTotal))
		}
	}
}

func printImports(w io.Writer, stores []*dataset) {
	t := newTable(w, "(e) Imports, beside bare inserts of the same rows", "calls", "order", "imported a second", "target",
		"inserted a second", "ratio", "rounds", "peak MiB", "target")
	for _, d := range stores {
		target := leastOrdered
		if d.file == d.shuffled {
			target = leastShuffled
		}
		t.row(number(d.count), d.order, whole(d.imported), "≥ "+number(target), whole(d.bare), ratio(d.ratio),
			fmt.Sprint(len(d.imported)), mebibytes(d.memory), fmt.Sprintf("< %d", mostImportMemory))
	}
}

func printServers(w io.Writer, stores []*dataset) {
	t := newTable(w, "Servers", "calls", "imported", "ms until it accepts", "target", "ms until the first page",
		"peak MiB under load", "target")
	for _, d := range stores {
		t.row(number(d.count), d.order, whole(d.ready), fmt.Sprintf("< %d", mostStart), whole(d.answered),
			mebibytes(d.resident), fmt.Sprintf("< %d", mostServerMemory))
	}
}

// number is a whole number with its thousands set apart.
func number(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

func whole(values []float64) string { return number(int(quantile(values, 0.5) + 0.5)) }

func ratio(values []float64) string { return fmt.Sprintf("%.2f", quantile(values, 0.5)) }

func mebibytes(n float64) string {
	if n == 0 {
		return "not told by this system"
	}
	return fmt.Sprintf("%.0f", n)
}

// quantile is the value that a share of the values is not above; half is the
// median.
func quantile(values []float64, share float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	if len(sorted) == 0 {
		return 0
	}
	return sorted[int(share*float64(len(sorted)-1)+0.5)]
}
