package doctor

import (
	"fmt"
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

// File tells whether the file of a SQLite store is kept as it must be: for its
// owner's eyes, on a disk of this machine, with room to grow.
func File(path string, info fs.FileInfo) (findings []Finding) {
	add := func(status Status, what, do string) {
		findings = append(findings, Finding{"file", status, what, do})
	}
	folder := filepath.Dir(path)
	if err := writable(path); err != nil {
		add(Warning, fmt.Sprintf("this user may not write to it (%v): it can be served, and nothing can be put in", err), "run this as the user that serves, or give that user the file")
	} else if err := writable(folder); err != nil {
		add(Wrong, fmt.Sprintf("this user may not write to its folder, where SQLite keeps its log (%v)", err), "run this as the user that serves, or give that user the folder")
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
