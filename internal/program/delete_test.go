//go:build unix

package program_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault/internal/program"
)

// batch is how many calls the program deletes and copies together at most.
const batch = 10_000

// A delete leaves some calls and is of the others, in two batches; in the short
// form it is of one.
func calls() int   { return deleted() + 1000 }
func deleted() int { return times(0, batch) + 500 }

// deletion is a way to delete the first calls.
type deletion struct {
	args  []string
	calls []string      // that are there before
	after string        // the digest when it is complete
	size  int64         // of the file then
	span  time.Duration // that it takes
}

// kill -9 of a delete, at any moment: what it acknowledged is deleted, of the
// rest whole batches are; the store is sound; running it again completes it, to
// the number of every deletion, and rewrites the file, as it does undisturbed.
func TestKilledDeletes(t *testing.T) {
	t.Parallel()
	onBothKinds(t, func(t *testing.T, k kind) {
		full := k.empty(t)
		full.Put("default", strings.TrimSpace(records(calls(), calls())))
		full.Must("key", "create")
		deletions := []*deletion{
			newDeletion(k.clone(t, full), "--before", timeOf(deleted()+1).Format(time.RFC3339)),
			newDeletion(k.clone(t, full), "--id", strings.Join(ids(1, deleted()), ",")),
		}
		var l toll
		for l.kills < times(2, 100) {
			t.Run(fmt.Sprint(l.lives), func(t *testing.T) { deletions[l.lives%len(deletions)].die(k.clone(t, full), &l) })
			if t.Failed() {
				return
			}
			l.lives++
		}
		l.log(t)
	})
}

// newDeletion deletes undisturbed.
func newDeletion(c *program.CLI, which ...string) *deletion {
	d := &deletion{args: append([]string{"delete", "--yes"}, which...), calls: callsOf(c, "default")}
	began := time.Now()
	c.Must(d.args...)
	d.span = time.Since(began)
	d.after, d.size = c.Must("check", "--digest"), sizeOf(c)
	return d
}

// die runs the deletion and kills it, up to three times, and then completes it.
func (d *deletion) die(c *program.CLI, l *toll) {
	c.T.Helper()
	gone, chance := 0, chance(c.T, 0)
	for range 3 {
		v := begin(c, nil, d.args...)
		if !v.kill(chance, d.span, 2) {
			break
		}
		acknowledged := d.acknowledged(v)
		mustBeSound(c)
		left := callsOf(c, "default")
		now := len(d.calls) - len(left)
		if now < gone+acknowledged || now != gone && now != batch && now != deleted() {
			c.T.Fatalf("%d calls were deleted before, %d more were acknowledged, now %d are", gone, acknowledged, now)
		}
		if !slices.Equal(left, d.calls[now:]) {
			c.T.Fatalf("the %d calls that are left are not the last ones", len(left))
		}
		l.count(v, acknowledged, now-gone)
		gone = now
	}
	c.Must(d.args...)
	if got := c.Must("check", "--digest"); got != d.after {
		c.T.Errorf("the digest is %s, want %s", got, d.after)
	}
	if size := sizeOf(c); size > d.size {
		c.T.Errorf("the file has %d bytes, undisturbed it has %d: it was not rewritten", size, d.size)
	}
}

// acknowledged is how many calls were said to be deleted.
func (d *deletion) acknowledged(v *victim) (n int) {
	v.T.Helper()
	for _, line := range v.acknowledged {
		number, isDeleted := strings.CutPrefix(line, "deleted ")
		now, err := strconv.Atoi(number)
		if err != nil || !isDeleted || now <= n {
			v.T.Fatalf("it acknowledged %q", v.acknowledged)
		}
		n = now
	}
	return n
}

// sizeOf is the size of a file, 0 of what is on a server.
func sizeOf(c *program.CLI) int64 {
	c.T.Helper()
	if isServer(c) {
		return 0
	}
	info, err := os.Stat(c.DB)
	if err != nil {
		c.T.Fatal(err)
	}
	return info.Size()
}
