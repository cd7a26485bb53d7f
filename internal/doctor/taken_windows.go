package doctor

import "syscall"

// addressInUse is WSAEADDRINUSE, which syscall.EADDRINUSE is not here: see
// https://learn.microsoft.com/windows/win32/winsock/windows-sockets-error-codes-2
const addressInUse = syscall.Errno(10048)
