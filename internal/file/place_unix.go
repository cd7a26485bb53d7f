//go:build unix

package file

import (
	"fmt"
	"io/fs"
	"syscall"
)

// Place tells a file from all others of this machine that are there at the same
// time, whatever their names: by its device and its number there.
func Place(info fs.FileInfo) string {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return fmt.Sprintf("%d:%d", s.Dev, s.Ino)
	}
	return ""
}
