package sqlite

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// Who has a store open is seen, without a lock ending for it.
func TestUsers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "calls.db")
	s := open(t, path)
	for range 2 {
		if pids := Users(path); !slices.Equal(pids, []int{os.Getpid()}) {
			t.Errorf("got %d, want %d", pids, os.Getpid())
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if pids := Users(path); len(pids) > 0 {
		t.Errorf("got %d for nobody", pids)
	}
}

func TestUsersIn(t *testing.T) {
	const locks = `1: POSIX  ADVISORY  WRITE 11 08:01:1131099 128 128
2: FLOCK  ADVISORY  WRITE 12 08:01:131099 0 EOF
3: POSIX  ADVISORY  READ 13 08:01:131099 124 124
4: POSIX  ADVISORY  READ -1 08:01:131099 128 128
4: -> POSIX  ADVISORY  READ 14 08:01:131099 128 128
5: POSIX  ADVISORY  READ 15 00:2f:131099 128 128
6: POSIX  ADVISORY  READ 9 08:01:131099 128 128
7: POSIX  ADVISORY  READ 15 08:01:131099 128 128
`
	if pids := usersIn(locks, 131099); !slices.Equal(pids, []int{9, 15}) {
		t.Errorf("got %d", pids)
	}
	if pids := usersIn(locks, 31099); len(pids) > 0 {
		t.Errorf("got %d for another file", pids)
	}
}
