package conformance

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// batch is how many small records the program commits together at most; it
// commits fewer when they come slowly.
const batch = 100_000

// An import that is killed (kill -9) at any moment has kept everything that it
// acknowledged, and of the file a beginning; the store opens, running the
// import again, and being killed again, completes it in the end, and one run
// more changes nothing.
func TestKilledImport(t *testing.T) {
	t.Parallel() // it waits for the disk most of the time
	const records = batch + batch/10
	c := newCLI(t)
	file := filepath.Join(t.TempDir(), "calls.ndjson")
	writeRecords(t, file, records)
	random := rand.New(rand.NewPCG(1, 0))
	for _, moment := range []struct {
		lines int
		grown int64
	}{{0, random.Int64N(8 << 20)}, {1, 0}} {
		acknowledged := c.importUntilKilled(file, moment.lines, moment.grown)
		kept := c.keptOf(records)
		t.Logf("killed at %+v: %d calls acknowledged, %d kept", moment, acknowledged, kept)
		if kept < acknowledged {
			t.Fatalf("%d calls were acknowledged and %d are kept", acknowledged, kept)
		}
	}
	if got := c.run("import", file); got.code != exitOK || !strings.HasSuffix(got.stdout, fmt.Sprintf("committed %s:%d\n", file, records)) {
		t.Fatalf("the run that completes it: %+v", got)
	}
	if got := c.run("import", file); got.code != exitOK || !strings.Contains(got.stderr, "0 created, 0 changed, 110,000 unchanged") {
		t.Fatalf("one run more: %+v", got)
	}
}

// keptOf is how many small records are kept, which must be the first of all. It
// is 0 while there is no store to export from.
func (c *cli) keptOf(records int) int {
	c.t.Helper()
	there := make(map[string]bool)
	for _, id := range idsOf(c.run("export").stdout) {
		there[id] = true
	}
	for id := range len(there) {
		if !there[strconv.Itoa(id+1)] || id >= records {
			c.t.Fatalf("of the first %d calls %d is missing", len(there), id+1)
		}
	}
	return len(there)
}

// writeRecords writes small records with the ids 1 to count, not in the order
// of their times.
func writeRecords(t *testing.T, file string, count int) {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(f)
	for i := range count {
		fmt.Fprintln(w, smallRecord(i+1))
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func smallRecord(id int) string {
	at := spring().Add(time.Duration(id*7919%1_000_003) * time.Second)
	return fmt.Sprintf(`{"id":"%d","started":"%s"}`, id, at.Format(time.RFC3339))
}

// importUntilKilled imports a file and kills the program when it has
// acknowledged some batches and the store's files have grown by some bytes
// more: in the midst of the next batch. It returns the last line that was
// acknowledged.
func (c *cli) importUntilKilled(file string, lines int, grown int64) (acknowledged int) {
	c.t.Helper()
	cmd, out, err := c.begin(nil, "import", file)
	if err != nil {
		c.t.Fatal(err)
	}
	for range lines {
		acknowledged = max(acknowledged, committedLine(out))
	}
	var after []int
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for line := committedLine(out); line > 0; line = committedLine(out) {
			after = append(after, line)
		}
	}()
	c.waitForSize(c.size()+grown, ended)
	cmd.Process.Kill()
	<-ended
	cmd.Wait()
	for _, line := range after {
		acknowledged = max(acknowledged, line)
	}
	return acknowledged
}

// waitForSize waits until the store's files have a size together, or the
// program has ended. Nothing else tells how far a transaction has come.
func (c *cli) waitForSize(size int64, ended <-chan struct{}) {
	glances := time.NewTicker(time.Millisecond)
	defer glances.Stop()
	stuck := time.After(patience)
	for c.size() < size {
		select {
		case <-glances.C:
		case <-ended:
			return
		case <-stuck:
			return
		}
	}
}

// begin starts the program with a pipe as its standard output.
func (c *cli) begin(stdin *os.File, args ...string) (*exec.Cmd, *bufio.Reader, error) {
	cmd := c.command(args...)
	if stdin != nil { // a nil *os.File in the interface would not be nil
		cmd.Stdin = stdin
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	c.t.Cleanup(func() { cmd.Process.Kill() })
	return cmd, bufio.NewReader(stdout), nil
}

// committedLine reads an acknowledgement and returns its line number, 0 when
// there is none any more. Half a line acknowledges nothing.
func committedLine(out *bufio.Reader) int {
	text, err := out.ReadString('\n')
	text, isCommit := strings.CutPrefix(strings.TrimSuffix(text, "\n"), "committed ")
	line, notNumber := strconv.Atoi(text[strings.LastIndexByte(text, ':')+1:])
	if err != nil || !isCommit || notNumber != nil {
		return 0
	}
	return line
}

// size is how many bytes the store's files have together.
func (c *cli) size() (size int64) {
	for _, suffix := range []string{"", "-wal"} {
		if info, err := os.Stat(c.db() + suffix); err == nil {
			size += info.Size()
		}
	}
	return size
}

// count is how many calls the store has, 0 when there is none yet.
func (c *cli) count() int {
	c.t.Helper()
	got := c.run("export")
	if got.code != exitOK && !strings.Contains(got.stderr, "there is no ") {
		c.t.Fatalf("%+v", got)
	}
	return strings.Count(got.stdout, "\n")
}
