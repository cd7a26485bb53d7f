package main

import (
	"cmp"
	"maps"
	"slices"

	"zombiezen.com/go/sqlite"

	"github.com/callvault/callvault"
)

const countedUpsert = `INSERT INTO counts (company, workspace, level, bucket, calls) VALUES (1, ?, ?, ?, ?)
	ON CONFLICT DO UPDATE SET calls = calls + excluded.calls`

// insertCounted inserts calls and keeps the counts of them as an import does:
// what it takes longer than insertCalls is what the exact totals cost.
func insertCounted(conn *sqlite.Conn, calls []callvault.Call) error {
	if err := insertCalls(conn, calls); err != nil {
		return err
	}
	counts := countCalls(calls)
	order := slices.SortedFunc(maps.Keys(counts), func(a, b countKey) int {
		return cmp.Or(a.workspace.Compare(b.workspace), cmp.Compare(a.Level, b.Level), cmp.Compare(a.Number, b.Number))
	})
	upsert, err := conn.Prepare(countedUpsert)
	if err != nil {
		return err
	}
	for _, key := range order {
		upsert.BindText(1, key.workspace.Key())
		upsert.BindInt64(2, int64(key.Level))
		upsert.BindInt64(3, key.Number)
		upsert.BindInt64(4, int64(counts[key]))
		if err := step(upsert); err != nil {
			return err
		}
	}
	return nil
}

// countKey is the key of a count; the zero workspace is all calls.
type countKey struct {
	workspace callvault.ID
	callvault.Bucket
}

// countCalls is how many calls fall into each bucket.
func countCalls(calls []callvault.Call) map[countKey]int {
	finest := make(map[countKey]int)
	for i := range calls {
		bucket := calls[i].Time.Buckets()[0]
		finest[countKey{Bucket: bucket}]++
		if workspace := calls[i].Workspace; !workspace.IsZero() {
			finest[countKey{workspace, bucket}]++
		}
	}
	counts := make(map[countKey]int, 2*len(finest))
	for key, n := range finest {
		for _, bucket := range key.Start().Buckets() {
			counts[countKey{key.workspace, bucket}] += n
		}
	}
	return counts
}

// countsToInserts is what the counts cost bare inserts, as a share of the time
// that these take.
func (d *dataset) countsToInserts() []float64 {
	shares := make([]float64, len(d.bare))
	for i := range shares {
		shares[i] = d.bare[i]/d.counted[i] - 1
	}
	return shares
}

// countsToImport is what the counts cost an import, as a share of the time that
// it would take without them.
func (d *dataset) countsToImport() []float64 {
	shares := make([]float64, len(d.bare))
	for i := range shares {
		counts := 1/d.counted[i] - 1/d.bare[i] // seconds a call
		shares[i] = counts / (1/d.imported[i] - counts)
	}
	return shares
}
