package callvault

// Engines count calls in buckets of time of three widths, for the company and
// for each workspace, in the transaction that changes the calls. So a range is
// a few sums of whole buckets and, at its two ends, a count of the calls
// themselves within a bucket of the finest width: in at most the half of its time,
// unless the whole range lies in one.
//
// A bucket of a level is named by its time shifted right by the level's shift:
// 2^28 microseconds are 4.5 minutes, 2^34 are 4.8 hours, 2^40 are 12.7 days.
// The shifts are part of what a store keeps: to change them is a migration.
var countShifts = [countLevels]uint{28, 34, 40}

const countLevels = 3

// Bucket names a bucket of time among those that calls are counted in.
type Bucket struct {
	Level  int // 0 is the finest
	Number int64
}

// Start is the first instant of the bucket.
func (b Bucket) Start() Time { return Time(b.Number << countShifts[b.Level]) }

// Buckets are the buckets that a call at t is counted in, one of each level.
func (t Time) Buckets() (buckets [countLevels]Bucket) {
	for level, shift := range countShifts {
		buckets[level] = Bucket{level, int64(t >> shift)}
	}
	return buckets
}

// CountParts is a range taken apart for counting: the calls of some parts, less
// those of others. Where more than the half of a bucket is in the range it is
// cheaper to take the whole one and count what is not. Parts that are not needed
// are empty. Spans[i] is of level i/2.
type CountParts struct {
	Edges [2]Edge                    // to be counted call by call: within a finest bucket
	Spans [2*countLevels - 1]Buckets // to be summed
}

// Edge is a time in which calls are counted.
type Edge struct {
	Range
	Sign int64 // 1, or -1 where they are not of the range
}

// Buckets are neighbours of one level: From <= number < To.
type Buckets struct {
	Level    int
	From, To int64
	Sign     int64 // 1, or -1 where they are not of the range
}

// IsEmpty tells whether there is no bucket.
func (b Buckets) IsEmpty() bool { return b.From >= b.To }

// IsEmpty tells whether no time is in the range.
func (r Range) IsEmpty() bool { return r.From >= r.To }

// CountParts takes the range apart.
func (r Range) CountParts() (p CountParts) {
	if r.IsEmpty() {
		return p
	}
	const finest = Time(1) << 28
	first, last := r.From&^(finest-1), r.To&^(finest-1)
	if first == last {
		p.Edges[0] = Edge{r, 1}
		return p
	}
	p.Edges[0] = Edge{Range{first, r.From}, -1}
	if r.From-first > finest/2 {
		first += finest
		p.Edges[0] = Edge{Range{r.From, first}, 1}
	}
	p.Edges[1] = Edge{Range{last, r.To}, 1}
	if r.To-last > finest/2 && last <= MaxTime-finest { // the last bucket of all has no end
		last += finest
		p.Edges[1] = Edge{Range{r.To, last}, -1}
	}
	p.split(int64(first>>countShifts[0]), int64(last>>countShifts[0]))
	return p
}

// split fills the spans with the buckets from <= b < to of the finest level, by
// as wide ones as fit: up a level as soon as the ends meet its boundaries.
func (p *CountParts) split(from, to int64) {
	for level := range countLevels - 1 {
		ratio := countShifts[level+1] - countShifts[level]
		half := int64(1) << ratio / 2
		up, down := from>>ratio, to>>ratio
		head, tail := Buckets{level, up << ratio, from, -1}, Buckets{level, down << ratio, to, 1}
		if from-head.From > half {
			up++
			head = Buckets{level, from, up << ratio, 1}
		}
		if to-tail.From > half {
			down++
			tail = Buckets{level, to, down << ratio, -1}
		}
		if up >= down || head.To-head.From+tail.To-tail.From >= to-from { // wider buckets spare nothing
			p.Spans[2*level] = Buckets{level, from, to, 1}
			return
		}
		p.Spans[2*level], p.Spans[2*level+1] = head, tail
		from, to = up, down
	}
	p.Spans[2*countLevels-2] = Buckets{countLevels - 1, from, to, 1}
}
