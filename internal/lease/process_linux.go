package lease

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// identity is a process by its kernel, which has a new id with each boot, its namespace of
// pids, its pid, and the tick at which it started. So neither a pid that was used again nor
// one of another container is mistaken for it.
type identity struct {
	kernel, pids, start string
	pid                 int
}

// self is this process. Without /proc it has no identity.
func self() (identity, error) {
	kernel, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	pids, pidsErr := os.Readlink("/proc/self/ns/pid")
	start, _, startErr := startOf(os.Getpid())
	return identity{strings.TrimSpace(string(kernel)), pids, start, os.Getpid()}, errors.Join(err, pidsErr, startErr)
}

// identityFormat has the words of a holder. The name of the machine stands before it.
const identityFormat = "process %d since %s of %s on kernel %s"

// holder is this process in words: for people, and for isGone of other processes.
func holder() string {
	me, err := self()
	if err != nil {
		return unknown()
	}
	return me.String()
}

func (p identity) String() string {
	return hostname() + ": " + fmt.Sprintf(identityFormat, p.pid, p.start, p.pids, p.kernel)
}

// isGone tells whether a holder has certainly ended: it asks the kernel about a process of its
// own in this namespace.
func isGone(holder string) bool {
	me, err := self()
	if err != nil {
		return false
	}
	_, words, _ := strings.Cut(holder, ": ")
	var other identity
	if _, err := fmt.Sscanf(words, identityFormat, &other.pid, &other.start, &other.pids, &other.kernel); err != nil {
		return false
	}
	if other.kernel != me.kernel || other.pids != me.pids || other.pid <= 0 {
		return false
	}
	if errors.Is(syscall.Kill(other.pid, 0), syscall.ESRCH) {
		return true
	}
	start, ended, err := startOf(other.pid)
	if errors.Is(err, os.ErrNotExist) {
		// It ended just now, or this user may not see it.
		return errors.Is(syscall.Kill(other.pid, 0), syscall.ESRCH)
	}
	return err == nil && (ended || start != other.start)
}

// startOf reads the tick at which a process started, and whether it ended and only its parent
// has not noticed.
func startOf(pid int) (start string, ended bool, err error) {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return "", false, err
	}
	// The name in brackets may have anything in it. The state follows, and the start is the
	// twentieth field from there.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) < 20 {
		return "", false, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
	}
	return fields[19], fields[0] == "Z" || fields[0] == "X", nil
}
