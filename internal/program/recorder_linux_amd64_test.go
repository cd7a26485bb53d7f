package program_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"github.com/callvault/callvault/internal/program"
)

// deed is what a program did to a folder, in the order in which it was done.
type deed struct {
	kind deedKind
	file int    // which file, by the order in which they appeared
	name string // in the folder
	to   string // the other name of a link or rename
	at   int64  // where was written, or to what size was cut
	data []byte // what was written, in the folder or on standard output
	seen int    // how many deeds there were when a sync began
}

type deedKind int

const (
	made      deedKind = iota // a file, under a name
	linked                    // a file, to another name
	renamed                   // a name, to another one
	removed                   // a name
	written                   // to a file
	cut                       // a file, to a size
	synced                    // a file
	allSynced                 // the names in the folder
	said                      // on standard output
	ended                     // the program, without an error
)

// recorder runs programs by ptrace and notes what they do to a folder.
type recorder struct {
	folder string
	files  map[uint64]int // the files that are there, by inode
	next   int            // the number of the latest file
	begun  int            // how many deeds made what was there before
	deeds  []deed
	onSaid func(text string) // is told what a program says; nil is nobody
}

// begin begins with the folder as it is, which counts as being on the disk.
func (r *recorder) begin() error {
	r.files = make(map[uint64]int)
	entries, err := os.ReadDir(r.folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		path := filepath.Join(r.folder, entry.Name())
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		file := r.number(path)
		r.deeds = append(r.deeds, deed{kind: made, file: file, name: entry.Name()}, deed{kind: written, file: file, data: content})
		r.deeds = append(r.deeds, deed{kind: synced, file: file, seen: len(r.deeds)})
	}
	r.deeds = append(r.deeds, deed{kind: allSynced, seen: len(r.deeds)})
	r.begun = len(r.deeds)
	return nil
}

// number numbers a file that has appeared.
func (r *recorder) number(path string) int {
	r.next++
	r.files[inode(path)] = r.next
	return r.next
}

func inode(path string) uint64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Sys().(*syscall.Stat_t).Ino
}

// run runs a command line to its end, which must be a good one.
func (r *recorder) run(c *program.CLI, stdin *os.File, args ...string) {
	c.T.Helper()
	if r.files == nil {
		if err := r.begin(); err != nil {
			c.T.Fatal(err)
		}
	}
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // one thread traces; its end would end what it started, see noOrphan
		defer runtime.UnlockOSThread()
		done <- r.trace(c, stdin, args)
	}()
	err := <-done
	if errors.Is(err, syscall.EPERM) {
		c.T.Skipf("no program can be traced here: %v", err)
	}
	if err != nil {
		c.T.Fatalf("record %q: %v", args, err)
	}
	r.deeds = append(r.deeds, deed{kind: ended})
}

// Of ptrace(2) and wait(2), where package syscall lacks them.
const (
	goodSyscalls = 1 // PTRACE_O_TRACESYSGOOD
	exitKill     = 1 << 20
	syscallStop  = syscall.SIGTRAP | 0x80
	waitAll      = 0x40000000 // __WALL
)

func (r *recorder) trace(c *program.CLI, stdin *os.File, args []string) (err error) {
	output, err := os.CreateTemp("", "callvault-recorded-")
	if err != nil {
		return err
	}
	defer os.Remove(output.Name())
	defer output.Close()
	cmd := c.Command(args...)
	process, err := os.StartProcess(cmd.Path, cmd.Args, &os.ProcAttr{
		Dir: cmd.Dir, Env: cmd.Env, Files: []*os.File{stdin, output, output}, Sys: &syscall.SysProcAttr{Ptrace: true, Setpgid: true},
	})
	if err != nil {
		return err
	}
	defer process.Kill() // after an error it is stopped, and nobody would let it go on
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(process.Pid, &status, waitAll, nil); err != nil {
		return err
	}
	options := goodSyscalls | exitKill | syscall.PTRACE_O_TRACECLONE | syscall.PTRACE_O_TRACEFORK | syscall.PTRACE_O_TRACEVFORK
	if err := syscall.PtraceSetOptions(process.Pid, options); err != nil {
		return err
	}
	p := &traced{recorder: r, pid: process.Pid, calls: make(map[int]*call)}
	for thread := process.Pid; ; {
		signal := 0
		if status.Stopped() {
			if signal, err = p.stopped(thread, status); err != nil {
				return err
			}
			// A thread may have been ended by another one meanwhile.
			if err := syscall.PtraceSyscall(thread, signal); err != nil && err != syscall.ESRCH {
				return err
			}
		}
		// Of its process group: other children of this process are not ours.
		if thread, err = syscall.Wait4(-process.Pid, &status, waitAll, nil); err != nil {
			return err
		}
		if thread == process.Pid && (status.Exited() || status.Signaled()) {
			process.Release()
			if code := status.ExitStatus(); code != 0 {
				text, _ := os.ReadFile(output.Name())
				return fmt.Errorf("it ended with %d: %s", code, text)
			}
			return nil
		}
	}
}

