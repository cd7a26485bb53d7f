package doctor

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/dustin/go-humanize"

	"github.com/callvault/callvault/internal/file"
)

// File tells whether this user may write to a SQLite file, and whether others may. Call it
// before this process opens the store, because closing a handle of the file drops SQLite's
// locks.
func File(path string, info fs.FileInfo) (findings []Finding) {
	if runtime.GOOS == "windows" {
		return nil // where modes say nothing
	}
	add := func(status Status, do, format string, args ...any) {
		findings = append(findings, Finding{"rights", status, fmt.Sprintf(format, args...), do})
	}
	folder := filepath.Dir(path)
	itself, beside := file.CheckAccess(path, os.O_WRONLY), file.CheckAccess(folder, os.O_WRONLY)
	_, noLog := os.Stat(path + "-wal")
	const asServer = "run this as the user of serve, or let that user write to the file and its folder"
	switch {
	case beside != nil && noLog != nil && keepsLog(path):
		add(Wrong, asServer+"; a file that 'callvault backup' wrote needs neither", "SQLite can't open it, because this user may not write to the folder %s", folder)
	case itself != nil || beside != nil:
		add(Warning, asServer, "this user can only read it (%v)", errors.Unwrap(cmp.Or(itself, beside)))
	}
	if mode := info.Mode().Perm(); mode&0o007 != 0 {
		add(Warning, "chmod o-rwx "+path, "every user of this machine may use it (mode %04o)", mode)
	}
	if of, err := os.Stat(folder); err == nil && of.Mode()&0o002 != 0 && of.Mode()&fs.ModeSticky == 0 {
		add(Warning, "chmod o-w "+folder, "every user of this machine may replace it")
	}
	if len(findings) == 0 {
		add(OK, "", "this user may write to it, and others may not (mode %04o)", info.Mode().Perm())
	}
	return findings
}

// Schema tells whether a store has the schema that this program knows.
func Schema(have, known int) Finding {
	switch {
	case have < known:
		return Finding{"schema", Warning, fmt.Sprintf("version %d; this program has %d", have, known), "make a backup; the next 'callvault serve' of this program migrates the store"}
	case have > known:
		return Finding{"schema", OK, fmt.Sprintf("version %d; this program has %d, and can use the newer one", have, known), ""}
	}
	return Finding{"schema", OK, fmt.Sprintf("version %d, as in this program", have), ""}
}

// keepsLog tells whether SQLite needs a log beside the file to open it. A store does, a
// backup does not: https://www.sqlite.org/fileformat2.html#file_format_version_numbers
func keepsLog(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	const readVersion, withLog = 19, 2
	header := make([]byte, readVersion+1)
	_, err = io.ReadFull(f, header)
	return err == nil && header[readVersion] == withLog
}

// The space that should be free: the log of a large import takes a few hundred MiB, and
// with less than leastFree hardly anything works.
const (
	enoughFree = 256 << 20
	leastFree  = 16 << 20
)

// disk is what is known of the file system of a file.
type disk struct {
	free uint64 // bytes that this user may fill
	kind string // of a file system that other machines may share
	sure bool   // they do
}

// Disk tells whether a SQLite file is on a local disk with room to grow.
func Disk(path string, size int64) []Finding {
	if d, ok := diskOf(path); ok {
		return []Finding{d.find(uint64(size))}
	}
	return nil
}

func (d disk) find(size uint64) Finding {
	free := humanize.IBytes(d.free)
	const local = "move it to a disk of this machine: on others SQLite's locks and log are not safe"
	switch {
	case d.kind != "" && d.sure:
		return Finding{"disk", Wrong, "the store is on a network file system (" + d.kind + ")", local}
	case d.free < leastFree:
		return Finding{"disk", Wrong, "its disk has only " + free + " free", "free some space: writes that do not fit fail"}
	case d.kind != "":
		return Finding{"disk", Warning, "the store may be on a network file system (" + d.kind + ")", "if it is, " + local}
	case d.free < max(size, enoughFree):
		return Finding{"disk", Warning, fmt.Sprintf("its disk has %s free, and the store uses %s", free, humanize.IBytes(size)), "free some space before the next import, delete or backup; the last two rewrite the whole store"}
	}
	return Finding{"disk", OK, fmt.Sprintf("the store uses %s, and its disk has %s free", humanize.IBytes(size), free), ""}
}
