//go:build !linux

package program

import "syscall"

// noOrphan can promise nothing here: a process outlives tests that are killed.
func noOrphan() *syscall.SysProcAttr { return nil }
