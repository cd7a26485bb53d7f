package web

import (
	"io/fs"
	"math"
	"path"
	"runtime/debug"
	"strconv"
	"strings"
)

// goPart is the part of a container's memory that Go may use, in per cent. SQLite's
// memory, and the kernel's for connections and files, is not Go's.
const goPart = 60

// LimitMemory tells Go the memory limit of the control group, so that it collects garbage
// before the kernel kills the process. GOMEMLIMIT wins; Go has read it already.
func LimitMemory(root fs.FS, env func(string) (string, bool)) {
	if limit, ok := env("GOMEMLIMIT"); ok && limit != "" {
		return
	}
	if limit := groupMemory(root); limit < math.MaxInt64 {
		debug.SetMemoryLimit(limit / 100 * goPart)
	}
}

// groupMemory is the memory that the control groups of the process allow, version 1 or
// 2, or math.MaxInt64 if they set no limit.
func groupMemory(root fs.FS) int64 {
	limit := int64(math.MaxInt64)
	groups, _ := fs.ReadFile(root, "proc/self/cgroup") // without the file nothing is limited
	for line := range strings.Lines(string(groups)) {
		number, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		controllers, group, _ := strings.Cut(rest, ":")
		switch {
		case number == "0" && controllers == "":
			limit = min(limit, memoryOf(root, "sys/fs/cgroup", group, "memory.max"))
		case strings.Contains(","+controllers+",", ",memory,"):
			limit = min(limit, memoryOf(root, "sys/fs/cgroup/memory", group, "memory.limit_in_bytes"))
		}
	}
	return limit
}

// memoryOf is the smallest limit of a group and its parents. In a container the path may
// be that of the host and missing here; then the mount is the container's own group.
func memoryOf(root fs.FS, mount, group, file string) int64 {
	limit := int64(math.MaxInt64)
	for group = path.Clean("/" + group); ; group = path.Dir(group) {
		text, _ := fs.ReadFile(root, path.Join(mount, group, file))
		if n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && n > 0 { // and not "max"
			limit = min(limit, n)
		}
		if group == "/" {
			break
		}
	}
	if limit > 1<<60 { // this is how version 1 says that it sets none
		return math.MaxInt64
	}
	return limit
}
