package callvault

// Engines count calls in buckets of time of three widths, for the company and
// for each workspace, in the transaction that changes the calls. So a range is
// a few sums of whole buckets and, at its two ends, a count of the calls
// themselves within a bucket of the finest width: in at most the half of its time,
// unless the whole range lies in one.
//
// The widths are those of the clock, so that most ranges people ask for, of days and
// hours, have no edge at all. They are part of what a store keeps: to change them is a
// migration. This is the only place that has them.
var bucketWidths = [BucketLevels]Time{5 * minute, 4 * hour, 12 * day}

const (
	minute = Time(60_000_000) // microseconds
	hour   = 60 * minute
	day    = 24 * hour
)

// BucketLevels is how many widths of buckets there are.
const BucketLevels = 3

// BucketWidth is the width of the buckets of a level; 0 is the finest. Each is a multiple
// of the one before.
func BucketWidth(level int) Time { return bucketWidths[level] }

// CallTimes is the range that the times of calls are in, by widest buckets: their years are
// 0 to 9999.
var CallTimes = Range{From: -60_000 * 12 * day, To: 245_000 * 12 * day}

// Bucket names a bucket of time among those that calls are counted in: the time that it
// begins with, divided by the level's width.
type Bucket struct {
	Level  int // 0 is the finest
	Number int64
}

// Start is the first instant of the bucket.
func (b Bucket) Start() Time { return Time(b.Number) * bucketWidths[b.Level] }

// Buckets are the buckets that a call at t is counted in, one of each level.
func (t Time) Buckets() (buckets [BucketLevels]Bucket) {
	for level := range buckets {
		buckets[level] = Bucket{level, floorDiv(int64(t), int64(bucketWidths[level]))}
	}
	return buckets
}

// floorDiv is a / b rounded down, where Go's division rounds towards zero; b is above zero.
func floorDiv(a, b int64) int64 {
	quotient := a / b
	if a%b < 0 {
		quotient--
	}
	return quotient
}

// Pieces is a range taken apart for counting: the calls of some pieces, less
// those of others. Where more than the half of a bucket is in the range it is
// cheaper to take the whole one and count the rest. Further pieces are empty. Spans[i] is of level i/2.
type Pieces struct {
	Visited int                         // calls that a page has visited, to be added
	Edges   [2]Edge                     // to be counted call by call: within a finest bucket
	Spans   [2*BucketLevels - 1]Buckets // to be summed
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

// Pieces takes the range apart, as far as calls can be in it.
func (r Range) Pieces() Pieces { return new(Head).Pieces(r) }

// Head is the first calls of a range, as a page visits them: with them the range's first edge
// need not be counted again. The zero Head has visited none.
type Head struct {
	visited int
	last    Time // of the call visited last
	tied    int  // calls visited of that time
	within  int  // calls visited in the bucket of the first
	bucket  Time // where that ends
}

// Visit adds the range's next call.
func (h *Head) Visit(t Time) {
	if h.visited == 0 {
		h.bucket = Time(t.Buckets()[0].Number+1) * bucketWidths[0]
	}
	if t != h.last {
		h.last, h.tied = t, 0
	}
	if t < h.bucket {
		h.within++
	}
	h.visited++
	h.tied++
}

// Visited is how many calls it has visited.
func (h *Head) Visited() int { return h.visited }

// Pieces takes a range apart whose first calls are the head.
func (h *Head) Pieces(r Range) (p Pieces) {
	r.From, r.To = max(r.From, CallTimes.From), min(r.To, CallTimes.To)
	if r.IsEmpty() {
		return p
	}
	// What was visited reaches to rest: past the last call's time it may not go on yet.
	rest, before := r.From, 0
	if h.visited > 0 {
		rest, before = h.last, h.visited-h.tied
	}
	finest := bucketWidths[0]
	from, to := floorDiv(int64(r.From), int64(finest)), floorDiv(int64(r.To), int64(finest))
	if from == to {
		p.Visited, p.Edges[0] = before, Edge{Range{rest, r.To}, 1}
		return p
	}
	first, last := Time(from)*finest, Time(to)*finest
	switch end := first + finest; {
	case r.From == first:
	case rest >= end:
		from++
		if h.bucket == end {
			p.Visited = h.within
		}
	case end-rest < r.From-first:
		from++
		p.Visited, p.Edges[0] = before, Edge{Range{rest, end}, 1}
	default:
		p.Edges[0] = Edge{Range{first, r.From}, -1}
	}
	p.Edges[1] = Edge{Range{last, r.To}, 1}
	if r.To-last > finest/2 {
		to, last = to+1, last+finest
		p.Edges[1] = Edge{Range{r.To, last}, -1}
	}
	p.split(from, to)
	return p
}

// split fills the spans with the buckets from <= b < to of the finest level, by
// as wide ones as fit: up a level as soon as the ends meet its boundaries.
func (p *Pieces) split(from, to int64) {
	for level := range BucketLevels - 1 {
		ratio := int64(bucketWidths[level+1] / bucketWidths[level])
		up, down := floorDiv(from, ratio), floorDiv(to, ratio)
		head, tail := Buckets{level, up * ratio, from, -1}, Buckets{level, down * ratio, to, 1}
		if from-head.From > ratio/2 {
			up++
			head = Buckets{level, from, up * ratio, 1}
		}
		if to-tail.From > ratio/2 {
			down++
			tail = Buckets{level, to, down * ratio, -1}
		}
		if up >= down || head.To-head.From+tail.To-tail.From >= to-from { // wider buckets spare nothing
			p.Spans[2*level] = Buckets{level, from, to, 1}
			return
		}
		p.Spans[2*level], p.Spans[2*level+1] = head, tail
		from, to = up, down
	}
	p.Spans[2*BucketLevels-2] = Buckets{BucketLevels - 1, from, to, 1}
}
