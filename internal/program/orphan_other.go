//go:build !linux

package program

import "syscall"

// noOrphan does nothing: only Linux can end a process together with its parent.
func noOrphan() *syscall.SysProcAttr { return nil }
