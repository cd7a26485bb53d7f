package program

import "syscall"

// noOrphan ends a process when the tests die without ending it. Linux does so when the
// thread that started it ends: no goroutine of the tests may end with a locked thread.
func noOrphan() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
