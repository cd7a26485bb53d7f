package doctor

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestDisk(t *testing.T) {
	for _, tt := range []struct {
		name  string
		disk  disk
		known bool
		size  uint64
		wants []string
	}{
		{"room", disk{free: 1 << 40}, true, 1 << 30, nil},
		{"unknown", disk{}, false, 1 << 30, nil},
		{"network", disk{free: 1 << 40, kind: "NFS", sure: true}, true, 1, []string{"wrong it is on a network file system (NFS)"}},
		{"perhaps network", disk{free: 1 << 40, kind: "FUSE"}, true, 1, []string{"warning it may be on a network file system (FUSE)"}},
		{"full", disk{free: leastFree - 1}, true, 1, []string{"wrong 16 MiB are free"}},
		{"little", disk{free: leastFree}, true, 1, []string{"warning 16 MiB are free on its disk, and it has 1 B itself"}},
		{"less than the store", disk{free: 1 << 30}, true, 1<<30 + 1, []string{"warning 1.0 GiB are free"}},
	} {
		t.Run(tt.name, func(t *testing.T) { want(t, tt.disk.findings(tt.known, tt.size), tt.wants...) })
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
	want(t, about(0o600, 0o777), "warning every user of this machine may put another file in its place")
	want(t, about(0o600, 0o777|os.ModeSticky))
}
