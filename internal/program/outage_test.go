//go:build unix

package program_test

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/callvault/callvault/internal/postgrestest"
	"github.com/callvault/callvault/internal/program"
)

// fault is a way in which a database goes away and comes back.
type fault struct {
	name        string
	times       int
	away, again func()
}

func faultsOf(db *postgrestest.Fragile) []fault {
	return []fault{
		{"kill -9", times(1, 100), db.Kill, db.Start},
		{"restart", times(1, 50), db.Shutdown, db.Start},
		{"SIGSTOP", times(1, 25), db.Stop, db.Continue},
	}
}

// While clients walk, the database goes away and comes back, in every way, over
// and over. Every answer is the right page or 500, in time; the service is back
// with the database; and nothing is left behind: no connection, no goroutine, no
// memory.
func TestDatabaseGoesAway(t *testing.T) {
	t.Parallel()
	const poolSize, pageSize, calls = 4, 7, 40
	clients := times(4, 16)
	db := database.Fragile(t)
	c := program.On(t, fmt.Sprintf("%s&pool_max_conns=%d", db.URL(), poolSize))
	want := fill(c, calls)
	key := c.Key()
	s := c.Serve("--page-size", fmt.Sprint(pageSize), "--rate-limit", "off")
	w := walk(s, key, clients, pageSize, want)
	w.await(20, pages)
	before := memory(t, s.Cmd.Process.Pid)

	for _, f := range faultsOf(db) {
		var back []time.Duration
		for range f.times {
			back = append(back, goAway(w, f).Round(time.Millisecond))
		}
		slices.Sort(back)
		t.Logf("%s, %d times: every client has a page again within %v of the database (median), %v at most; the slowest answer so far took %v",
			f.name, f.times, back[len(back)/2], back[len(back)-1], w.total().slowest.Round(time.Millisecond))
	}

	most := clients + poolSize + 2 // which it listens on
	waitUntil(t, "the connections to the database are those of the pool", func() bool { return db.Connections() <= poolSize })
	waitUntil(t, "the process has no more sockets than it needs", func() bool { return sockets(t, s.Cmd.Process.Pid) <= most })
	after := memory(t, s.Cmd.Process.Pid)
	if after > before+64<<20 {
		t.Errorf("the process had %d MiB in memory, and has %d", before>>20, after>>20)
	}
	total := w.total()
	t.Logf("%d pages, %d answers of 500; memory %d MiB before, %d after; %d sockets, %d connections to the database",
		total.pages, total.failures, before>>20, after>>20, sockets(t, s.Cmd.Process.Pid), db.Connections())

	w.stop()
	// Go tells of its goroutines as it ends by this.
	s.End(syscall.SIGQUIT)
	goroutines := strings.Count(s.Stderr.String(), "\ngoroutine ")
	if goroutines < 5 || goroutines > 3*clients+30 {
		t.Errorf("there were %d goroutines in the end", goroutines)
	}
	t.Logf("%d goroutines in the end", goroutines)
}

// goAway makes the database go away, until every client has noticed, and come
// back. The result is when the last client had a page again.
func goAway(w *walkers, f fault) time.Duration {
	w.t.Helper()
	w.await(3, pages)
	f.away()
	w.await(1, failures)
	f.again()
	back := time.Now()
	w.await(1, pages)
	return time.Since(back)
}

// sockets is how many a process has; where that is not to be seen, 0.
func sockets(t testing.TB, pid int) (n int) {
	t.Helper()
	links, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil && strings.HasPrefix(to, "socket:") {
			n++
		}
	}
	return n
}

// memory is how many bytes of memory a process has; where that is not to be
// seen, 0.
func memory(t testing.TB, pid int) (bytes int) {
	t.Helper()
	status, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	defer status.Close()
	for lines := bufio.NewScanner(status); lines.Scan(); {
		if _, err := fmt.Sscanf(lines.Text(), "VmRSS: %d kB", &bytes); err == nil {
			return bytes << 10
		}
	}
	t.Fatal("the process does not say how much memory it has")
	return 0
}
