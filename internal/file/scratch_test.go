package file

import (
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
)

// A scratch file is read and written, has no name where the system lets it, and is gone when it
// is closed. One of a killed process is swept.
func TestScratch(t *testing.T) {
	folder := t.TempDir()
	s, err := NewScratch(folder)
	must(t, err)
	if got := names(t, folder); got != "" && runtime.GOOS != "windows" {
		t.Errorf("there are %q", got)
	}
	_, err = io.WriteString(s, "some text")
	must(t, err)
	text := make([]byte, 4)
	if _, err := s.ReadAt(text, 5); err != nil || string(text) != "text" {
		t.Errorf("%q, %v", text, err)
	}
	must(t, s.Close())
	if got := names(t, folder); got != "" {
		t.Errorf("left are %q", got)
	}
	if _, err := NewScratch(folder + "/none"); err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("%v", err)
	}
}

func TestFree(t *testing.T) {
	if bytes, known := Free(t.TempDir()); known && bytes <= 0 {
		t.Errorf("%d bytes", bytes)
	}
	if _, known := Free(os.DevNull + "/none"); known {
		t.Error("a folder that is not there has room")
	}
}
