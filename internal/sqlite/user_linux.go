package sqlite

import (
	"os"
	"strconv"
	"strings"
	"syscall"
)

// lockOfUser is the byte of FILE-shm that each connection to a store keeps locked
// (UNIX_SHM_DMS in SQLite's os_unix.c).
const lockOfUser = "128"

// User is a process that has a store open, if that can be seen. The kernel is
// asked for its list of locks: to open the file and ask for its lock would, when it
// is closed again, end those that this process may have on it.
func User(path string) (pid int, ok bool) {
	info, err := os.Stat(Files(path)[2])
	if err != nil {
		return 0, false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	locks, err := os.ReadFile("/proc/locks")
	if err != nil {
		return 0, false
	}
	return userIn(string(locks), stat.Ino)
}

// userIn finds the process in lines such as
//
//	4: POSIX  ADVISORY  READ 1234 08:01:131099 128 128
//
// The number of the device is left out: some file systems show another one.
func userIn(locks string, inode uint64) (pid int, ok bool) {
	file := ":" + strconv.FormatUint(inode, 10)
	for line := range strings.Lines(locks) {
		f := strings.Fields(line)
		if len(f) != 8 || f[1] != "POSIX" || f[6] != lockOfUser || !strings.HasSuffix(f[5], file) {
			continue
		}
		if pid, err := strconv.Atoi(f[4]); err == nil && pid > 0 { // one of another container has no number here
			return pid, true
		}
	}
	return 0, false
}
