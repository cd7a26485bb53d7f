//go:build unix

package program_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault/internal/program"
)

// kill -9 of a copy from one kind of store to the other, at any moment: what is there is
// sound and has no key, unless it is complete. Running it again gives a complete copy,
// which has the digest of its original.
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

// companies of an original. All but the last are small, a batch each.
var companies = []string{"a", "b", "c", "d", "e", "large"}

// original is a store to be copied.
type original struct {
	*program.CLI
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
	return &original{CLI: c, digest: c.Must("check", "--digest")}
}

// copyAndDie copies into an empty store and is killed, up to three times; then it is
// copied once more.
func (o *original) copyAndDie(to *program.CLI, l *toll) {
	to.T.Helper()
	args := []string{"copy", "--from", o.DB, "--to", to.DB}
	chance := chance(to.T, 0)
	for range 3 {
		v := begin(to, nil, args...)
		if !v.kill(chance, o.span, 0) {
			break
		}
		mustBeSound(to)
		l.count(v, 0, 0)
	}
	if got := to.Run(append(args, "-q")...); got.Code != program.ExitOK && !strings.Contains(got.Stderr, "is not empty") {
		to.T.Fatalf("copied again: %+v", got)
	}
	if got := to.Must("check", "--digest"); got != o.digest {
		to.T.Errorf("the copy has the digest %s, the original %s", got, o.digest)
	}
}
