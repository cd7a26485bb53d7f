package program_test

import (
	"fmt"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/callvault/callvault/internal/program"
)

// A mirror is suspended while it waits for an answer, and another takes its place. When it goes
// on, with the answer, it writes nothing, sends nothing, and ends with 1.
func TestStoppedMirror(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, c *program.CLI) {
		a := newAccount(t, chance(t, 0).Uint64(), nil)
		var requests atomic.Int64
		asked, answer := make(chan struct{}), make(chan struct{})
		a.before = func() {
			if requests.Add(1) == 6 {
				close(asked)
				<-answer
			}
		}
		stopped, lines, err := c.Begin(nil, a.args(c, "mirror", "--url")...)
		if err != nil {
			t.Fatal(err)
		}
		if line, err := lines.ReadString('\n'); err != nil {
			t.Fatalf("%q, %v", line, err)
		}
		<-asked
		signal := func(s syscall.Signal) {
			if err := stopped.Process.Signal(s); err != nil {
				t.Fatal(err)
			}
		}
		signal(syscall.SIGSTOP)
		// Nobody waits 30 seconds: the row now names a process that is gone, one that had this
		// pid before.
		sql(c, "UPDATE mirrors SET holder = replace(holder, ' since ', ' since 1')")
		if got := a.once(c); got.Code != program.ExitOK || strings.Contains(got.Stderr, waitsForAnother) {
			t.Fatalf("the other one: %+v", got)
		}
		a.mustEqual(c)
		state := func() string {
			arrived, _ := a.requests()
			return fmt.Sprint(c.Must("changes"), arrived, usedOf(c))
		}
		before := state()
		close(answer)
		signal(syscall.SIGCONT)
		stopped.Wait()
		const want = "another mirror has taken over this company\n"
		if code, text := stopped.ProcessState.ExitCode(), fmt.Sprint(stopped.Stderr); code != program.ExitFailed || !strings.HasSuffix(text, want) {
			t.Errorf("it ended with %d: %s", code, text)
		}
		if after := state(); after != before {
			t.Errorf("it wrote: before\n%s\nafter\n%s", before, after)
		}
		mustBeSound(c)
	})
}

// sql changes rows with the engine's own tool.
func sql(c *program.CLI, text string) {
	c.T.Helper()
	cmd := exec.Command(program.Tool(c.T, "sqlite3"), c.DB, text)
	if isServer(c) {
		cmd = exec.Command(program.Tool(c.T, "psql"), "-q", c.DB, "-c", "SET search_path = callvault", "-c", text)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		c.T.Fatalf("%v: %s", err, out)
	}
}
