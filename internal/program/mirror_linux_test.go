package program_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/callvault/callvault/internal/program"
)

// mirroring is a store whose company mirrors the server of another store.
type mirroring struct {
	*program.CLI
	url, credential string
}

// begin starts a mirror, and waits until the upstream's calls are here.
func (m *mirroring) begin(calls int) *exec.Cmd {
	m.T.Helper()
	cmd, lines, err := m.Begin(nil, m.args("--hurry", "300")...)
	if err != nil {
		m.T.Fatal(err)
	}
	m.wantLine(lines, "mirroring "+m.url+" into company default of ")
	for {
		if s := m.status(); s.Backfill.Done && s.Calls == calls {
			return cmd
		}
		if m.T.Context().Err() != nil {
			m.T.Fatal("the calls did not come")
		}
	}
}

func (m *mirroring) args(args ...string) []string {
	return append([]string{"mirror", "--url", m.url, "--credentials", m.credential, "--pace", "1000/s", "--daily", "1000000"}, args...)
}

// serve starts a server that mirrors, too.
func (m *mirroring) serve() *program.Server {
	return m.Serve("--mirror", m.url, "--credentials", m.credential, "--pace", "1000/s", "--daily", "1000000")
}

func (m *mirroring) wantLine(lines *bufio.Reader, want string) {
	m.T.Helper()
	if line, err := lines.ReadString('\n'); err != nil || !strings.HasPrefix(line, want) {
		m.T.Fatalf("it printed %q, %v", line, err)
	}
}

// mirrorStatus is what the test reads of a status.
type mirrorStatus struct {
	Calls    int
	Backfill struct{ Done bool }
}

func (m *mirroring) status() (s mirrorStatus) {
	m.T.Helper()
	got := m.Run("mirror", "status", "-o", "json")
	if got.Code != program.ExitOK { // the mirror is still to be made
		return s
	}
	if err := json.Unmarshal([]byte(got.Stdout), &s); err != nil {
		m.T.Fatal(err)
	}
	return s
}

// waitFor waits until a server keeps the company.
func (m *mirroring) waitFor(s *program.Server) {
	m.T.Helper()
	want := fmt.Sprintf(": process %d\n", s.Cmd.Process.Pid)
	for !strings.Contains(m.Must("mirror", "status"), want) {
		if m.T.Context().Err() != nil {
			m.T.Fatalf("the server does not keep the company; it logged %s", s.Stderr.String())
		}
	}
}

// exit is the exit code of a command that ends by itself, or by a signal.
func (m *mirroring) exit(cmd *exec.Cmd) int {
	if err := cmd.Wait(); cmd.ProcessState == nil {
		m.T.Fatal(err)
	}
	return cmd.ProcessState.ExitCode()
}

// One process mirrors a company. When it was killed, the next one takes its place at once;
// told to end, it gives the company back, to a server that waits for it. When an operator ends the
// mirror, it ends with 1, and a server does not make it again.
func TestMirrorProcesses(t *testing.T) {
	t.Parallel() // it waits for renewals
	onEngines(t, mirrorProcesses)
}

func mirrorProcesses(t *testing.T, c *program.CLI) {
	const calls = 250
	origin := program.New(t)
	var records []string
	for i := range calls {
		records = append(records, fmt.Sprintf(`{"id":"%d","title":"Call %[1]d","started":"2026-01-%02dT09:%02d:00Z"}`, i+1, 1+i/60, i%60))
	}
	origin.Put("default", records...)
	key := origin.Key()
	m := &mirroring{CLI: c, url: origin.Serve("--rate-limit", "off").Base}
	m.credential = c.File("key.txt", "accessKey "+key.AccessKey+"\naccessKeySecret "+key.AccessKeySecret+"\n")

	killed := m.begin(calls)
	if got := c.Run(m.args("--once")...); got.Code != program.ExitFailed || !strings.Contains(got.Stderr, "callvault: another mirror of this company runs: ") {
		t.Errorf("beside another: %+v", got)
	}
	if err := killed.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	m.exit(killed)
	if got := c.Run(m.args("--once")...); got.Code != program.ExitOK || strings.Contains(got.Stderr, waitsForAnother) {
		t.Errorf("after a kill: %+v", got)
	}

	told := m.begin(calls)
	if err := told.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := m.exit(told); code != program.ExitOK {
		t.Errorf("SIGTERM ended it with %d", code)
	}
	if text := c.Must("mirror", "status"); !strings.Contains(text, "kept by      no process") {
		t.Error(text)
	}

	first := m.serve()
	m.waitFor(first)
	second := m.serve()
	if code := first.End(syscall.SIGTERM); code != program.ExitOK {
		t.Errorf("SIGTERM ended serve with %d", code)
	}
	m.waitFor(second)
	c.Must("mirror", "end", "--yes")
	const ended = "somebody ended the mirror of this company"
	waitUntil(t, "the server mirrors no more", func() bool { return strings.Contains(second.Stderr.String(), ended) })
	if got := c.Run("mirror", "status"); got.Code != program.ExitFailed {
		t.Errorf("the mirror that was ended is there again: %+v", got)
	}
	if code := second.End(syscall.SIGTERM); code != program.ExitOK {
		t.Errorf("SIGTERM ended serve with %d", code)
	}

	lost := m.begin(calls)
	c.Must("mirror", "end", "--yes")
	if code, text := m.exit(lost), fmt.Sprint(lost.Stderr); code != program.ExitFailed || !strings.Contains(text, "callvault: "+ended) {
		t.Errorf("without its company it ended with %d: %s", code, text)
	}
	if got, want := c.Must("export"), origin.Must("export"); got != want {
		t.Errorf("%d bytes here, %d there", len(got), len(want))
	}
	if got := c.Must("check"); got != "" {
		t.Error(got)
	}
}
