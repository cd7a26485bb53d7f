package callvault

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// Tally adds up calls by finest bucket, for the company and for each workspace: those of a
// transaction, for an engine to add to the counts that it keeps, or all of a company's, to be
// compared with them. It is for engines.
type Tally map[CountKey]Counted

// CountKey names a count that is kept of a company. The zero workspace is all of the company.
type CountKey struct {
	Workspace ID
	Bucket
}

// Counted is what is kept of the calls of a bucket.
type Counted struct {
	Calls  int
	Digest int64 // the sum of their rows' checksums, modulo 2⁶⁴
	Number int64 // that of the last change in the bucket; a call may have left it since
}

// Add adds a call that is in a bucket now.
func (t Tally) Add(r *Record, kept int64) { t.add(r, Counted{1, kept, r.Number}) }

// Remove takes away a call, as it was before the change with a number.
func (t Tally) Remove(r *Record, kept, number int64) { t.add(r, Counted{-1, -kept, number}) }

func (t Tally) add(r *Record, c Counted) {
	finest := r.Time.Buckets()[0]
	t.sum(CountKey{Bucket: finest}, c)
	if !r.Workspace.IsZero() {
		t.sum(CountKey{r.Workspace, finest}, c)
	}
}

func (t Tally) sum(key CountKey, c Counted) {
	s := t[key]
	t[key] = Counted{s.Calls + c.Calls, s.Digest + c.Digest, max(s.Number, c.Number)}
}

// Wide is the tally in buckets of every level.
func (t Tally) Wide() Tally {
	wide := make(Tally, len(t)+len(t)/8)
	for key, c := range t {
		for _, bucket := range key.Start().Buckets() {
			wide.sum(CountKey{key.Workspace, bucket}, c)
		}
	}
	return wide
}

// Keys are what the tally has counts of, by workspace, level and number.
func (t Tally) Keys() []CountKey {
	return slices.SortedFunc(maps.Keys(t), func(a, b CountKey) int {
		return cmp.Or(a.Workspace.Compare(b.Workspace), cmp.Compare(a.Level, b.Level), cmp.Compare(a.Number, b.Number))
	})
}

// CountDifference is a count that an engine keeps and that its calls contradict.
type CountDifference struct {
	CountKey
	Kept, Has Counted // Has is what is to be kept
	explained bool    // by another difference, of less time or of the whole company
}

// IsLoss tells whether calls were lost or changed, and not only counted wrongly.
func (d *CountDifference) IsLoss() bool { return d.Kept.Digest != d.Has.Digest }

func (d *CountDifference) String() string {
	where := fmt.Sprintf("from %s to %s", d.Start(), d.Start()+BucketWidth(d.Level))
	if !d.Workspace.IsZero() {
		where += " in workspace " + d.Workspace.String()
	}
	switch {
	case d.Kept.Calls != d.Has.Calls:
		return fmt.Sprintf("%s: %d calls counted, but %d found", where, d.Kept.Calls, d.Has.Calls)
	case d.IsLoss():
		return where + ": the calls differ from those that were last written"
	}
	return fmt.Sprintf("%s: the last change is recorded as number %d, but a call has number %d", where, d.Kept.Number, d.Has.Number)
}

// CompareCounts compares all counts that are kept of a company with the tally of all its
// calls. It changes kept.
func (t Tally) CompareCounts(kept Tally) (differences []CountDifference) {
	wide := t.Wide()
	for key := range kept {
		if _, ok := wide[key]; !ok {
			wide[key] = Counted{}
		}
	}
	wrong := make(map[CountKey]bool)
	for _, key := range wide.Keys() {
		has, was := wide[key], kept[key]
		isLow := was.Number < has.Number
		has.Number = max(has.Number, was.Number) // a call may have left
		if has.Calls == was.Calls && has.Digest == was.Digest && !isLow {
			continue
		}
		d := CountDifference{key, was, has, wrong[key] || wrong[CountKey{Bucket: key.Bucket}]}
		for _, bucket := range key.Start().Buckets() {
			if bucket.Level >= key.Level {
				wrong[CountKey{key.Workspace, bucket}] = true
			}
		}
		differences = append(differences, d)
	}
	return differences
}

// ReportCounts reports the differences, those of which another tells more closely left out.
func ReportCounts(differences []CountDifference, report func(difference string)) {
	for i := range differences {
		if d := &differences[i]; !d.explained {
			report(d.String())
		}
	}
}
