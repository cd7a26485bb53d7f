//go:build !windows

package doctor

import "syscall"

const addressInUse = syscall.EADDRINUSE
