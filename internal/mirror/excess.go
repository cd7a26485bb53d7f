package mirror

import (
	"encoding/json"
	"slices"
	"sort"
	"time"

	"github.com/callvault/callvault"
)

const (
	firstPoll = 15 * time.Minute
	lastPoll  = 7 * 24 * time.Hour
)

// leaf is a small range that was read whole, and of which the upstream counts more calls than
// it lists. It is read again after 15 minutes, then after twice as long each time, up to 7 days.
type leaf struct {
	callvault.Range
	kept leafValue
}

// leafValue is a leaf as it is kept.
type leafValue struct {
	To     time.Time     `json:"to"`
	Excess int           `json:"excess"`
	Next   time.Time     `json:"next"` // by the upstream's clock
	Pause  time.Duration `json:"pause"`
}

// leaves are the remembered leaves, in order of time. They don't overlap.
type leaves []leaf

func (l *leaves) parse(key string, value []byte) error {
	from, err := parseTimeKey(key)
	if err != nil {
		return err
	}
	var v leafValue
	if err := json.Unmarshal(value, &v); err != nil {
		return err
	}
	*l = append(*l, leaf{callvault.Range{From: from, To: callvault.FloorTime(v.To)}, v})
	return nil
}

// from is the place of the first leaf that ends after a time.
func (l leaves) from(t callvault.Time) int {
	return sort.Search(len(l), func(i int) bool { return l[i].To > t })
}

// excess is E: the sum of the leaves that a range overlaps. It is not exact if the range begins
// or ends within a leaf.
func (l leaves) excess(r callvault.Range) (n int, exact bool) {
	exact = true
	for _, leaf := range l[l.from(r.From):] {
		if leaf.From >= r.To {
			break
		}
		exact = exact && leaf.From >= r.From && leaf.To <= r.To
		n += leaf.kept.Excess
	}
	return n, exact
}

// around is the leaf that a cut at a time would divide, or nil.
func (l leaves) around(t callvault.Time) *leaf {
	if i := l.from(t); i < len(l) && l[i].From < t {
		return &l[i]
	}
	return nil
}

// wereRead remembers the excess of a range that was read whole, in place of the leaves that it
// overlaps. A change of the excess makes the next poll early again.
func (m *Mirror) wereRead(r callvault.Range, excess int) {
	lo := m.leaves.from(r.From)
	hi := lo
	before, pause := 0, m.period(firstPoll)
	for ; hi < len(m.leaves) && m.leaves[hi].From < r.To; hi++ {
		before += m.leaves[hi].kept.Excess
		pause = max(pause, min(2*m.leaves[hi].kept.Pause, m.period(lastPoll)))
		m.forget("leaf/" + timeKey(m.leaves[hi].From))
	}
	var fresh leaves
	if excess > 0 {
		if excess != before {
			pause = m.period(firstPoll)
		}
		v := leafValue{To: r.To.UTC(), Excess: excess, Next: m.up().Add(pause), Pause: pause}
		fresh = leaves{{r, v}}
		m.keep("leaf/"+timeKey(r.From), v)
	}
	m.leaves = slices.Replace(m.leaves, lo, hi, fresh...)
}

// cutLeaf cuts off the part of a leaf that is before a time, so that the excess from there on is
// known. The rest is read again at once.
func (m *Mirror) cutLeaf(at callvault.Time) {
	if leaf := m.leaves.around(at); leaf != nil {
		m.forget("leaf/" + timeKey(leaf.From))
		leaf.From, leaf.kept.Next = at, m.up()
		m.keep("leaf/"+timeKey(at), leaf.kept)
	}
}

// poll is the leaf that is due first, or nil if there is none.
func (m *Mirror) poll() *leaf {
	var first *leaf
	for i := range m.leaves {
		if first == nil || m.leaves[i].kept.Next.Before(first.kept.Next) {
			first = &m.leaves[i]
		}
	}
	return first
}

// wakeAll makes all leaves due.
func (m *Mirror) wakeAll() {
	for i := range m.leaves {
		m.wake(i)
	}
}

func (m *Mirror) wake(i int) {
	m.leaves[i].kept.Next = m.up()
	m.keep("leaf/"+timeKey(m.leaves[i].From), m.leaves[i].kept)
}

// wakeLeaf makes a leaf due in which a new call was listed: its excess has become less.
func (m *Mirror) wakeLeaf(at callvault.Time) {
	if i := m.leaves.from(at); i < len(m.leaves) && m.leaves[i].From <= at {
		m.wake(i)
	}
}
