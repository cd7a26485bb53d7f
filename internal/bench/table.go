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
	leastExported      = 500_000 // as NDJSON
	mostImportMemory   = 200     // MiB
	mostServerMemory   = 100
	mostStart          = 100 // milliseconds
	leastGzipToStatic  = 0.2
	leastToBare        = 0.6 // of pages on PostgreSQL to the bare query
	mostCounts         = 25  // per cent that the totals cost an import
	mostGrowth         = 1.2 // time of a page to that in the smallest store
	mostRare           = 1.2 // time of a page of a rare workspace to that of another
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
		"inserted a second", "ratio", "with counts a second", "counts cost the inserts", "and the import", "target", "rounds", "peak MiB", "target")
	for _, d := range stores {
		target := leastOrdered
		if d.order == noOrder {
			target = leastShuffled
		}
		t.row(number(d.count), d.order, whole(d.imported), "≥ "+number(target), whole(d.bare), ratio(d.ratio),
			whole(d.counted), percent(d.countsToInserts()), percent(d.countsToImport()), fmt.Sprintf("≤ %d %%", mostCounts),
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

func printGzip(w io.Writer, all []*series) {
	t := newTable(w, "(f) Later pages that are compressed", "calls", "imported", "workspace", "from memory, compressed before",
		"later pages", "ratio", "target")
	for _, s := range all {
		t.row(number(s.count), s.order, s.share(), whole(s.gzipStatic), whole(s.gzips), ratio(s.gzipToStatic),
			fmt.Sprintf("≥ %.1f", leastGzipToStatic))
	}
}

func printDatabases(w io.Writer, all []*databaseSeries) {
	if len(all) == 0 {
		return
	}
	t := newTable(w, "(g) Pages on PostgreSQL, beside the same queries by pgx alone", "calls", "workspace",
		"first pages", "by pgx", "ratio", "target", "later pages", "by pgx", "ratio", "target", "peak MiB")
	var plain []*series
	for _, s := range all {
		target := fmt.Sprintf("≥ %.1f", leastToBare)
		t.row(number(s.count), s.share(), whole(s.firsts), whole(s.bareFirsts), ratio(s.firstToBare), target,
			whole(s.laters), whole(s.bareLaters), ratio(s.laterToBare), target, mebibytes(s.resident))
		plain = append(plain, s.series)
	}
	printTotals(w, plain)
}

// printTotals prints the totals of stores on PostgreSQL.
func printTotals(w io.Writer, all []*series) {
	if len(all) == 0 {
		return
	}
	t := newTable(w, "(h) Totals alone on PostgreSQL", "calls", "workspace", "matches", "median µs", "of 100 the 99th", "target")
	for _, s := range all {
		for _, r := range s.ranges {
			t.row(number(s.count), s.share(), number(r.matches), whole(r.counts), fmt.Sprintf("%.0f", quantile(r.counts, 0.99)),
				fmt.Sprintf("< %d", mostTotal))
		}
	}
}

func printGrowth(w io.Writer, all []*series) {
	smallest := all[0]
	title := fmt.Sprintf("(i) Pages by the size of the store, and their time to that of %s calls", number(smallest.count))
	t := newTable(w, title, "calls", "from memory", "later pages a second", "time", "target", "first pages a second", "time", "target")
	for _, s := range all {
		target := fmt.Sprintf("≤ %.1f", mostGrowth)
		t.row(number(s.count), whole(s.static), whole(s.laters), ratio(quotients(smallest.laters, s.laters)), target,
			whole(s.firsts), ratio(quotients(smallest.firsts, s.firsts)), target)
	}
}

func printRare(w io.Writer, all []*comparison) {
	t := newTable(w, "(j) Pages of a workspace with one call in a million, and of the one with all others", "calls", "in the rare one",
		"calls to a page", "pages", "of the rare one a second", "of the other", "time to that of the other", "target")
	for _, c := range all {
		t.row(number(c.count), number(len(c.workspaces[1].moments)), number(c.size), c.kind, whole(c.rares), whole(c.mosts),
			ratio(c.slower), fmt.Sprintf("≤ %.1f", mostRare))
	}
}

func printLargeStores(w io.Writer, stores []*dataset) {
	t := newTable(w, "(k) Stores of the large run, imported in time order", "calls", "imported a second", "MiB of the file")
	for _, d := range stores {
		t.row(number(d.count), whole(d.imported), number(int(d.size())))
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

func percent(values []float64) string { return fmt.Sprintf("%.1f %%", 100*quantile(values, 0.5)) }

// quotients divides the values of each round.
func quotients(dividends, divisors []float64) []float64 {
	all := make([]float64, len(dividends))
	for i := range all {
		all[i] = dividends[i] / divisors[i]
	}
	return all
}

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

// printProcesses prints whose time the pages took.
func printProcesses(w io.Writer, count int, kinds []*profiled) {
	title := fmt.Sprintf("(l) Whose time it is: %s calls, pages over %d connections", number(count), connections)
	t := newTable(w, title, "pages", "a second", "callvault", "PostgreSQL", "the load and others")
	for _, k := range kinds {
		p := k.shares
		t.row(k.name, number(int(k.pages)), share(p.server, p.all), share(p.database, p.all), share(p.all-p.server-p.database, p.all))
	}
}

// printProfile prints where callvault's own time went.
func printProfile(w io.Writer, count int, kinds []*profiled) {
	columns := []string{"of callvault's time"}
	for _, k := range kinds {
		columns = append(columns, k.name)
	}
	t := newTable(w, fmt.Sprintf("(m) Where callvault's time goes: %s calls", number(count)), columns...)
	for _, p := range places() {
		cells := []string{p.name}
		for _, k := range kinds {
			cells = append(cells, share(k.shares.places[p.name], k.shares.server))
		}
		t.row(cells...)
	}
}
