package conformance

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault/internal/program"
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
	c := program.New(t)
	file := filepath.Join(t.TempDir(), "calls.ndjson")
	writeRecords(t, file, records)
	random := rand.New(rand.NewPCG(1, 0))
	for _, moment := range []struct {
		lines int
		grown int64
	}{{0, random.Int64N(8 << 20)}, {1, 0}} {
		acknowledged := importUntilKilled(c, file, moment.lines, moment.grown)
		kept := keptOf(c, records)
		t.Logf("killed at %+v: %d calls acknowledged, %d kept", moment, acknowledged, kept)
		if kept < acknowledged {
			t.Fatalf("%d calls were acknowledged and %d are kept", acknowledged, kept)
		}
	}
	if got := c.Run("import", file); got.Code != program.ExitOK || !strings.HasSuffix(got.Stdout, fmt.Sprintf("committed %s:%d\n", file, records)) {
		t.Fatalf("the run that completes it: %+v", got)
	}
	if got := c.Run("import", file); got.Code != program.ExitOK || !strings.Contains(got.Stderr, "0 created, 0 changed, 110,000 unchanged") {
		t.Fatalf("one run more: %+v", got)
	}
}

// keptOf is how many small records are kept, which must be the first of all. It
// is 0 while there is no store to export from.
func keptOf(c *program.CLI, records int) int {
	c.T.Helper()
	there := make(map[string]bool)
	for _, id := range idsOf(c.Run("export").Stdout) {
		there[id] = true
	}
	for id := range len(there) {
		if !there[strconv.Itoa(id+1)] || id >= records {
			c.T.Fatalf("of the first %d calls %d is missing", len(there), id+1)
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
func importUntilKilled(c *program.CLI, file string, lines int, grown int64) (acknowledged int) {
	c.T.Helper()
	cmd, out, err := c.Begin(nil, "import", file)
	if err != nil {
		c.T.Fatal(err)
	}
	for range lines {
		acknowledged = max(acknowledged, program.CommittedLine(out))
	}
	var after []int
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for line := program.CommittedLine(out); line > 0; line = program.CommittedLine(out) {
			after = append(after, line)
		}
	}()
	c.WaitForSize(c.Size()+grown, ended)
	cmd.Process.Kill()
	<-ended
	cmd.Wait()
	for _, line := range after {
		acknowledged = max(acknowledged, line)
	}
	return acknowledged
}
