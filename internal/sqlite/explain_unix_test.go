//go:build unix

package sqlite

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// lockedStore is set for the process that looks at the locks of another one.
const lockedStore = "CALLVAULT_TEST_LOCKED_STORE"

// To explain an error of a store that is in use leaves this process its locks:
// without them others would write over what it reads and writes.
func TestExplainKeepsLocks(t *testing.T) {
	if path := os.Getenv(lockedStore); path != "" {
		mustBeLocked(t, path)
		mustBeLocked(t, path+"-shm")
		return
	}
	path := filepath.Join(t.TempDir(), "calls.db")
	s := open(t, path)
	err := s.onWriter(func(c *conn) error {
		if err := c.run("BEGIN IMMEDIATE"); err != nil {
			return err
		}
		for _, k := range []kind{cantOpen, diskFails, full, corrupt} {
			if err := explain(path, errorOf(k)); !strings.Contains(err.Error(), path) {
				t.Errorf("%v", err)
			}
		}
		other := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
		other.Env = append(os.Environ(), lockedStore+"="+path)
		if out, err := other.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return c.run("ROLLBACK")
	})
	if err != nil {
		t.Error(err)
	}
}

// mustBeLocked checks that another process has a lock on a file.
func mustBeLocked(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lock := syscall.Flock_t{Type: syscall.F_WRLCK} // of all bytes
	if err := syscall.FcntlFlock(f.Fd(), syscall.F_GETLK, &lock); err != nil {
		t.Fatal(err)
	}
	if lock.Type == syscall.F_UNLCK {
		t.Errorf("nobody has a lock on %s", path)
	}
}
