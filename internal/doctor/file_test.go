package doctor

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestDisk(t *testing.T) {
	for _, tt := range []struct {
		name string
		disk disk
		size uint64
		want string
	}{
		{"room", disk{free: 1 << 40}, 1 << 30, "ok the store uses 1.0 GiB, and its disk has 1.0 TiB free"},
		{"network", disk{free: 1 << 40, kind: "NFS", sure: true}, 1, "wrong the store is on a network file system (NFS)"},
		{"perhaps network", disk{free: 1 << 40, kind: "FUSE"}, 1, "warning the store may be on a network file system (FUSE)"},
		{"full", disk{free: leastFree - 1}, 1, "wrong its disk has only 16 MiB free"},
		{"full and perhaps network", disk{free: 1, kind: "9P"}, 1, "wrong its disk has only 1 B free"},
		{"little", disk{free: leastFree}, 1, "warning its disk has 16 MiB free, and the store uses 1 B"},
		{"less than the store", disk{free: 1 << 30}, 1<<30 + 1, "warning its disk has 1.0 GiB free"},
	} {
		t.Run(tt.name, func(t *testing.T) { want(t, []Finding{tt.disk.find(tt.size)}, tt.want) })
	}
}

func TestFileModes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes say nothing here")
	}
	path := filepath.Join(t.TempDir(), "calls.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	about := func(mode, folder os.FileMode) (found []Finding) {
		t.Helper()
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Dir(path), folder); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range File(path, info) {
			if f.Do == "chmod o-rwx "+path || f.Do == "chmod o-w "+filepath.Dir(path) {
				found = append(found, f)
			}
		}
		return found
	}
	want(t, about(0o660, 0o770))
	want(t, about(0o604, 0o700), "warning every user of this machine may use it (mode 0604)")
	want(t, about(0o600, 0o777), "warning every user of this machine may replace it")
	want(t, about(0o600, 0o777|os.ModeSticky))
}
