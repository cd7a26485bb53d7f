//go:build unix

package file

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A link stays, and what it leads to is written, with the mode that it had.
func TestThroughLinks(t *testing.T) {
	folder := t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	must(t, os.Mkdir(at("real"), 0o700), os.WriteFile(at("real/calls"), []byte("before"), 0o644), os.Chmod(at("real/calls"), 0o644))
	must(t, os.Symlink("real/calls", at("link")), os.Symlink(at("link"), at("second")), os.Symlink("real/none", at("dangling")), os.Symlink("circle", at("circle")))
	must(t, os.Symlink("real", at("folder")), os.Symlink("../real/calls", at("real/up")))
	for i, name := range []string{"link", "second", "folder/calls", "folder/up"} {
		want := fmt.Sprint(i)
		must(t, put(t, at(name), want))
		if info, err := os.Lstat(at("real/calls")); err != nil || info.Mode() != 0o644 || text(t, at("real/calls")) != want {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	must(t, put(t, at("dangling"), "new"))
	if info, err := os.Lstat(at("real/none")); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	for _, name := range []string{"link", "second", "dangling"} {
		if info, err := os.Lstat(at(name)); err != nil || info.Mode()&fs.ModeSymlink == 0 {
			t.Errorf("%s is a link no more: %v, %v", name, info, err)
		}
	}
	if err := put(t, at("circle"), "x"); err == nil || !strings.Contains(err.Error(), at("circle")+": its links form a circle") {
		t.Errorf("%v", err)
	}
	if got := names(t, at("real")); got != "calls none up" {
		t.Errorf("there are %s", got)
	}
}

// A replaced file keeps its mode, whatever the umask; a new one is for its owner.
func TestModes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "calls")
	for _, mode := range []fs.FileMode{0o600, 0o644, 0o664, 0o666, 0o200, 0o700} {
		must(t, os.WriteFile(path, nil, 0o600), os.Chmod(path, mode), put(t, path, "x"))
		if info, err := os.Stat(path); err != nil || info.Mode() != mode {
			t.Errorf("%v became %v, %v", mode, info.Mode(), err)
		}
	}
	must(t, os.Remove(path), put(t, path, "x"))
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

// A read-only file is not replaced, even in a writable folder.
func TestReadOnlyStays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "calls")
	must(t, os.WriteFile(path, []byte("kept"), 0o600), os.Chmod(path, 0o444))
	if err := put(t, path, "x"); err == nil || err.Error() != path+" is not writable (mode 0444); make it writable, or name another file" {
		t.Errorf("%v", err)
	}
	if text(t, path) != "kept" {
		t.Error("it was replaced")
	}
}

// A hard link gets the new file; the other name keeps the old one.
func TestHardLink(t *testing.T) {
	folder := t.TempDir()
	path, other := filepath.Join(folder, "calls"), filepath.Join(folder, "kept")
	must(t, os.WriteFile(other, []byte("before"), 0o600), os.Link(other, path), put(t, path, "after"))
	if text(t, path) != "after" || text(t, other) != "before" {
		t.Errorf("%q and %q", text(t, path), text(t, other))
	}
}

// Pipes, devices and open files are refused at once, whatever leads to them.
func TestStreams(t *testing.T) {
	folder := t.TempDir()
	pipe, link := filepath.Join(folder, "pipe"), filepath.Join(folder, "link")
	must(t, syscall.Mkfifo(pipe, 0o600))
	open, err := os.Create(filepath.Join(folder, "open"))
	must(t, err)
	defer open.Close()
	handle := filepath.Join("/dev/fd", fmt.Sprint(open.Fd()))
	must(t, os.Symlink(handle, link))
	for _, name := range []string{os.DevNull, pipe, handle, link, fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), open.Fd())} {
		if _, err := os.Stat(name); err != nil {
			continue // not every system has it
		}
		if err := put(t, name, "x"); err == nil || err.Error() != name+" is a pipe or a device; name a file" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := names(t, folder); got != "link open pipe" || text(t, open.Name()) != "" {
		t.Errorf("%q, among %s", text(t, open.Name()), got)
	}
}

