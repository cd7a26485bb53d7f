package program

import "syscall"

// noOrphan ends a process when the tests die without ending it.
func noOrphan() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
