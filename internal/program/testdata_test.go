package program_test

import (
	"os"
	"path/filepath"
	"testing"
)

// testdata is a file of this room.
func testdata(t testing.TB, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
