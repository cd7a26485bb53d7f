//go:build unix

package program_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/callvault/callvault/internal/program"
)

// The database goes away while an import writes, and before a deletion: the
// command fails and names the store, without its password; what it acknowledged
// is there, and running it again completes it.
func TestCommandsWithoutDatabase(t *testing.T) {
	t.Parallel()
	db := database.Fragile(t)
	c := program.On(t, db.URL()+"&password=hush")
	named := db.URL() + "&password=xxxxx"
	const calls = 2000
	file := c.File("calls.ndjson", strings.Join(numbered(1, calls), "\n")+"\n")
	begun, rest := numbered(1, 10), numbered(11, calls-10)
	for n := range times(1, 20) {
		f := []fault{{away: db.Kill, again: db.Start}, {away: db.Shutdown, again: db.Start}}[n%2]

		cut := cutImport(c, f, begun, rest)
		wantNamed(t, named, cut)
		if want := fmt.Sprintf("committed -:%d\n", len(begun)); cut.Stdout != want || c.Count() != len(begun) {
			t.Errorf("acknowledged is %q, want %q, and %d calls are there", cut.Stdout, want, c.Count())
		}
		c.Must("import", "--quiet", file)
		if got := c.Count(); got != calls {
			t.Errorf("%d calls after another run, want %d", got, calls)
		}

		f.away()
		wantNamed(t, named, c.Run("delete", "--yes", "--before", "2100-01-01"))
		f.again()
		c.Must("delete", "--yes", "--before", "2100-01-01")
		c.Must("check")
		if got := c.Count(); got != 0 {
			t.Errorf("%d calls after a deletion of all", got)
		}
	}
	db.Stop() // and nothing answers
	wantNamed(t, named, c.Run("import", file))
	db.Continue()
	c.Must("import", "--quiet", file)
}

// cutImport has a fault after the first records of an import were committed, and
// returns what the import came to.
func cutImport(c *program.CLI, f fault, begun, rest []string) (cut program.Outcome) {
	c.T.Helper()
	in, source := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		var err error
		cut, err = c.Try(in, "import", "-")
		in.Close() // or nobody would read the rest
		ended <- err
	}()
	io.WriteString(source, strings.Join(begun, "\n")+"\n")
	waitUntil(c.T, "the first records are committed", func() bool { return c.Count() == len(begun) })
	f.away()
	io.WriteString(source, strings.Join(rest, "\n")+"\n")
	source.Close()
	if err := <-ended; err != nil {
		c.T.Fatal(err)
	}
	f.again()
	return cut
}

// wantNamed checks that a command failed and says on which store.
func wantNamed(t *testing.T, db string, got program.Outcome) {
	t.Helper()
	if got.Code != program.ExitFailed || strings.Count(got.Stderr, db) != 1 || strings.Contains(got.Stderr, "hush") {
		t.Errorf("%+v", got)
	}
}
