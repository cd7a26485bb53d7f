//go:build unix

package program_test

import (
	"bufio"
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault/internal/postgrestest"
	"github.com/callvault/callvault/internal/program"
)

// kind is a kind of store for the program to be killed on.
type kind struct {
	name  string
	empty func(t testing.TB) *program.CLI                      // a store that is not there yet
	clone func(t testing.TB, of *program.CLI) (c *program.CLI) // a store with what another has, that nobody uses
}

var onFile = kind{"SQLite", func(t testing.TB) *program.CLI { return program.New(t) }, cloneFile}

var onServer = kind{"PostgreSQL", func(t testing.TB) *program.CLI { return program.On(t, database.Database(t)) },
	func(t testing.TB, of *program.CLI) *program.CLI { return program.On(t, database.Clone(t, of.DB)) }}

// cloneFile copies a file that was closed well, so that it has no log.
func cloneFile(t testing.TB, of *program.CLI) *program.CLI {
	t.Helper()
	c := program.New(t)
	content, err := os.ReadFile(of.DB)
	if err == nil {
		err = os.WriteFile(c.DB, content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// onBothKinds runs a test for each kind of store, two at a time.
func onBothKinds(t *testing.T, test func(t *testing.T, k kind)) {
	for _, k := range []kind{onFile, onServer} {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			test(t, k)
		})
	}
}

// victim is a run of the program that is to be killed.
type victim struct {
	*program.CLI
	cmd          *exec.Cmd
	acknowledged []string      // the lines that it has printed; to be read when it is dead
	lines        chan struct{} // gets one for each of them, and is closed in the end
	awaited      int           // how many were waited for
	writing      bool          // it was killed while it wrote what it had not acknowledged
}

// begin begins a run on a store; nil is no standard input.
func begin(c *program.CLI, stdin *os.File, args ...string) *victim {
	c.T.Helper()
	cmd, out, err := c.Begin(stdin, args...)
	if err != nil {
		c.T.Fatal(err)
	}
	v := &victim{CLI: c, cmd: cmd, lines: make(chan struct{}, 1000)}
	go v.read(out)
	return v
}

// read notes what the program acknowledges. Half a line acknowledges nothing.
func (v *victim) read(out *bufio.Reader) {
	defer close(v.lines)
	for {
		line, err := out.ReadString('\n')
		if err != nil {
			return
		}
		v.acknowledged = append(v.acknowledged, strings.TrimSuffix(line, "\n"))
		v.lines <- struct{}{}
	}
}

// await waits for some acknowledgements, and tells whether they came.
func (v *victim) await(lines int) bool {
	for range lines {
		if _, more := <-v.lines; !more {
			return false
		}
		v.awaited++
	}
	return true
}

// kill ends the program at a moment of its work that chance chooses: when some
// time within a span has passed, when it has acknowledged up to a number of
// commits, or when it is writing after that. It tells whether the program had
// not ended before. Nobody is at work on the store any more then.
func (v *victim) kill(chance *rand.Rand, span time.Duration, commits int) (killed bool) {
	v.T.Helper()
	commits = chance.IntN(commits + 1)
	switch chance.IntN(3) {
	case 0:
		time.Sleep(time.Duration(chance.Int64N(int64(span)))) // the moment itself, and not a wait for something
	case 1:
		v.await(commits)
	case 2:
		v.writing = v.await(commits) && awaitWrite(v.CLI, v.lines)
	}
	v.cmd.Process.Kill()
	for range v.lines { // to the end of what was on its way when the program died
	}
	v.cmd.Wait()
	killed = v.cmd.ProcessState.ExitCode() == -1
	v.writing = v.writing && killed && len(v.acknowledged) == v.awaited
	if !killed && !v.cmd.ProcessState.Success() {
		v.T.Errorf("%.80q ended with %d by itself: %s", v.cmd.Args[1:], v.cmd.ProcessState.ExitCode(), v.cmd.Stderr)
	}
	awaitUnused(v.CLI)
	return killed
}

func isServer(c *program.CLI) bool { return strings.HasPrefix(c.DB, "postgres:") }

// awaitWrite waits until the store is being written to, and tells whether that
// was before anything came from a channel.
func awaitWrite(c *program.CLI, earlier <-chan struct{}) bool {
	ctx, cancel := context.WithTimeout(c.T.Context(), program.Patience)
	defer cancel()
	if isServer(c) {
		go func() {
			defer cancel()
			select {
			case <-earlier:
			case <-ctx.Done():
			}
		}()
		return postgrestest.Await(ctx, c.T, c.DB, postgrestest.Writing)
	}
	glances := time.NewTicker(time.Millisecond)
	defer glances.Stop()
	for before := filesOf(c); filesOf(c) == before; {
		select {
		case <-glances.C:
		case <-earlier:
			return false
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// fileState tells one moment of a file from another.
type fileState struct {
	size    int64
	written time.Time
}

// filesOf is the state of a SQLite file and of its log.
func filesOf(c *program.CLI) (state [2]fileState) {
	for i, suffix := range []string{"", "-wal"} {
		if info, err := os.Stat(c.DB + suffix); err == nil {
			state[i] = fileState{info.Size(), info.ModTime()}
		}
	}
	return state
}

// awaitUnused waits until a server has done with what a dead client had asked.
func awaitUnused(c *program.CLI) {
	c.T.Helper()
	if !isServer(c) {
		return
	}
	ctx, cancel := context.WithTimeout(c.T.Context(), program.Patience)
	defer cancel()
	if !postgrestest.Await(ctx, c.T, c.DB, postgrestest.Unused) {
		c.T.Error("a dead client is still connected")
	}
}

// mustBeSound checks a store that somebody was killed on. There may be none yet.
func mustBeSound(c *program.CLI) {
	c.T.Helper()
	got := c.Run("check")
	if got.Code != program.ExitOK && !strings.Contains(got.Stderr, "there is no store") || strings.Contains(got.Stderr, "difference") {
		c.T.Fatalf("check after a kill: %+v", got)
	}
}

// callsOf are the calls of a company by time, none where it is not there yet.
func callsOf(c *program.CLI, company string) []string {
	c.T.Helper()
	got := c.Run("export", "--company", company)
	if got.Code != program.ExitOK && !strings.Contains(got.Stderr, "there is no ") && !strings.Contains(got.Stderr, "has no calls yet") {
		c.T.Fatalf("%+v", got)
	}
	return strings.Split(got.Stdout, "\n")[:strings.Count(got.Stdout, "\n")]
}

// toll is what came of all kills of a test.
type toll struct {
	lives, kills, writing int
	acknowledged, kept    int // calls
	more                  int // kills after which a batch was kept that was not acknowledged
}

// count counts a kill.
func (l *toll) count(v *victim, acknowledged, kept int) {
	l.kills++
	if v.writing {
		l.writing++
	}
	l.acknowledged += acknowledged
	l.kept += kept
	if kept > acknowledged {
		l.more++
	}
}

func (l *toll) log(t *testing.T) {
	t.Helper()
	t.Logf("%d runs, killed %d times, %d times while a commit was being written; %d calls acknowledged, %d kept; %d times a batch was kept that was not acknowledged yet",
		l.lives, l.kills, l.writing, l.acknowledged, l.kept, l.more)
}