// traced is a program that is being recorded.
type traced struct {
	*recorder
	pid   int
	calls map[int]*call // those under way, by thread
}

// call is a system call that is under way.
type call struct {
	seen  int // deeds before it
	fresh bool
}

// stopped deals with a stop of a thread, and returns the signal that it is to have.
func (p *traced) stopped(thread int, status syscall.WaitStatus) (signal int, err error) {
	switch stop := status.StopSignal(); {
	case stop == syscall.SIGTRAP || stop == syscall.SIGSTOP: // a thread began
		return 0, nil
	case stop != syscallStop:
		return int(stop), nil
	}
	var regs syscall.PtraceRegs
	if err := syscall.PtraceGetRegs(thread, &regs); err != nil {
		return 0, nil // it is gone
	}
	if under := p.calls[thread]; under != nil {
		delete(p.calls, thread)
		if int64(regs.Rax) < 0 {
			return 0, nil
		}
		return 0, p.note(under, &regs)
	}
	c := &call{seen: len(p.deeds)}
	if name, _, flags, opens := p.opened(&regs); opens && flags&syscall.O_CREAT != 0 && name != "" {
		_, err := os.Lstat(filepath.Join(p.folder, name))
		c.fresh = os.IsNotExist(err)
	}
	p.calls[thread] = c
	return 0, nil
}

// opened is what a call opens: a name in the folder, and the flags.
func (p *traced) opened(regs *syscall.PtraceRegs) (name, path string, flags uint64, ok bool) {
	switch regs.Orig_rax {
	case syscall.SYS_OPEN:
		name, path = p.name(atCWD, regs.Rdi)
		return name, path, regs.Rsi, true
	case syscall.SYS_OPENAT:
		name, path = p.name(regs.Rdi, regs.Rsi)
		return name, path, regs.Rdx, true
	}
	return "", "", 0, false
}

// atCWD is AT_FDCWD as a register has it.
const atCWD = ^uint64(99)

// note notes what a call has done.
func (p *traced) note(c *call, regs *syscall.PtraceRegs) error {
	if name, _, flags, opens := p.opened(regs); opens {
		path := fmt.Sprintf("/proc/%d/fd/%d", p.pid, regs.Rax)
		switch {
		case name == "":
		case c.fresh:
			p.add(deed{kind: made, file: p.number(path), name: name})
		case flags&syscall.O_TRUNC != 0:
			p.add(deed{kind: cut, file: p.files[inode(path)]})
		}
		return nil
	}
	switch regs.Orig_rax {
	case syscall.SYS_WRITE, syscall.SYS_PWRITE64:
		return p.noteWrite(regs)
	case syscall.SYS_FTRUNCATE:
		if file, ok := p.file(regs.Rdi); ok {
			p.add(deed{kind: cut, file: file, at: int64(regs.Rsi)})
		}
	case syscall.SYS_FSYNC, syscall.SYS_FDATASYNC:
		if file, ok := p.file(regs.Rdi); ok {
			p.add(deed{kind: synced, file: file, seen: c.seen})
		} else if path, _ := os.Readlink(p.fd(regs.Rdi)); path == p.folder {
			p.add(deed{kind: allSynced, seen: c.seen})
		}
	case syscall.SYS_UNLINK:
		p.noteRemoved(p.name(atCWD, regs.Rdi))
	case syscall.SYS_UNLINKAT:
		p.noteRemoved(p.name(regs.Rdi, regs.Rsi))
	case syscall.SYS_LINKAT:
		p.notePair(linked, regs)
	case syscall.SYS_RENAMEAT, sysRenameAt2:
		p.notePair(renamed, regs)
	case syscall.SYS_CREAT, syscall.SYS_RENAME, syscall.SYS_LINK, syscall.SYS_SYMLINK, syscall.SYS_TRUNCATE, syscall.SYS_MKDIR:
		if name, _ := p.name(atCWD, regs.Rdi); name != "" {
			return fmt.Errorf("system call %d of %s is not known to the recorder", regs.Orig_rax, name)
		}
	case syscall.SYS_WRITEV, syscall.SYS_PWRITEV, syscall.SYS_FALLOCATE, syscall.SYS_SENDFILE, sysCopyFileRange, sysPwritev2:
		if path, _ := os.Readlink(p.fd(regs.Rdi)); strings.HasPrefix(path, p.folder+"/") {
			return fmt.Errorf("system call %d of %s is not known to the recorder", regs.Orig_rax, path)
		}
	case syscall.SYS_MMAP:
		const writable, shared = syscall.PROT_WRITE, syscall.MAP_SHARED
		if path, _ := os.Readlink(p.fd(regs.R8)); regs.Rdx&writable != 0 && regs.R10&shared != 0 && strings.HasPrefix(path, p.folder+"/") && !strings.HasSuffix(path, "-shm") {
			return fmt.Errorf("%s is written to through memory, which is not recorded", path)
		}
	}
	return nil
}

