//go:build unix

package postgrestest

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// When a test's process ends, its server does, with all its processes and its
// folder, even where they were stopped.
func TestServerEndsWithItsProcess(t *testing.T) {
	f := new(Server).Fragile(t)
	client, err := pgx.Connect(t.Context(), f.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close(t.Context())
	f.Stop()
	processes := f.stopped

	// This is what the shell sees of a process that has ended.
	f.cluster.stdin.Close()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		f.cluster.server.Wait()
	}()
	select {
	case <-ended:
		f.running = false
	case <-time.After(time.Minute):
		t.Fatal("the server has not ended")
	}
	for _, pid := range processes {
		if err := syscall.Kill(pid, 0); err != syscall.ESRCH {
			t.Errorf("process %d of %d is there: %v", pid, len(processes), err)
		}
	}
	if _, err := os.Stat(f.cluster.folder); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder is there: %v", err)
	}
}
