package sqlite

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// lockOfUser is the byte of FILE-shm that each connection to a store keeps locked
// (UNIX_SHM_DMS in SQLite's os_unix.c).
const lockOfUser = "128"

// Users are the processes that have a store open, as far as they can be seen. The kernel
// is asked for its list of locks: to open the file and ask for its lock would, when it
// is closed again, end those that this process may have on it.
func Users(path string) []int {
	info, err := os.Stat(Files(path)[2])
	if err != nil {
		return nil
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	locks, err := os.ReadFile("/proc/locks")
	if err != nil {
		return nil
	}
	return usersIn(string(locks), stat.Ino)
}

// usersIn finds the processes, in order, in lines such as
//
//	4: POSIX  ADVISORY  READ 1234 08:01:131099 128 128
//
// The number of the device is left out: some file systems show another one.
func usersIn(locks string, inode uint64) (pids []int) {
	file := ":" + strconv.FormatUint(inode, 10)
	for line := range strings.Lines(locks) {
		f := strings.Fields(line)
		if len(f) != 8 || f[1] != "POSIX" || f[6] != lockOfUser || !strings.HasSuffix(f[5], file) {
			continue
		}
		if pid, err := strconv.Atoi(f[4]); err == nil && pid > 0 { // one of another container has no number here
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	return slices.Compact(pids)
}