// Calls that package syscall has no names of.
const (
	sysRenameAt2     = 316
	sysCopyFileRange = 326
	sysPwritev2      = 328
)

func (p *traced) add(d deed) { p.deeds = append(p.deeds, d) }

// noteWrite notes what is written to a file of the folder, or said.
func (p *traced) noteWrite(regs *syscall.PtraceRegs) error {
	file, ok := p.file(regs.Rdi)
	if !ok && regs.Rdi != 1 {
		return nil
	}
	data := make([]byte, regs.Rax)
	if err := p.read(regs.Rsi, data); err != nil {
		return err
	}
	if !ok {
		p.add(deed{kind: said, data: data})
		if p.onSaid != nil {
			p.onSaid(string(data))
		}
		return nil
	}
	at := int64(regs.R10)
	if regs.Orig_rax == syscall.SYS_WRITE {
		end, err := p.position(regs.Rdi)
		if err != nil {
			return err
		}
		at = end - int64(len(data))
	}
	p.add(deed{kind: written, file: file, at: at, data: data})
	return nil
}

// position is where a file is written to next.
func (p *traced) position(fd uint64) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/fdinfo/%d", p.pid, fd))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), "pos:")
	return strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
}

func (p *traced) noteRemoved(name, _ string) {
	if name != "" {
		p.add(deed{kind: removed, name: name})
	}
}

// notePair notes a call with two names.
func (p *traced) notePair(kind deedKind, regs *syscall.PtraceRegs) {
	name, _ := p.name(regs.Rdi, regs.Rsi)
	to, path := p.name(regs.Rdx, regs.R10)
	if to != "" {
		p.add(deed{kind: kind, file: p.files[inode(path)], name: name, to: to})
	}
}

// fd is what leads to an open file.
func (p *traced) fd(number uint64) string {
	return fmt.Sprintf("/proc/%d/fd/%d", p.pid, int32(number))
}

// file is the open file of the folder that has a number.
func (p *traced) file(number uint64) (file int, ok bool) {
	path, err := os.Readlink(p.fd(number))
	if err != nil || !strings.HasPrefix(path, p.folder+"/") {
		return 0, false
	}
	file, ok = p.files[inode(p.fd(number))]
	return file, ok
}

// name is a path that a call names, and its name if it is one of the folder.
func (p *traced) name(folder, address uint64) (name, path string) {
	path = p.text(address)
	if !filepath.IsAbs(path) {
		base := fmt.Sprintf("/proc/%d/cwd", p.pid)
		if int32(folder) >= 0 {
			base = p.fd(folder)
		}
		base, _ = os.Readlink(base)
		path = filepath.Join(base, path)
	}
	if filepath.Dir(path) != p.folder {
		return "", path
	}
	return filepath.Base(path), path
}

// text is a text in the program's memory that ends with NUL.
func (p *traced) text(address uint64) string {
	var text []byte
	for word := make([]byte, 8); ; address += 8 {
		if err := p.read(address, word); err != nil {
			return ""
		}
		if end := bytes.IndexByte(word, 0); end >= 0 {
			return string(append(text, word[:end]...))
		}
		text = binary.NativeEndian.AppendUint64(text, binary.NativeEndian.Uint64(word))
	}
}

// read reads the program's memory.
func (p *traced) read(address uint64, data []byte) error {
	memory, err := os.Open(fmt.Sprintf("/proc/%d/mem", p.pid))
	if err != nil {
		return err
	}
	defer memory.Close()
	_, err = memory.ReadAt(data, int64(address))
	return err
}
