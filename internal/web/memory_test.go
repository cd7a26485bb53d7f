package web

import (
	"math"
	"runtime/debug"
	"testing"
	"testing/fstest"
)

func TestGroupMemory(t *testing.T) {
	const none = math.MaxInt64
	for name, c := range map[string]struct {
		files map[string]string
		want  int64
	}{
		"no groups":         {nil, none},
		"2":                 {map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "134217728\n"}, 128 << 20},
		"2 without a limit": {map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "max\n"}, none},
		"2, in a group of less": {map[string]string{
			"proc/self/cgroup":                                        "0::/system.slice/callvault.service\n",
			"sys/fs/cgroup/system.slice/memory.max":                   "1048576\n",
			"sys/fs/cgroup/system.slice/callvault.service/memory.max": "2097152\n",
		}, 1 << 20},
		"1": {map[string]string{
			"proc/self/cgroup": "5:devices:/\n4:cpu,memory:/docker/0a1b\n0::/\n",
			"sys/fs/cgroup/memory/docker/0a1b/memory.limit_in_bytes": "134217728\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes":             "9223372036854771712\n",
		}, 128 << 20},
		"1, whose path is the machine's": {map[string]string{
			"proc/self/cgroup":                           "4:memory:/docker/0a1b\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "134217728\n",
		}, 128 << 20},
		"1 without a limit": {map[string]string{
			"proc/self/cgroup":                           "4:memory:/\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
		}, none},
		"nonsense": {map[string]string{"proc/self/cgroup": "\n:\n0::/../../etc\n", "sys/fs/cgroup/memory.max": "-1\n"}, none},
	} {
		root := fstest.MapFS{}
		for path, text := range c.files {
			root[path] = &fstest.MapFile{Data: []byte(text)}
		}
		if got := groupMemory(root); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

// Go may use 60 % of the limit, unless GOMEMLIMIT says otherwise.
func TestLimitMemory(t *testing.T) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(-1))
	root := fstest.MapFS{
		"proc/self/cgroup":         &fstest.MapFile{Data: []byte("0::/\n")},
		"sys/fs/cgroup/memory.max": &fstest.MapFile{Data: []byte("100000000000\n")},
	}
	said := func(value string) func(string) (string, bool) {
		return func(name string) (string, bool) { return value, name == "GOMEMLIMIT" && value != "" }
	}
	for value, want := range map[string]int64{"": 60e9, "1GiB": 50e9} {
		debug.SetMemoryLimit(50e9)
		LimitMemory(root, said(value))
		if got := debug.SetMemoryLimit(-1); got != want {
			t.Errorf("with GOMEMLIMIT=%s: %d, want %d", value, got, want)
		}
	}
}
