//go:build unix

package program_test

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callvault/callvault/internal/program"
)

// kill -9 of a server while it serves and draws from the day's quota: the next
// one serves the same calls at once, and all together never answer more requests
// than the day has. Each that was killed forfeits at most what it had drawn: 1 %
// of the day, and the fifth of it with which it draws the next.
func TestKilledServers(t *testing.T) {
	t.Parallel()
	onBothKinds(t, func(t *testing.T, k kind) {
		for round := range times(1, 5) {
			t.Run(strconv.Itoa(round), func(t *testing.T) { newQuota(k.empty(t)).test(times(4, 20)) })
		}
	})
}

// readers is how many clients ask a server at once.
const readers = 4

// quota is a store with a limit to the day, and what was answered of it.
type quota struct {
	*program.CLI
	key      program.Key
	calls    string
	perDay   int
	lease    int // what a server draws at once
	answered atomic.Int64
	chance   *rand.Rand
}

func newQuota(c *program.CLI) *quota {
	c.T.Helper()
	c.Put("default", strings.TrimSpace(records(25, 25)))
	perDay := times(2_000, 20_000)
	return &quota{CLI: c, key: c.Key(), calls: strings.Join(callsOf(c, "default"), "\n"), perDay: perDay, lease: perDay / 100, chance: chance(c.T, 0)}
}

// test kills servers, one after the other, and then asks for what is left of the
// day.
func (q *quota) test(kills int) {
	q.T.Helper()
	began, drawing := today(), 0
	for range kills {
		if q.die() {
			drawing++
		}
		mustBeSound(q.CLI)
	}
	client := q.serve().As(q.key)
	if got := strings.Join(client.Walk(program.Everything()), "\n"); got != q.calls {
		q.T.Errorf("the calls that are served are not those that were put: %s", got)
	}
	q.answered.Add(2) // which the walk took
	<-q.read(client, q.perDay+1)
	// The day may end meanwhile, and another begin.
	answered, days := int(q.answered.Load()), today()-began+1
	q.T.Logf("%d servers killed, %d while quota was being drawn; %d of the day's %d requests were answered: %.2f %% of the day forfeited with each",
		kills, drawing, answered, q.perDay, 100*float64(q.perDay-answered)/float64(q.perDay*kills))
	if answered > q.perDay*days {
		q.T.Errorf("%d requests were answered in %d days", answered, days)
	}
	if least := q.perDay - kills*(q.lease+q.lease/5+readers); answered < least {
		q.T.Errorf("%d requests were answered, want at least %d", answered, least)
	}
}

func (q *quota) serve() *program.Server {
	q.T.Helper()
	return q.Serve("--rate-limit", "1000000/s,"+strconv.Itoa(q.perDay)+"/day")
}

// die starts a server, lets clients ask it for up to two leases, and kills it:
// after some time, when they have got it all, or when it is writing. It tells
// whether it was writing.
func (q *quota) die() (writing bool) {
	q.T.Helper()
	s := q.serve()
	most := 1 + q.chance.IntN(2*q.lease)
	asked := q.read(s.As(q.key), most)
	switch q.chance.IntN(3) {
	case 0:
		time.Sleep(time.Duration(q.chance.Int64N(int64(50 * time.Millisecond)))) // the moment itself
	case 1:
		<-asked
	case 2:
		writing = awaitWrite(q.CLI, asked)
	}
	s.Kill()
	<-asked
	if log := s.Stderr.String(); strings.Contains(log, "level=ERROR") {
		q.T.Errorf("the log of a server that was killed has errors: %s", log)
	}
	awaitUnused(q.CLI)
	return writing
}

// read lets clients ask for a page until they got it so often, the day is used
// up or the server is gone. The channel is closed then.
func (q *quota) read(client *program.Client, most int) <-chan struct{} {
	var reading sync.WaitGroup
	left := atomic.Int64{}
	left.Store(int64(most))
	for range readers {
		reading.Go(func() {
			for left.Add(-1) >= 0 && q.ask(client) {
			}
		})
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		reading.Wait()
	}()
	return done
}

// ask asks for a page and tells whether to go on.
func (q *quota) ask(client *program.Client) bool {
	a, err := client.Try(client.Request(program.Everything().Encode()))
	if err != nil {
		return false
	}
	switch a.Status {
	case http.StatusOK:
		q.answered.Add(1)
		return true
	case http.StatusTooManyRequests:
		return false
	}
	q.T.Errorf("status %d: %s", a.Status, a.Body)
	return false
}

// today is the day by which quotas are counted.
func today() int { return int(time.Now().Unix() / (24 * 60 * 60)) }
