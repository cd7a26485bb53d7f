package doctor

import (
	"cmp"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/dustin/go-humanize"
)

// disk is what is known of where a file is.
type disk struct {
	free uint64 // bytes that this user may fill
	kind string // of a file system that is not this machine's own, or may not be
	sure bool   // it is not
}

// File tells whether a SQLite file can be used and is kept safely: readable by its owner
// alone, on a local disk, with room to grow. Call it before the store is opened in this
// process: closing its own handle of the file would drop SQLite's locks.
func File(path string, info fs.FileInfo) (findings []Finding) {
	add := func(status Status, what, do string) {
		findings = append(findings, Finding{"file", status, what, do})
	}
	folder := filepath.Dir(path)
	itself, beside := writable(path), writable(folder)
	_, noLog := os.Stat(path + "-wal")
	switch {
	case beside != nil && keepsLog(path) && noLog != nil:
		add(Wrong, fmt.Sprintf("this user may not write to its folder, where SQLite keeps its log (%v): it can't be opened", beside), "run this as the user that serves, or give that user the folder; what 'callvault backup' writes can be read there")
	case beside != nil && keepsLog(path):
		add(Warning, fmt.Sprintf("this user may not write to its folder (%v): it can be opened only while its log is there", beside), "run this as the user that serves, or give that user the folder")
	case itself != nil || beside != nil:
		add(Warning, fmt.Sprintf("this user may not write to it (%v): it can be served, and nothing can be put in", cmp.Or(itself, beside)), "run this as the user that serves, or give that user the file and its folder")
	}
	if runtime.GOOS != "windows" {
		if mode := info.Mode().Perm(); mode&0o007 != 0 {
			add(Warning, fmt.Sprintf("every user of this machine may use it (mode %04o), the secret of cursors too", mode), "chmod o-rwx "+path)
		}
		if of, err := os.Stat(folder); err == nil && of.Mode()&0o002 != 0 && of.Mode()&fs.ModeSticky == 0 {
			add(Warning, "every user of this machine may put another file in its place", "chmod o-w "+folder)
		}
	}
	d, known := diskOf(path)
	findings = append(findings, d.findings(known, uint64(info.Size()))...)
	if len(findings) == 0 {
		what := fmt.Sprintf("%s, mode %04o", humanize.IBytes(uint64(info.Size())), info.Mode().Perm())
		if known {
			what += ", " + humanize.IBytes(d.free) + " free beside it"
		}
		add(OK, what, "")
	}
	return findings
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

// What should be free: the log of a large import takes a few hundred MiB, and
// below the other number hardly anything goes.
const (
	enoughFree = 256 << 20
	leastFree  = 16 << 20
)

func (d disk) findings(known bool, size uint64) (findings []Finding) {
	if !known {
		return nil
	}
	const local = "move it to a disk of this machine: SQLite's locks and its log are not safe elsewhere"
	switch {
	case d.kind != "" && d.sure:
		findings = append(findings, Finding{"file", Wrong, "it is on a network file system (" + d.kind + ")", local})
	case d.kind != "":
		findings = append(findings, Finding{"file", Warning, "it may be on a network file system (" + d.kind + ")", "if it is, " + local})
	}
	switch {
	case d.free < leastFree:
		findings = append(findings, Finding{"file", Wrong, humanize.IBytes(d.free) + " are free on its disk", "make room: what does not fit fails"})
	case d.free < max(size, enoughFree):
		findings = append(findings, Finding{"file", Warning, fmt.Sprintf("%s are free on its disk, and it has %s itself", humanize.IBytes(d.free), humanize.IBytes(size)), "make room before the next large import, 'callvault delete' or 'callvault backup'; the last two write it anew"})
	}
	return findings
}
