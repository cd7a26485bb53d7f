package conformance

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/callvault/callvault/internal/program"
)

// The same as TestKilledImport of many imports from slow sources, whose
// records are committed as they come, in small batches. Each import is killed
// after its k-th acknowledgement, half of them at once, the others when the
// next commit has begun to write. What is kept is a beginning of the source.
func TestKilledSlowImports(t *testing.T) {
	t.Parallel() // it waits for two seconds to pass most of the time
	imports := make([]*slowImport, rounds(4, 36))
	var feeding sync.WaitGroup
	for i := range imports {
		imports[i] = &slowImport{CLI: program.New(t), random: rand.New(rand.NewPCG(uint64(i), 1)), inCommit: i%2 > 0}
		feeding.Go(imports[i].feed)
	}
	feeding.Wait()
	unacknowledged := 0
	for i, im := range imports {
		if im.err != nil {
			t.Fatalf("import %d: %v", i, im.err)
		}
		if kept := im.checkBeginning(); kept > im.acknowledged {
			unacknowledged++
		}
		if i < rounds(1, 3) { // it is the same for all
			im.complete()
		}
	}
	t.Logf("of %d imports %d kept a batch that they did not come to acknowledge", len(imports), unacknowledged)
}

// rounds is how often an import is killed.
func rounds(short, long int) int {
	if testing.Short() {
		return short
	}
	return long
}

// slowImport is an import with a pipe for a source.
type slowImport struct {
	*program.CLI
	random             *rand.Rand
	inCommit           bool // whether it is killed within a commit
	sent, acknowledged int
	err                error
}

// feed sends records and waits for each acknowledgement before it sends more,
// so that every commit is of what was sent since the one before.
func (im *slowImport) feed() {
	in, source, err := os.Pipe()
	if err != nil {
		im.err = err
		return
	}
	defer source.Close()
	cmd, out, err := im.Begin(in, "import", "-")
	if err = errors.Join(err, in.Close()); err != nil {
		im.err = err
		return
	}
	for range 1 + im.random.IntN(2) {
		im.send(source)
		if im.acknowledged = program.CommittedLine(out); im.acknowledged == 0 {
			im.err = errors.New("it ended by itself")
			return
		}
	}
	size := im.Size()
	im.send(source)
	if im.inCommit {
		im.WaitForSize(size+1, nil)
	}
	cmd.Process.Kill()
	for line := program.CommittedLine(out); line > 0; line = program.CommittedLine(out) {
		im.acknowledged = line // it was in the pipe when the program died
	}
	cmd.Wait()
}

func (im *slowImport) send(source io.Writer) {
	for range 1 + im.random.IntN(500) {
		im.sent++
		fmt.Fprintln(source, smallRecord(im.sent))
	}
}

// checkBeginning checks that what is kept is a beginning of what was sent, no
// shorter than what was acknowledged, and returns how much it is.
func (im *slowImport) checkBeginning() (kept int) {
	im.T.Helper()
	there := make(map[string]bool)
	for _, id := range idsOf(im.Must("export")) {
		there[id] = true
	}
	if len(there) < im.acknowledged || len(there) > im.sent {
		im.T.Fatalf("%d calls were sent, %d acknowledged, %d are kept", im.sent, im.acknowledged, len(there))
	}
	for id := range len(there) {
		if !there[strconv.Itoa(id+1)] {
			im.T.Fatalf("of the first %d calls %d is missing", len(there), id+1)
		}
	}
	return len(there)
}

// complete imports what was sent again, twice.
func (im *slowImport) complete() {
	im.T.Helper()
	source := strings.Join(manyRecords(1, im.sent), "\n")
	for _, want := range []string{"", "0 created, 0 changed, "} {
		got := im.Pipe(source, "import", "-")
		if got.Code != program.ExitOK || !strings.Contains(got.Stderr, want) {
			im.T.Fatalf("%+v", got)
		}
		if kept := im.Count(); kept != im.sent {
			im.T.Fatalf("%d calls, want %d", kept, im.sent)
		}
	}
}
