//go:build unix

package program_test

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault/internal/program"
)

// kill -9 of a copy from one kind of store to the other, at any moment: what it
// acknowledged is kept; of each company nothing is, or whole batches from the
// first on, and those only after the company before it; the copy is sound, and
// running it again completes it: then it has the digest of its original.
func TestKilledCopies(t *testing.T) {
	t.Parallel()
	for _, way := range [][2]kind{{onFile, onServer}, {onServer, onFile}} {
		t.Run(way[0].name+" to "+way[1].name, func(t *testing.T) {
			t.Parallel()
			o := newOriginal(way[0].empty(t))
			began := time.Now()
			o.Must("copy", "-q", "--from", o.DB, "--to", way[1].empty(t).DB)
			o.span = time.Since(began)
			var l toll
			for l.kills < times(2, 100) {
				t.Run(strconv.Itoa(l.lives), func(t *testing.T) { o.copyAndDie(way[1].empty(t), &l) })
				if t.Failed() {
					return
				}
				l.lives++
			}
			l.log(t)
		})
	}
}

// companies of an original, in the order in which they are copied. All but the
// last are small, a batch each.
var companies = []string{"a", "b", "c", "d", "e", "large"}

// original is a store to be copied.
type original struct {
	*program.CLI
	calls  map[string][]string // of each company
	digest string
	span   time.Duration // that a copy takes
}

// newOriginal fills a store. What was first put of the large company is its
// first batch; calls that come, change and go after that are its second. The
// short form has but the second.
func newOriginal(c *program.CLI) *original {
	c.T.Helper()
	first := times(0, batch)
	large := first + 300
	for _, company := range companies[:len(companies)-1] {
		c.Put(company, strings.TrimSpace(records(150, 150)))
		c.Must("key", "create", "--company", company)
	}
	if first > 0 {
		c.Put("large", strings.TrimSpace(records(first, first)))
	}
	c.Put("large", strings.TrimSpace(records(large-first, large)))
	c.Put("large", strings.ReplaceAll(callLine(large), "title of", "changed title of"))
	c.Must("delete", "-q", "--yes", "--company", "large", "--id", strings.Join(ids(first+100, first+120), ","))
	o := &original{CLI: c, calls: make(map[string][]string), digest: c.Must("check", "--digest")}
	for _, company := range companies {
		o.calls[company] = callsOf(c, company)
	}
	return o
}

// copyAndDie copies into an empty store and is killed, up to three times; then
// the copy is completed.
func (o *original) copyAndDie(to *program.CLI, l *toll) {
	to.T.Helper()
	args := []string{"copy", "--from", o.DB, "--to", to.DB}
	before, chance := 0, chance(to.T, 0)
	for range 3 {
		v := begin(to, nil, args...)
		if !v.kill(chance, o.span, len(companies)) {
			break
		}
		mustBeSound(to)
		kept, acknowledged := o.kept(to), o.acknowledged(v)
		if kept < before+acknowledged {
			to.T.Fatalf("%d calls were kept before, %d more were acknowledged, %d are kept: %q", before, acknowledged, kept, v.acknowledged)
		}
		l.count(v, acknowledged, kept-before)
		before = kept
	}
	to.Must(args...)
	if got := to.Must("check", "--digest"); got != o.digest {
		to.T.Errorf("the copy has the digest %s, the original %s", got, o.digest)
	}
	if got := to.Must(args...); got != "" {
		to.T.Errorf("copied once more: %s", got)
	}
}

// kept is how many calls a copy has. It checks that they are those of whole
// batches, in their order.
func (o *original) kept(to *program.CLI) (n int) {
	to.T.Helper()
	incomplete := ""
	for _, company := range companies {
		all, calls := o.calls[company], callsOf(to, company)
		if len(calls) > 0 && incomplete != "" {
			to.T.Fatalf("company %s was begun before %s was complete", company, incomplete)
		}
		if len(calls) != 0 && len(calls) != len(all) && len(calls) != batch || !slices.Equal(calls, all[:len(calls)]) {
			to.T.Fatalf("of %d calls of company %s %d are kept, or others", len(all), company, len(calls))
		}
		if len(calls) < len(all) {
			incomplete = company
		}
		n += len(calls)
	}
	return n
}

var copiedLine = regexp.MustCompile(`^copied [\d,]+ records? up to number (\d+) of company (\w+)$`)

// acknowledged is how many calls there are in the batches that a copy said it
// has kept.
func (o *original) acknowledged(v *victim) (n int) {
	v.T.Helper()
	for _, line := range v.acknowledged {
		copied := copiedLine.FindStringSubmatch(line)
		switch {
		case copied == nil:
			v.T.Fatalf("it acknowledged %q", line)
		case copied[1] == strconv.Itoa(batch):
			n += batch
		case copied[2] == "large":
			n += len(o.calls["large"]) - times(0, batch)
		default:
			n += len(o.calls[copied[2]])
		}
	}
	return n
}
