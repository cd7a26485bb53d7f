package sqlite

import (
	"cmp"
	"maps"
	"slices"

	"github.com/callvault/callvault"
)

// Calls are counted in buckets of time of three widths, so that a range is a
// few sums of whole buckets and, at its two ends, a count of the calls
// themselves in less than one bucket of the finest width. 2^28 microseconds are
// 4.5 minutes, 2^34 are 4.8 hours, 2^40 are 12.7 days.
var levelShift = [...]uint{28, 34, 40}

// finest is the width of the finest bucket, in microseconds.
const finest = callvault.Time(1) << 28

const (
	sumSQL = `SELECT coalesce(sum(calls), 0) FROM counts
		WHERE company = ? AND workspace = ? AND level = ? AND bucket >= ? AND bucket < ?`

	countSQL = `SELECT count(*) FROM documents
		WHERE company = ? AND time >= ? AND time < ?`

	countWorkspaceSQL = `SELECT count(*) FROM documents INDEXED BY documents_by_workspace
		WHERE company = ? AND workspace = ? AND time >= ? AND time < ?`

	addCountSQL = `INSERT INTO counts (company, workspace, level, bucket, calls) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET calls = calls + excluded.calls`

	dropCountSQL = `DELETE FROM counts
		WHERE company = ? AND workspace = ? AND level = ? AND bucket = ? AND calls = 0`
)

// count is exactly how many calls q selects.
func (c *conn) count(company int64, q callvault.Query) (int, error) {
	if q.From >= q.To {
		return 0, nil
	}
	// The whole buckets lie between the first boundary at or after From and the
	// last one at or before To; both are found by rounding down, which unlike
	// rounding up cannot leave the range of Time.
	first := q.From &^ (finest - 1)
	last := q.To &^ (finest - 1)
	if first != q.From {
		if first == last {
			return c.countEdge(company, q)
		}
		first += finest
	}
	head, err := c.countEdge(company, callvault.Query{Range: callvault.Range{From: q.From, To: first}, Workspace: q.Workspace})
	if err != nil {
		return 0, err
	}
	tail, err := c.countEdge(company, callvault.Query{Range: callvault.Range{From: last, To: q.To}, Workspace: q.Workspace})
	if err != nil {
		return 0, err
	}
	whole, err := c.sumBuckets(company, q.Workspace, int64(first>>levelShift[0]), int64(last>>levelShift[0]))
	return head + whole + tail, err
}

// countEdge counts the calls themselves.
func (c *conn) countEdge(company int64, q callvault.Query) (int, error) {
	if q.From >= q.To {
		return 0, nil
	}
	if q.Workspace.IsZero() {
		return c.number(countSQL, company, int64(q.From), int64(q.To))
	}
	return c.number(countWorkspaceSQL, company, q.Workspace.Key(), int64(q.From), int64(q.To))
}

// sumBuckets sums the buckets from <= b < to of the finest level, by as wide
// buckets as fit: up a level as soon as the ends meet its boundaries.
func (c *conn) sumBuckets(company int64, workspace callvault.ID, from, to int64) (int, error) {
	sum := 0
	for level := range levelShift {
		last := level == len(levelShift)-1
		var ratio uint
		up, down := to, to
		if !last {
			ratio = levelShift[level+1] - levelShift[level]
			up, down = (from+1<<ratio-1)>>ratio<<ratio, to>>ratio<<ratio
			if up >= down {
				up, down = to, to
			}
		}
		for _, r := range [][2]int64{{from, up}, {down, to}} {
			if r[0] >= r[1] {
				continue
			}
			n, err := c.number(sumSQL, company, workspace.Key(), int64(level), r[0], r[1])
			if err != nil {
				return 0, err
			}
			sum += n
		}
		if up >= down {
			break
		}
		from, to = up>>ratio, down>>ratio
	}
	return sum, nil
}

// deltas collects how a transaction changes the counts.
type deltas map[bucket]int

type bucket struct {
	workspace callvault.ID
	level     int
	number    int64
}

// add counts n more calls at a time, for the company and for the workspace.
func (d deltas) add(t callvault.Time, workspace callvault.ID, n int) {
	b := bucket{number: int64(t >> levelShift[0])}
	d[b] += n
	if !workspace.IsZero() {
		b.workspace = workspace
		d[b] += n
	}
}

// widen adds to every wider level what was collected in the finest.
func (d deltas) widen() {
	for b, n := range maps.Clone(d) {
		for level := 1; level < len(levelShift); level++ {
			b.level = level
			b.number >>= levelShift[level] - levelShift[level-1]
			d[b] += n
		}
	}
}

// apply writes what was collected, in the order of the table's key.
func (d deltas) apply(c *conn, company int64) error {
	d.widen()
	order := slices.SortedFunc(maps.Keys(d), func(a, b bucket) int {
		return cmp.Or(a.workspace.Compare(b.workspace), cmp.Compare(a.level, b.level), cmp.Compare(a.number, b.number))
	})
	for _, b := range order {
		n := d[b]
		if n == 0 {
			continue
		}
		if err := c.run(addCountSQL, company, b.workspace.Key(), int64(b.level), b.number, int64(n)); err != nil {
			return err
		}
		if n > 0 {
			continue
		}
		if err := c.run(dropCountSQL, company, b.workspace.Key(), int64(b.level), b.number); err != nil {
			return err
		}
	}
	return nil
}
