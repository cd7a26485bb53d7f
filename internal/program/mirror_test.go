//go:build unix

package program_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callvault/callvault/internal/program"
	"github.com/callvault/callvault/internal/upstreamtest"
)

// waitsForAnother is what a mirror logs that can't tell whether the one before is alive.
const waitsForAnother = "another process mirrors this company"

// mirrorClient is the name under which an account knows the mirror.
const mirrorClient = "mirror"

// account is an upstream behind a socket. Nothing happens in it but what a test does.
type account struct {
	*upstreamtest.Server
	t        testing.TB
	url      string
	key      program.Key
	troubles *upstreamtest.Troubles // nil for none

	before      func() // is called when a request of the mirror came; nil for nothing
	connections atomic.Int64

	mu      sync.Mutex
	arrived int // requests, those with a trouble too
	last    time.Time
}

// newAccount is an account with some hundred calls of a month, and many in one second.
func newAccount(t testing.TB, seed uint64, troubles map[upstreamtest.Trouble]float64) *account {
	t.Helper()
	script := upstreamtest.Script(seed, time.Now())
	script.Rests, script.History, script.PerDay, script.Retention = script.Opens, 30*24*time.Hour, 20, 0
	script.Workspaces, script.Unlisted, script.Tied = 3, 0, 110
	a := &account{t: t, Server: upstreamtest.New(t, upstreamtest.Config{Script: script, Now: time.Now})}
	a.troubles = &upstreamtest.Troubles{Handler: a.Server, Seed: seed, Shares: troubles, RetryAfter: time.Second}
	server := httptest.NewUnstartedServer(a)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			a.connections.Add(1)
		case http.StateClosed, http.StateHijacked:
			a.connections.Add(-1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	credential := a.Key(mirrorClient)
	a.url, a.key = server.URL, program.Key{AccessKey: credential.AccessKey, AccessKeySecret: credential.AccessKeySecret}
	return a
}

// ServeHTTP notes when a request of the mirror came.
func (a *account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if key, _, _ := r.BasicAuth(); key != a.key.AccessKey {
		a.Server.ServeHTTP(w, r)
		return
	}
	a.mu.Lock()
	a.arrived++
	a.last = time.Now()
	a.mu.Unlock()
	if a.before != nil {
		a.before()
	}
	a.troubles.ServeHTTP(w, r)
}

// requests is how many requests of the mirror came, and when the last did.
func (a *account) requests() (arrived int, last time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.arrived, a.last
}

// await waits for some requests of the mirror, but not for long: it pauses after a trouble.
func (a *account) await(requests int) {
	before, _ := a.requests()
	glances := time.NewTicker(time.Millisecond)
	defer glances.Stop()
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end); <-glances.C {
		if arrived, _ := a.requests(); arrived >= before+requests {
			return
		}
	}
}

// awaitUnused waits until nobody is connected: what a client that is dead had sent is answered.
func (a *account) awaitUnused() {
	a.t.Helper()
	waitUntil(a.t, "nobody is connected to the upstream", func() bool { return a.connections.Load() == 0 })
}

// args are those of a mirror of the account. The credential is in a file.
func (a *account) args(c *program.CLI, args ...string) []string {
	c.T.Helper()
	args = append(args, a.url, "--credentials", keyFile(c, "mirror.key", a.key), "--hurry", "600")
	return append(args, "--pace", fmt.Sprint(pace, "/s"), "--daily", fmt.Sprint(daily))
}

// keyFile writes a key as 'callvault key create' prints it, and returns the name of the file.
func keyFile(c *program.CLI, name string, k program.Key) string {
	c.T.Helper()
	return c.File(name, "accessKey "+k.AccessKey+"\naccessKeySecret "+k.AccessKeySecret+"\n")
}

// The limits of a mirror in a hurry.
const (
	pace  = 50
	daily = 100_000
)

// once runs a mirror that makes every reading, and ends.
func (a *account) once(c *program.CLI) program.Outcome {
	c.T.Helper()
	return c.Run(a.args(c, "mirror", "--once", "--whole", "--url")...)
}

// listed is what an empty store has into which everything that the account lists was imported.
func (a *account) listed() string {
	a.t.Helper()
	c := program.New(a.t)
	credential := a.Key("reader")
	key := program.Key{AccessKey: credential.AccessKey, AccessKeySecret: credential.AccessKeySecret}
	out := c.Must("export", "-q", "--url", a.url, "--credentials", keyFile(c, "reader.key", key))
	if got := c.Pipe(out, "import", "-q", "-"); got.Code != program.ExitOK {
		a.t.Fatalf("%+v", got)
	}
	return c.Must("export")
}

// mustEqual makes every reading, and then compares a store with what the account lists.
func (a *account) mustEqual(c *program.CLI) {
	c.T.Helper()
	got := a.once(c)
	if got.Code != program.ExitOK {
		c.T.Fatalf("%+v", got)
	}
	if diff := cmp.Diff(strings.Split(a.listed(), "\n"), strings.Split(c.Must("export"), "\n")); diff != "" {
		c.T.Errorf("the calls upstream (-) and here (+), after %s%s%s\n%s", got.Stdout, got.Stderr, c.Must("mirror", "status", "-o", "json"), diff)
	}
	mustBeSound(c)
}

// usedOf is how many requests of the last 24 hours a mirror has counted.
func usedOf(c *program.CLI) int {
	c.T.Helper()
	var s struct{ Requests struct{ Used int } }
	if err := json.Unmarshal([]byte(c.Must("mirror", "status", "-o", "json")), &s); err != nil {
		c.T.Fatal(err)
	}
	return s.Requests.Used
}