// In a folder that everybody may write to, what another user has put there is
// neither followed nor replaced nor removed. It takes root to make such files.
func TestShared(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make files of others")
	}
	const other = 12345
	folder, home := t.TempDir(), t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	must(t, os.Chmod(folder, 0o777|fs.ModeSticky), os.Chown(folder, 54321, -1))
	id := dead(t, folder)
	for _, suffix := range append(sqliteSuffixes, lockSuffix, partSuffix) {
		must(t, os.Chown(at(prefix+id+suffix), other, -1))
	}
	must(t, os.Symlink(filepath.Join(home, "target"), at("link")), os.Lchown(at("link"), other, -1))
	must(t, os.WriteFile(at("calls"), []byte("theirs"), 0o666), os.Chown(at("calls"), other, -1))
	for _, name := range []string{"link", "calls"} {
		if err := put(t, at(name), "x"); err == nil || err.Error() != at(name)+" belongs to another user, in a folder that everybody may write to; name another file" {
			t.Errorf("%s: %v", name, err)
		}
	}
	must(t, put(t, at("mine"), "x"))
	if got := strings.Fields(names(t, folder)); len(got) != 8 || names(t, home) != "" || text(t, at("calls")) != "theirs" {
		t.Errorf("there are %q and %q", got, names(t, home))
	}
}

// What is replaced keeps its owner and group where the writer may give them; a
// group that it may not give loses its rights.
func TestOwners(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files to others")
	}
	path := filepath.Join(t.TempDir(), "calls")
	must(t, os.WriteFile(path, nil, 0o600), os.Chmod(path, 0o640), os.Chown(path, 12345, 54321), put(t, path, "x"))
	info, err := os.Stat(path)
	must(t, err)
	if s := info.Sys().(*syscall.Stat_t); s.Uid != 12345 || s.Gid != 54321 || info.Mode() != 0o640 {
		t.Errorf("%d:%d %v", s.Uid, s.Gid, info.Mode())
	}
}

// Same sees through links and hard links, and names of what is not there yet.
func TestSame(t *testing.T) {
	folder := t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	must(t, os.WriteFile(at("a"), nil, 0o600), os.Link(at("a"), at("hard")), os.Symlink("a", at("soft")), os.Symlink("none", at("dangling")), os.Symlink(folder, at("here")))
	for _, other := range []string{"a", "hard", "soft", "here/a", "here/hard"} {
		if !Same(at("a"), at(other)) {
			t.Errorf("%s is another", other)
		}
	}
	if !Same(at("none"), at("here/dangling")) || !Same(at("none"), at("here/none")) {
		t.Error("what is not there yet is another")
	}
	if Same(at("none"), at("NONE")) {
		t.Error("names differ by case, and are the same")
	}
	for _, other := range []string{"none", "here", "b/a", ""} {
		if Same(at("a"), at(other)) {
			t.Errorf("%q is the same", other)
		}
	}
}

// Without the right to write into a folder no file in it is written, not even one
// that may be; without the right to a file it is not replaced.
func TestWithoutRights(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	folder := t.TempDir()
	path := filepath.Join(folder, "calls")
	must(t, os.WriteFile(path, []byte("kept"), 0o600), os.Chmod(folder, 0o500))
	t.Cleanup(func() { os.Chmod(folder, 0o700) })
	if err := put(t, path, "x"); err == nil || err.Error() != "the folder of "+path+" is not writable (permission denied), and callvault writes a temporary file there first; name a file elsewhere" {
		t.Errorf("%v", err)
	}
	if text(t, path) != "kept" {
		t.Error("it was written")
	}
	must(t, os.Chmod(folder, 0o700), os.Chmod(path, 0o420)) // its owner may not, others might
	if err := put(t, path, "x"); err == nil || err.Error() != path+" is not writable (permission denied); name another file" {
		t.Errorf("%v", err)
	}
}
