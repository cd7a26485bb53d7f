package budget

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/callvault/callvault"
)

// Requests are counted in bins of five minutes of the machine's clock, which are in the store
// before the request is sent. A bin counts against the budget until all of it is a day ago.
const (
	binLength = 5 * time.Minute
	binPrefix = "bin/"

	day        = 24 * time.Hour
	binsOfADay = int64(day / binLength)

	// binsKept are those of a week and of the day before it.
	binsKept = 8 * binsOfADay

	// A clock that was set back by no more than this stands still until it catches up, because
	// it may be set forward again. Further back the bins move with it.
	setBackMost = time.Hour
)

// unknownClass counts requests of a class that this program does not know: a newer one sent
// them.
const unknownClass = classes

// bin is the requests of five minutes.
type bin struct {
	number int64 // since 1970
	counts [classes + 1]int
}

func binOf(at time.Time) int64 {
	seconds, length := at.Unix(), int64(binLength/time.Second)
	if seconds < 0 {
		seconds -= length - 1
	}
	return seconds / length
}

// begin is when the bin begins.
func (b *bin) begin() time.Time { return time.Unix(b.number*int64(binLength/time.Second), 0).UTC() }

// over is when the bin no longer counts against the budget.
func (b *bin) over() time.Time { return b.begin().Add(binLength + day) }

func (b *bin) total() (sum int) {
	for _, n := range b.counts {
		sum += n
	}
	return sum
}

// of is how many requests are of some classes.
func (b *bin) of(within func(Class) bool) (sum int) {
	for class, n := range b.counts {
		if n > 0 && within(Class(class)) {
			sum += n
		}
	}
	return sum
}

// key is where the bin is kept.
func (b *bin) key() string { return binPrefix + b.begin().Format(time.RFC3339) }

// value is what is kept there: the counts by the names of the classes.
func (b *bin) value() []byte {
	counts := make(map[string]int)
	for class, n := range b.counts {
		if n > 0 {
			counts[Class(class).String()] = n
		}
	}
	value, err := json.Marshal(counts)
	if err != nil {
		panic(err) // numbers under names
	}
	return value
}

// bins are the requests of the last days, in order.
type bins []bin

// readBins reads the bins that are kept.
func readBins(ctx context.Context, state values) (kept bins, err error) {
	err = state.Values(ctx, binPrefix, func(key string, value []byte) error {
		begin, err := time.Parse(time.RFC3339, key[len(binPrefix):])
		counts := make(map[string]int)
		if err == nil {
			err = json.Unmarshal(value, &counts)
		}
		if err != nil {
			return fmt.Errorf("the mirror's state has a malformed value under %s", key)
		}
		b := bin{number: binOf(begin)}
		for name, n := range counts {
			class := slices.Index(classNames[:], name)
			if class < 0 {
				class = unknownClass
			}
			b.counts[class] += n
		}
		kept = append(kept, b)
		return nil
	})
	slices.SortFunc(kept, func(a, b bin) int { return cmp.Compare(a.number, b.number) })
	return kept, err
}

// values is what reading a mirror's values needs.
type values interface {
	Values(ctx context.Context, prefix string, visit func(key string, value []byte) error) error
}

// latest is the number of the last bin, or the smallest number.
func (s bins) latest() int64 {
	if len(s) == 0 {
		return -1 << 62
	}
	return s[len(s)-1].number
}

// counting are the bins that count against the budget in the bin of a number.
func (s bins) counting(number int64) bins {
	from, _ := slices.BinarySearchFunc(s, number-binsOfADay, func(b bin, number int64) int { return cmp.Compare(b.number, number) })
	return s[from:]
}

// aWeekBefore are the bins of all 24 hours that the time a week before a number was in. In the
// first week they are all that there are.
func (s bins) aWeekBefore(number int64) bins {
	number -= 7 * binsOfADay
	if len(s) == 0 || s[0].number > number {
		return s
	}
	around := s.counting(number)
	end, _ := slices.BinarySearchFunc(around, number+binsOfADay, func(b bin, number int64) int { return cmp.Compare(b.number, number) })
	return around[:end]
}

func (s bins) total() (sum int) {
	for i := range s {
		sum += s[i].total()
	}
	return sum
}

// busiest is the largest number of requests that classes sent in any 24 hours.
func (s bins) busiest(within func(Class) bool) (most int) {
	sum, first := 0, 0
	for i := range s {
		sum += s[i].of(within)
		for ; s[first].number <= s[i].number-binsOfADay; first++ {
			sum -= s[first].of(within)
		}
		most = max(most, sum)
	}
	return most
}

// moved are the bins when the clock was set back, the last of them next to now, and the change
// of what is kept. Their distances stay, so that none counts for a shorter time than it should:
// they are known to one bin.
func (s bins) moved(now int64) (bins, callvault.MirrorChange) {
	change := callvault.MirrorChange{Values: make(map[string][]byte)}
	for i := range s {
		change.Values[s[i].key()] = nil
	}
	back := s.latest() - (now + 1)
	moved := slices.Clone(s)
	for i := range moved {
		moved[i].number -= back
		change.Values[moved[i].key()] = moved[i].value()
	}
	return moved, change
}

// adding is the change of what is kept when add counts a request.
func (s bins) adding(number int64, class Class) callvault.MirrorChange {
	change := callvault.MirrorChange{Values: make(map[string][]byte, 1)}
	last := bin{number: number}
	if number == s.latest() {
		last = s[len(s)-1]
	}
	for i := 0; i < s.expired(number); i++ {
		change.Values[s[i].key()] = nil
	}
	last.counts[class]++
	change.Values[last.key()] = last.value()
	return change
}

// add counts a request in the bin of a number, which is no earlier than the latest.
func (s bins) add(number int64, class Class) bins {
	if number != s.latest() {
		s = append(s[s.expired(number):], bin{number: number})
	}
	s[len(s)-1].counts[class]++
	return s
}

// expired is how many bins are too old to be kept.
func (s bins) expired(number int64) int {
	n := 0
	for n < len(s) && s[n].number < number-binsKept {
		n++
	}
	return n
}
