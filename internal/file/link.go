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

// Follow returns the target of a link, or the path itself. The target need not exist. It
// is an error if the link belongs to another user, in a folder that everybody may write
// to, as in Linux.
func Follow(path string) (string, error) {
	return follow(path, func(string) bool { return false })
}

// follow is Follow, but does not follow a path for which stop is true.
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
	return "", &fs.PathError{Op: "open", Path: path, Err: errors.New("its links form a circle; name the file itself")}
}

// from is the target of a link, relative to the link's folder. It is not cleaned: the
// system resolves .. after links.
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

// handles matches the folders that list a process's open files.
var handles = regexp.MustCompile(`^(?:/dev/fd|/proc/(\d+)(?:/task/\d+)?/fd)$`)

// isHandle tells whether a path names an open file of a process, as /dev/stdout does.
func isHandle(path string) bool {
	_, ok := handleFolder(path)
	return ok
}

// handleFolder returns the process whose open file a path names, "" for this process.
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

// ownHandle returns the number of an open file of this process. Opening the path again
// would write from the beginning of the file, and may not be allowed.
func ownHandle(path string) (fd int, ok bool) {
	pid, ok := handleFolder(path)
	if !ok || pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return 0, false
	}
	fd, err := strconv.Atoi(filepath.Base(path))
	return fd, err == nil
}

// Same tells whether two paths lead to one file, or will once the file exists.
func Same(a, b string) bool {
	a, errA := Follow(a)
	b, errB := Follow(b)
	if errA != nil || errB != nil {
		return false
	}
	if isSame(a, b) {
		return true
	}
	return filepath.Base(a) == filepath.Base(b) && isSame(filepath.Dir(a), filepath.Dir(b))
}

func isSame(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}
