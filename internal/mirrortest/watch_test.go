package mirrortest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/upstreamtest"
)

// watch sees what a mirror commits: what it learns of calls, the requests that it counts, its
// rounds and its holds.
type watch struct {
	rig    *rig
	ledger *upstreamtest.Ledger // nil before it measures
	since  time.Time            // when it began to measure
	bins   map[string]requests  // by when they begin
	rounds map[string]map[time.Time]time.Duration
	holds  []string
	held   bool
	filled bool // the backfill has come to its end
	wrong  int  // deletions of calls that the upstream still had
}

// requests are numbers of requests by purpose.
type requests map[string]int

// binLength is how long the requests are counted together.
const binLength = 5 * time.Minute

// watched lets a rig's mirror write to a store that is watched.
func (w *watch) watched(r *rig) {
	w.rig = r
	w.bins = make(map[string]requests)
	r.config.Store = hooked{Store: r.store, after: func(change callvault.MirrorChange) error { w.committed(change); return nil }}
}

func (w *watch) committed(change callvault.MirrorChange) {
	for key, value := range change.Values {
		w.kept(key, value)
	}
	for _, id := range change.Delete {
		if w.rig.server.World.Has(id) {
			w.wrong++
		}
	}
	if w.ledger == nil {
		return
	}
	for _, call := range change.Calls.Calls() {
		w.ledger.Has(call.ID, call.Document, w.now())
	}
	for _, id := range change.Delete {
		w.ledger.Lacks(id, w.now())
	}
}

// now is the upstream's time.
func (w *watch) now() time.Time { return w.rig.now.Add(w.rig.off) }

// kept takes note of a value.
func (w *watch) kept(key string, value []byte) {
	prefix, rest, _ := strings.Cut(key, "/")
	switch {
	case prefix == "bin" && value != nil:
		var counts requests
		w.read(value, &counts)
		w.bins[rest] = counts
	case prefix == "round" && w.ledger != nil:
		var r struct{ Began, Ended time.Time }
		if w.read(value, &r); r.Ended.After(w.since) {
			if w.rounds[rest] == nil {
				w.rounds[rest] = make(map[time.Time]time.Duration)
			}
			w.rounds[rest][r.Began] = r.Ended.Sub(r.Began)
		}
	case key == "backfill":
		var b struct{ Done bool }
		w.read(value, &b)
		w.filled = b.Done
	case key == "hold":
		held := value != nil && string(value) != "null"
		if held && !w.held {
			w.holds = append(w.holds, string(value))
		}
		w.held = held
	}
}

func (w *watch) read(value []byte, into any) {
	if err := json.Unmarshal(value, into); err != nil {
		w.rig.Fatal(err)
	}
}

// measure begins to measure.
func (w *watch) measure() {
	w.since, w.holds, w.rounds = w.now(), nil, make(map[string]map[time.Time]time.Duration)
	w.ledger = upstreamtest.NewLedger(w.rig.server)
	q := callvault.Query{Range: callvault.AllTime}
	err := w.rig.store.Calls(company).Scan(w.rig.Context(), q, q.Start(), -1, func(record callvault.Record) error {
		w.ledger.Has(record.ID, record.Document, w.since)
		return nil
	})
	if err != nil {
		w.rig.Fatal(err)
	}
}

// total is how many requests there were for all purposes.
func (r requests) total() (n int) {
	for _, of := range r {
		n += of
	}
	return n
}

// spent are the requests since a time, and the most in 24 hours.
func (w *watch) spent(since time.Time) (all requests, most int) {
	all = make(requests)
	var bins []int
	within := 0
	for at := since.UTC().Truncate(binLength); at.Before(w.rig.now); at = at.Add(binLength) {
		counts := w.bins[at.Format(time.RFC3339)]
		for purpose, n := range counts {
			all[purpose] += n
		}
		bins = append(bins, counts.total())
		within += counts.total()
		if old := len(bins) - 1 - int(day/binLength); old >= 0 {
			within -= bins[old]
		}
		most = max(most, within)
	}
	return all, most
}

// String is the figures so far.
func (w *watch) String() string {
	var b strings.Builder
	length := w.now().Sub(w.since)
	all, most := w.spent(w.since.Add(-w.rig.off))
	perDay := func(n int) float64 { return float64(n) / length.Hours() * 24 }
	fmt.Fprintf(&b, "requests a day: %.0f, at most %d in 24 hours:", perDay(all.total()), most)
	for _, purpose := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&b, " %s %.1f", purpose, perDay(all[purpose]))
	}
	b.WriteString("\n" + w.ledger.Table(w.now()))
	for _, name := range slices.Sorted(maps.Keys(w.rounds)) {
		lengths := slices.Sorted(maps.Values(w.rounds[name]))
		fmt.Fprintf(&b, "%d %s rounds, median %v, longest %v\n", len(lengths), name, lengths[len(lengths)/2], lengths[len(lengths)-1])
	}
	fmt.Fprintf(&b, "%d holds %s\n%d calls were deleted that the upstream still had", len(w.holds), strings.Join(w.holds, " "), w.wrong)
	return b.String()
}
