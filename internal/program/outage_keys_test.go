//go:build unix

package program_test

import (
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/callvault/callvault/internal/program"
)

// A request that needs the store for nothing but its key: the status tells
// whether the key is let in.
const (
	letIn   = http.StatusBadRequest // it names no range
	shutOut = http.StatusUnauthorized
	unknown = http.StatusInternalServerError
)

// stillGood is how long a key may be let in after it was revoked, or after
// anything could be known of it.
const stillGood = 5 * time.Second

// A key is revoked, and the database goes away before the processes need have
// heard of it. When the time is over none lets it in, nor any other key, since
// that might have been revoked too: each answers 500 until the database is back.
func TestNoStaleYes(t *testing.T) {
	t.Parallel()
	db := database.Fragile(t)
	c := program.On(t, db.URL())
	c.Put("default", numbered(1, 1)...)
	good := c.Key()
	servers := []*program.Server{c.Serve(), c.Serve()}
	faults := []fault{{"SIGSTOP", 1, db.Stop, db.Continue}}
	if *full {
		faults = faultsOf(db)
	}
	for _, f := range faults {
		for range min(f.times, 5) {
			noStaleYes(c, servers, good, f)
		}
	}
	for _, s := range servers {
		if code := s.End(syscall.SIGTERM); code != program.ExitOK {
			t.Errorf("a server ended with %d: %s", code, s.Stderr.String())
		}
	}
}

// caller asks one server with one key.
type caller struct {
	*program.Client
	since time.Time // nothing can be known of the key, but that it is no good any more
	want  int       // the answer when it is known again
}

func noStaleYes(c *program.CLI, servers []*program.Server, good program.Key, f fault) {
	c.T.Helper()
	doomed := c.Key()
	var callers []*caller
	for _, s := range servers {
		callers = append(callers, &caller{Client: s.As(doomed), want: shutOut}, &caller{Client: s.As(good), want: letIn})
	}
	for _, one := range callers {
		if got := one.Get("").Status; got != letIn {
			c.T.Fatalf("a key that is good is answered with %d", got)
		}
	}
	c.Must("key", "revoke", doomed.AccessKey)
	revoked := time.Now()
	f.away()
	away := time.Now()
	var group sync.WaitGroup
	for _, one := range callers {
		one.since = away
		if one.want == shutOut {
			one.since = revoked
		}
		group.Go(one.askUntilOver)
	}
	group.Wait()
	f.again()
	for _, one := range callers {
		waitUntil(c.T, "the key is known again", func() bool {
			got := one.ask()
			if got != one.want && got != unknown {
				c.T.Errorf("with the database back a key is answered with %d, not %d", got, one.want)
			}
			return got == one.want || c.T.Failed()
		})
	}
}

// askUntilOver asks until the time is over, and once after that.
func (c *caller) askUntilOver() {
	for over := false; !over; {
		over = time.Since(c.since) > stillGood
		if got := c.ask(); over && got != unknown {
			c.T.Errorf("a key is answered with %d, though nothing was known of it for %v", got, time.Since(c.since))
		}
	}
}

func (c *caller) ask() (status int) {
	a, err := c.Try(c.Request(""))
	if err != nil {
		c.T.Error(err)
	}
	if err == nil && a.Status == unknown {
		program.WantErrors(c.T, a, unknown, "An error has occurred")
	}
	return a.Status
}
