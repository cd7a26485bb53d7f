//go:build unix

package postgrestest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Fragile is a server of one test, which may break it. It is as durable as one
// that people use.
type Fragile struct {
	t       testing.TB
	cluster *cluster
	running bool  // it has not ended
	stopped []int // its processes, while they are
}

// Fragile starts a server for a test, which is skipped where there is none.
func (s *Server) Fragile(t testing.TB) *Fragile {
	t.Helper()
	if s == nil {
		t.Skip("no PostgreSQL server")
	}
	if _, err := binaries(); err != nil {
		t.Skip(err) // the other one is somebody else's
	}
	c, err := newCluster()
	return serve(t, c, err)
}

// Standby is a server that follows this one, which must be running.
func (f *Fragile) Standby() *Fragile {
	f.t.Helper()
	c, err := newFolder()
	if err == nil {
		err = c.run("pg_basebackup", "-D", c.data(), "-h", f.cluster.folder, "-U", "callvault", "-R", "-c", "fast", "--no-sync")
	}
	return serve(f.t, c, err)
}

// serve serves a cluster until the test ends, when it goes.
func serve(t testing.TB, c *cluster, err error) *Fragile {
	t.Helper()
	t.Cleanup(func() {
		if err := c.remove(); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	f := &Fragile{t: t, cluster: c}
	f.Start()
	t.Cleanup(f.Kill)
	return f
}

// URL names a database of the server, empty at first.
func (f *Fragile) URL() string { return f.cluster.url() }

// Start serves the data that are there, and returns when that can be used.
func (f *Fragile) Start() {
	f.t.Helper()
	// What was killed may hold its memory for a moment.
	deadline := time.Now().Add(time.Minute)
	err := f.cluster.start()
	for err != nil && strings.Contains(err.Error(), "shared memory block") && time.Now().Before(deadline) {
		err = f.cluster.start()
	}
	if err != nil {
		f.t.Fatal(err)
	}
	f.running = true
}

// Kill ends all processes of the server at once, as a loss of power does.
func (f *Fragile) Kill() {
	if !f.running {
		return
	}
	if len(f.stopped) == 0 {
		f.Stop()
	}
	f.signal(syscall.SIGKILL)
	f.stopped = nil
	f.cluster.stop()
	f.running = false
}

// Stop stops all processes of the server: connections stay, and nobody answers.
func (f *Fragile) Stop() {
	postmaster, err := f.postmaster()
	if err != nil {
		f.t.Error(err)
		return
	}
	f.stopped = []int{postmaster}
	f.signal(syscall.SIGSTOP) // it makes no others now
	f.stopped = append(f.stopped, f.children(postmaster)...)
	f.signal(syscall.SIGSTOP)
}

// Continue lets a server that was stopped go on.
func (f *Fragile) Continue() {
	f.signal(syscall.SIGCONT)
	f.stopped = nil
}

// Shutdown ends the server in good order: clients are cut off.
func (f *Fragile) Shutdown() {
	f.cluster.stop()
	f.running = false
}

// Connections is how many clients are connected.
func (f *Fragile) Connections() (n int) {
	f.t.Helper()
	ctx := f.t.Context()
	c, err := pgx.Connect(ctx, f.URL())
	if err != nil {
		f.t.Fatal(err)
	}
	defer c.Close(ctx)
	err = c.QueryRow(ctx, `SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`).Scan(&n)
	if err != nil {
		f.t.Fatal(err)
	}
	return n
}

// signal sends a signal to the processes that are stopped.
func (f *Fragile) signal(s syscall.Signal) {
	for _, pid := range f.stopped {
		if err := syscall.Kill(pid, s); err != nil && err != syscall.ESRCH {
			f.t.Errorf("send %v: %v", s, err)
		}
	}
}

// postmaster is the process whose children all others are.
func (f *Fragile) postmaster() (pid int, err error) {
	content, err := os.ReadFile(filepath.Join(f.cluster.data(), "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	line, _, _ := strings.Cut(string(content), "\n")
	return strconv.Atoi(line)
}

func (f *Fragile) children(of int) (pids []int) {
	out, err := exec.Command("ps", "-A", "-o", "pid=", "-o", "ppid=").Output()
	if err != nil {
		f.t.Errorf("ps: %v", err)
	}
	for line := range strings.Lines(string(out)) {
		var pid, parent int
		if n, _ := fmt.Sscan(line, &pid, &parent); n == 2 && parent == of {
			pids = append(pids, pid)
		}
	}
	return pids
}
