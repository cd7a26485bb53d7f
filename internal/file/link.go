package file

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// mostLinks is how many links in a row are followed, as in Linux.
const mostLinks = 40

// Follow returns the target of a link, or the path itself. The target need not exist. It
// is an error if the link belongs to another user, in a folder that everybody may write
// to, as in Linux.
func Follow(path string) (string, error) {
	at := path
	for range mostLinks {
		info, err := os.Lstat(at)
		switch {
		case errors.Is(err, fs.ErrNotExist) || err == nil && (info.Mode()&fs.ModeSymlink == 0 || isHandle(at)):
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
		if !filepath.IsAbs(target) { // not cleaned: the system resolves .. after links
			folder, _ := filepath.Split(at)
			target = folder + target
		}
		at = target
	}
	return "", &fs.PathError{Op: "open", Path: path, Err: errors.New("its links form a circle; name the file itself")}
}

// IsHandle tells whether a path leads to an open file of a process.
func IsHandle(path string) bool {
	target, err := Follow(path)
	return err == nil && isHandle(target)
}

// isHandle tells whether a path names an open file of a process, as /dev/stdout does.
func isHandle(path string) bool {
	folder, err := filepath.EvalSymlinks(filepath.Dir(path))
	return err == nil && (folder == "/dev/fd" || strings.HasPrefix(folder, "/proc/"))
}

// Same tells whether two paths lead to one file, or will once the file exists.
func Same(a, b string) bool {
	a, errA := Follow(a)
	b, errB := Follow(b)
	if errA != nil || errB != nil {
		return false
	}
	return isSame(a, b) || filepath.Base(a) == filepath.Base(b) && isSame(filepath.Dir(a), filepath.Dir(b))
}

func isSame(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}

// PartialName is the name of a file that is not complete, with the same ending and so the same format.
func PartialName(path string) string {
	ending := filepath.Ext(path)
	if ending == ".gz" || ending == ".zst" {
		ending = filepath.Ext(strings.TrimSuffix(path, ending)) + ending
	}
	return strings.TrimSuffix(path, ending) + ".partial" + ending
}
