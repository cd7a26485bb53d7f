package file

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
)

// mostLinks is how many links in a row are followed, as in Linux.
const mostLinks = 40

// Follow is the name of what a path leads to: the path itself unless it is a link.
// What the last link leads to need not be there. A link of another user in a
// folder that everybody may write to is not followed, as in Linux.
func Follow(path string) (string, error) {
	return follow(path, func(string) bool { return false })
}

// follow stops where it is told to.
func follow(path string, stop func(string) bool) (string, error) {
	at := path
	for range mostLinks {
		info, err := os.Lstat(at)
		switch {
		case errors.Is(err, fs.ErrNotExist) || err == nil && info.Mode()&fs.ModeSymlink == 0 || err == nil && stop(at):
			return at, nil
		case err != nil:
			return "", err
		}
		if err := checkTrust(at, info); err != nil {
			return "", err
		}
		target, err := os.Readlink(at)
		if err != nil {
			return "", err
		}
		at = from(at, target)
	}
	return "", &fs.PathError{Op: "open", Path: path, Err: errors.New("its links lead to each other; name the file")}
}

// from is what a link says, seen from where it is. It is not cleaned: the system
// takes .. from where a folder is, and not from how it was reached.
func from(link, target string) string {
	switch {
	case filepath.IsAbs(target):
		return target
	case target != "" && os.IsPathSeparator(target[0]): // on Windows, of the same drive
		return filepath.VolumeName(link) + target
	}
	folder, _ := filepath.Split(link)
	return folder + target
}

// handles are folders whose files are the open files of a process.
var handles = regexp.MustCompile(`^(?:/dev/fd|/proc/(\d+)(?:/task/\d+)?/fd)$`)

// isHandle tells whether a path names an open file of a process, such as
// /dev/stdout leads to.
func isHandle(path string) bool {
	_, ok := handleFolder(path)
	return ok
}

// handleFolder is the process whose open file a path names, "" for this one.
func handleFolder(path string) (pid string, ok bool) {
	if _, err := strconv.Atoi(filepath.Base(path)); err != nil {
		return "", false
	}
	folder, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return "", false
	}
	match := handles.FindStringSubmatch(folder)
	if match == nil {
		return "", false
	}
	return match[1], true
}

// ownHandle is the number of an open file of this process. To open it again would
// write from its beginning.
func ownHandle(path string) (fd int, ok bool) {
	pid, ok := handleFolder(path)
	if !ok || pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return 0, false
	}
	fd, err := strconv.Atoi(filepath.Base(path))
	return fd, err == nil
}

// Same tells whether two paths lead to one file, or would once it is there.
func Same(a, b string) bool {
	a, errA := Follow(a)
	b, errB := Follow(b)
	if errA != nil || errB != nil {
		return false
	}
	if isSame(a, b) {
		return true
	}
	return filepath.Base(a) == filepath.Base(b) && isSame(filepath.Dir(a), filepath.Dir(b)) // of what is not there yet
}

func isSame(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}
