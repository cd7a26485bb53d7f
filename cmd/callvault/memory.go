package main

import (
	"io/fs"
	"math"
	"path"
	"runtime/debug"
	"strconv"
	"strings"
)

// goPart is which part of a container's memory Go may use, in per cent. The memory of
// SQLite, of the kernel for connections, and of files that are read is not Go's.
const goPart = 60

// limitMemory tells Go how much memory there is where a control group limits it, so that
// it collects garbage before the kernel kills the process. GOMEMLIMIT, which Go has
// read, wins.
func limitMemory(root fs.FS, env func(string) (string, bool)) {
	if limit, ok := env("GOMEMLIMIT"); ok && limit != "" {
		return
	}
	if limit := groupMemory(root); limit < math.MaxInt64 {
		debug.SetMemoryLimit(limit / 100 * goPart)
	}
}

// groupMemory is the memory that the control groups of the process allow, of version 1
// or 2; math.MaxInt64 when there is no limit.
func groupMemory(root fs.FS) int64 {
	limit := int64(math.MaxInt64)
	groups, _ := fs.ReadFile(root, "proc/self/cgroup") // where there is none, there is no limit
	for line := range strings.Lines(string(groups)) {
		number, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		controllers, group, _ := strings.Cut(rest, ":")
		switch {
		case number == "0" && controllers == "":
			limit = min(limit, memoryOf(root, "sys/fs/cgroup", group, "memory.max"))
		case hasController(controllers, "memory"):
			limit = min(limit, memoryOf(root, "sys/fs/cgroup/memory", group, "memory.limit_in_bytes"))
		}
	}
	return limit
}

func hasController(controllers, name string) bool {
	return strings.Contains(","+controllers+",", ","+name+",")
}

// memoryOf is the least that a group and those it is in allow. In a container its path
// may be that of the machine, which is not there: the mount is its own group.
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
	if limit > 1<<60 { // how version 1 says that there is none
		return math.MaxInt64
	}
	return limit
}
