//go:build unix

package program_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault/internal/program"
)

// recordsFrom are calls with the ids from first on, a minute apart by id and of a few
// hundred bytes each.
func recordsFrom(first, count int) string {
	spring := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	var text strings.Builder
	for id := first; id < first+count; id++ {
		fmt.Fprintf(&text, `{"id":"%d","started":"%s","title":"Call %d%s"}`+"\n",
			id, spring.Add(time.Duration(id)*time.Minute).Format(time.RFC3339), id, strings.Repeat(" about this and that", 10))
	}
	return text.String()
}

// fillStore imports calls with the ids from 1 on, and makes a key.
func fillStore(c *program.CLI, count int) program.Key {
	c.T.Helper()
	if got := c.Pipe(recordsFrom(1, count), "import", "-"); got.Code != program.ExitOK {
		c.T.Fatalf("%+v", got)
	}
	return c.Key()
}

// fails runs what must fail with an error that says why, on a line of its own
// that names the file.
func fails(c *program.CLI, file, why, stdin string, args ...string) {
	c.T.Helper()
	got := c.Pipe(stdin, args...)
	last := got.Stderr[strings.LastIndex(strings.TrimSuffix(got.Stderr, "\n"), "\n")+1:]
	if got.Code != program.ExitFailed || !strings.HasPrefix(last, "callvault: ") || !strings.Contains(last, file) || !strings.Contains(last, why) {
		c.T.Errorf("%q ended with %d, not with one line that says of %s: %s\n%.2000s", args, got.Code, file, why, got.Stderr)
	}
}

// sound checks that a store is sound and has these calls.
func sound(c *program.CLI, exported string) {
	c.T.Helper()
	if got := c.Run("check"); got.Code != program.ExitOK {
		c.T.Errorf("check: %+v", got)
	}
	if got := c.Run("export"); got.Code != program.ExitOK || got.Stdout != exported {
		c.T.Errorf("%d calls are left of %d (code %d): %.300s", strings.Count(got.Stdout, "\n"), strings.Count(exported, "\n"), got.Code, got.Stderr)
	}
}

// only checks that a folder has these files and no others, but for those that
// SQLite keeps beside a store.
func only(t testing.TB, folder string, names ...string) {
	t.Helper()
	known := make(map[string]bool)
	for _, name := range names {
		known[name], known[name+"-wal"], known[name+"-shm"] = true, true, true
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !known[entry.Name()] {
			t.Errorf("%s was left in the folder", entry.Name())
		}
	}
}

// inRights is a command line that obeys the modes of files, as root does not.
func inRights(t testing.TB, c *program.CLI) *program.CLI {
	t.Helper()
	if os.Getuid() != 0 {
		return c
	}
	bound := *c
	bound.Within = []string{program.Tool(t, "setpriv"), "--bounding-set=-dac_override,-dac_read_search,-fowner", "--"}
	return &bound
}

// inLimit is a command line whose files may have so many bytes.
func inLimit(c *program.CLI, size int) *program.CLI {
	bound := *c
	bound.Within = []string{"sh", "-c", fmt.Sprintf(`ulimit -f %d && exec "$@"`, size/512), "sh"}
	return &bound
}

// mode sets the mode of a file or folder of c for as long as the test runs.
func mode(c *program.CLI, path string, m os.FileMode) {
	c.T.Helper()
	info, err := os.Stat(path)
	if err != nil {
		c.T.Fatal(err)
	}
	if err := os.Chmod(path, m); err != nil {
		c.T.Fatal(err)
	}
	c.T.Cleanup(func() { os.Chmod(path, info.Mode().Perm()) })
}

// beside is the path of a file that is not in the folder of the store.
func beside(t testing.TB, name string) string { return filepath.Join(t.TempDir(), name) }
