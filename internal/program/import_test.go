//go:build unix

package program_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callvault/callvault/internal/program"
)

// burst is how many calls come from a slow source at once at most: what a pipe
// takes in one piece.
const burst = 500

// kill -9 of imports, at any moment: what they acknowledged is kept, and of the
// source a beginning that ends where a batch ended; the store is sound; running
// them again completes it.
//
// The source is a pipe that gives a burst of calls and then nothing. They are
// committed when nothing more has come for up to two seconds, so many imports
// run at once.
func TestKilledImports(t *testing.T) {
	t.Parallel()
	onBothKinds(t, func(t *testing.T, k kind) {
		undisturbed := k.empty(t)
		undisturbed.Put("default", strings.TrimSpace(records(3*burst, 3*burst)))
		all := callsOf(undisturbed, "default")
		var l toll
		for l.kills < times(4, 200) {
			t.Run(strconv.Itoa(l.kills), func(t *testing.T) { killImports(t, k, all, &l) })
			if t.Failed() {
				return
			}
		}
		l.log(t)
	})
}

// killImports runs some imports at once, each into a store of its own.
func killImports(t *testing.T, k kind, all []string, l *toll) {
	imports := make([]*slowImport, times(4, 20))
	var running sync.WaitGroup
	for i := range imports {
		imports[i] = newSlowImport(k.empty(t), all, chance(t, i))
		running.Go(imports[i].feed)
	}
	running.Wait()
	for _, im := range imports {
		im.check(l)
		l.lives++
	}
}

// slowImport is an import with a pipe for its source.
type slowImport struct {
	*victim
	source *os.File
	all    []string // what would be kept of everything
	sent   []int    // how many calls were sent up to the end of each burst
	chance *rand.Rand
}

func newSlowImport(c *program.CLI, all []string, chance *rand.Rand) *slowImport {
	c.T.Helper()
	in, source, err := os.Pipe()
	if err != nil {
		c.T.Fatal(err)
	}
	c.T.Cleanup(func() { source.Close() })
	im := &slowImport{victim: begin(c, in, "import", "-"), source: source, all: all, sent: []int{0}, chance: chance}
	if err := in.Close(); err != nil {
		c.T.Fatal(err)
	}
	return im
}

// feed sends up to three bursts, each when the one before it was acknowledged,
// and kills the import after the last.
func (im *slowImport) feed() {
	im.send()
	for range im.chance.IntN(3) {
		if !im.await(1) {
			im.T.Error("an import ended by itself")
			return
		}
		im.send()
	}
	if !im.kill(im.chance, 2500*time.Millisecond, 0) {
		im.T.Error("an import ended by itself")
	}
}

// send sends a burst in one piece, so that it is of one batch.
func (im *slowImport) send() {
	sent, count := im.sent[len(im.sent)-1], 1+im.chance.IntN(burst)
	im.sent = append(im.sent, sent+count)
	if _, err := im.source.WriteString(records(count, len(im.all)-sent)); err != nil {
		im.T.Error(err)
	}
}

// check checks what is kept, and completes it.
func (im *slowImport) check(l *toll) {
	im.T.Helper()
	mustBeSound(im.CLI)
	kept := callsOf(im.CLI, "default")
	acknowledged := committedLine(im.victim)
	if len(kept) < acknowledged || !slices.Contains(im.sent, len(kept)) {
		im.T.Fatalf("calls were sent in bursts up to %d, %d were acknowledged, %d are kept", im.sent, acknowledged, len(kept))
	}
	if !slices.Equal(kept, im.all[len(im.all)-len(kept):]) {
		im.T.Fatalf("the %d calls that are kept are not the first of the source", len(kept))
	}
	l.count(im.victim, acknowledged, len(kept))
	sent := im.sent[len(im.sent)-1]
	again := im.Pipe(records(sent, len(im.all)), "import", "-")
	if again.Code != program.ExitOK || !strings.Contains(again.Stderr, fmt.Sprintf("0 changed, %s unchanged", grouped(len(kept)))) {
		im.T.Errorf("imported again over %d calls: %+v", len(kept), again)
	}
	if got := callsOf(im.CLI, "default"); !slices.Equal(got, im.all[len(im.all)-sent:]) {
		im.T.Errorf("imported again it has %d calls, or others than were sent", len(got))
	}
}

// committedLine is the last line of the source that an import acknowledged.
func committedLine(v *victim) (line int) {
	v.T.Helper()
	for _, text := range v.acknowledged {
		place, isCommit := strings.CutPrefix(text, "committed ")
		now, err := strconv.Atoi(place[strings.LastIndexByte(place, ':')+1:])
		if err != nil || !isCommit || now < line {
			v.T.Fatalf("it acknowledged %q", v.acknowledged)
		}
		line = now
	}
	return line
}

// grouped is a number below a million as people write it.
func grouped(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%d,%03d", n/1000, n%1000)
}

// The same of an import of a file, which goes in batches of 100,000 calls; a
// server gets each in many parts. It is killed again and again and then
// completed; one run more changes nothing.
func TestKilledLargeImports(t *testing.T) {
	t.Parallel()
	onBothKinds(t, func(t *testing.T, k kind) {
		count := times(12_000, 110_000)
		undisturbed, c := k.empty(t), k.empty(t)
		file := c.File("calls.ndjson", records(count, count))
		began := time.Now()
		undisturbed.Must("import", c.Folder+"/"+file)
		span := time.Since(began)
		all := callsOf(undisturbed, "default")
		chance := chance(t, 0)
		var l toll
		for before := 0; l.lives < times(2, 8); l.lives++ {
			v := begin(c, nil, "import", file)
			if !v.kill(chance, span, 1) {
				continue
			}
			mustBeSound(c)
			kept := callsOf(c, "default")
			acknowledged := committedLine(v)
			if len(kept) < max(before, acknowledged) || !slices.Equal(kept, all[count-len(kept):]) {
				t.Fatalf("%d calls were kept, %d were acknowledged, %d are kept, or not the first of the source", before, acknowledged, len(kept))
			}
			l.count(v, max(0, acknowledged-before), len(kept)-before)
			before = len(kept)
		}
		c.Must("import", file)
		if got := callsOf(c, "default"); !slices.Equal(got, all) {
			t.Errorf("imported again it has %d calls, or others than the file", len(got))
		}
		if got := c.Run("import", file); !strings.Contains(got.Stderr, fmt.Sprintf("0 created, 0 changed, %s unchanged", grouped(count))) {
			t.Errorf("imported once more: %+v", got)
		}
		l.log(t)
	})
}
