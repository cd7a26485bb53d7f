//go:build unix

package doctor

import (
	"fmt"
	"syscall"
)

// leastFiles is what a few hundred clients and the store need.
const leastFiles = 1024

// Limits tells how many files, and so connections, a process may have open. Go
// raises the limit to what it may be, so this is what serve has too, when it is
// started as this was.
func Limits() []Finding {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return nil
	}
	return files(uint64(limit.Cur))
}

func files(limit uint64) []Finding {
	if limit < leastFiles {
		return []Finding{{"limits", Warning, fmt.Sprintf("a process may have %d files open, and each connection is one", limit), "raise it for the server: LimitNOFILE in systemd, or ulimit -n"}}
	}
	return []Finding{{"limits", OK, fmt.Sprintf("a process may have %d files open", limit), ""}}
}
