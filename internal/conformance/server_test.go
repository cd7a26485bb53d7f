package conformance

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// patience is how long a test waits for what must happen: much longer than it
// takes on a busy machine.
const patience = time.Minute

// server is a serve that runs.
type server struct {
	t       testing.TB
	cmd     *exec.Cmd
	base    string // http://host:port
	greeted string // what it printed up to its address
	stderr  lockedBuffer
	lines   *bufio.Reader
	waiting sync.Once
	ended   atomic.Bool
}

// serve starts a server of the store on a free port. It is ended with the test.
func (c *cli) serve(args ...string) *server {
	c.t.Helper()
	return c.start(c.command(append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...))
}

func (c *cli) start(cmd *exec.Cmd) *server {
	c.t.Helper()
	s := &server{t: c.t, cmd: cmd}
	cmd.Stderr = &s.stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(s.close)
	s.lines = bufio.NewReader(stdout)
	s.base = s.find(`(?:serving \S+ at|address) +(http://\S+)`)[1]
	return s
}

// find reads what the server prints until a line matches, and returns the groups.
func (s *server) find(pattern string) []string {
	s.t.Helper()
	re := regexp.MustCompile(pattern)
	stuck := time.AfterFunc(patience, func() { s.cmd.Process.Kill() })
	defer stuck.Stop()
	for {
		line, err := s.lines.ReadString('\n')
		s.greeted += line
		if found := re.FindStringSubmatch(strings.TrimSuffix(line, "\n")); found != nil {
			return found
		}
		if err != nil {
			s.t.Fatalf("the server printed no line like %s but %q, and on standard error: %s", pattern, s.greeted, s.stderr.String())
		}
	}
}

// end sends a signal and waits; the result is the exit code, -1 when the
// signal itself ended the process.
func (s *server) end(signal os.Signal) int {
	s.t.Helper()
	if err := s.cmd.Process.Signal(signal); err != nil {
		s.t.Fatal(err)
	}
	return s.wait()
}

// terminate asks the server to end; the channel has its exit code.
func (s *server) terminate() <-chan int {
	s.t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	code := make(chan int, 1)
	go func() { code <- s.wait() }()
	return code
}

// refuses tells whether the server stops taking connections.
func (s *server) refuses() bool {
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		connection, err := net.Dial("tcp", strings.TrimPrefix(s.base, "http://"))
		if err != nil {
			return true
		}
		connection.Close()
	}
	return false
}

// wait waits for the end and returns the exit code.
func (s *server) wait() int {
	s.waiting.Do(func() {
		stuck := time.AfterFunc(patience, func() { s.cmd.Process.Kill() })
		defer stuck.Stop()
		io.Copy(io.Discard, s.lines)
		s.cmd.Wait() // what it has to say is the exit code
		s.ended.Store(true)
	})
	return s.cmd.ProcessState.ExitCode()
}

// kill ends the server as kill -9 does.
func (s *server) kill() {
	s.t.Helper()
	s.end(os.Kill)
}

// close ends a server that a test left running, and checks that it ends well
// and that nothing went wrong in it.
func (s *server) close() {
	if s.ended.Load() {
		return
	}
	if code := s.end(syscall.SIGTERM); code != exitOK {
		s.t.Errorf("the server ended with %d: %s", code, s.stderr.String())
	}
	if log := s.stderr.String(); strings.Contains(log, "level=ERROR") {
		s.t.Errorf("the server's log has errors:\n%s", log)
	}
}

// lockedBuffer is a buffer that is read while a process writes to it.
type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}
