package sqlite

import (
	"os"
	"path/filepath"
	"testing"
)

// Who has a store open is seen, without a lock ending for it.
func TestUser(t *testing.T) {
	path := filepath.Join(t.TempDir(), "calls.db")
	s := open(t, path)
	for range 2 {
		if pid, ok := User(path); !ok || pid != os.Getpid() {
			t.Errorf("got %d, %v, want %d", pid, ok, os.Getpid())
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if pid, ok := User(path); ok {
		t.Errorf("got %d for nobody", pid)
	}
}

func TestUserIn(t *testing.T) {
	const locks = `1: POSIX  ADVISORY  WRITE 11 08:01:1131099 128 128
2: FLOCK  ADVISORY  WRITE 12 08:01:131099 0 EOF
3: POSIX  ADVISORY  READ 13 08:01:131099 124 124
4: POSIX  ADVISORY  READ -1 08:01:131099 128 128
4: -> POSIX  ADVISORY  READ 14 08:01:131099 128 128
5: POSIX  ADVISORY  READ 15 00:2f:131099 128 128
`
	if pid, ok := userIn(locks, 131099); pid != 15 || !ok {
		t.Errorf("got %d, %v", pid, ok)
	}
	if pid, ok := userIn(locks, 31099); ok {
		t.Errorf("got %d for another file", pid)
	}
}
