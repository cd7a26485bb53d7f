package program

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

// Patience is how long a test waits for what must happen: much longer than it
// takes on a busy machine.
const Patience = time.Minute

// Server is a serve that runs.
type Server struct {
	T       testing.TB
	Cmd     *exec.Cmd
	Base    string // http://host:port
	Greeted string // what it printed up to its address
	Stderr  lockedBuffer
	lines   *bufio.Reader
	manage  string
	waiting sync.Once
	ended   atomic.Bool
}

// Serve starts a server of the store on a free port. It is ended with the test.
func (c *CLI) Serve(args ...string) *Server {
	c.T.Helper()
	return c.Start(c.Command(append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...))
}

// Start starts a server by a command of its own.
func (c *CLI) Start(cmd *exec.Cmd) *Server {
	c.T.Helper()
	s := &Server{T: c.T, Cmd: cmd}
	cmd.Stderr = &s.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		c.T.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		c.T.Fatal(err)
	}
	c.T.Cleanup(s.close)
	s.lines = bufio.NewReader(stdout)
	s.Base = s.Find(`(?:serving \S+ at|  API) +(http://\S+)`)[1]
	return s
}

// Manage is the URL of the operator's listener, which is printed after all else.
func (s *Server) Manage() string {
	s.T.Helper()
	if s.manage == "" {
		s.manage = s.Find(`web page, health and metrics at (http\S+)`)[1]
	}
	return s.manage
}

// Find reads what the server prints until a line matches, and returns the groups.
func (s *Server) Find(pattern string) []string {
	s.T.Helper()
	re := regexp.MustCompile(pattern)
	stuck := time.AfterFunc(Patience, func() { s.Cmd.Process.Kill() })
	defer stuck.Stop()
	for {
		line, err := s.lines.ReadString('\n')
		s.Greeted += line
		if found := re.FindStringSubmatch(strings.TrimSuffix(line, "\n")); found != nil {
			return found
		}
		if err != nil {
			s.T.Fatalf("the server printed no line like %s but %q, and on standard error: %s", pattern, s.Greeted, s.Stderr.String())
		}
	}
}

// End sends a signal and waits; the result is the exit code, -1 when the
// signal itself ended the process.
func (s *Server) End(signal os.Signal) int {
	s.T.Helper()
	if err := s.Cmd.Process.Signal(signal); err != nil {
		s.T.Fatal(err)
	}
	return s.Wait()
}

// Terminate asks the server to end; the channel has its exit code.
func (s *Server) Terminate() <-chan int {
	s.T.Helper()
	if err := s.Cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.T.Fatal(err)
	}
	code := make(chan int, 1)
	go func() { code <- s.Wait() }()
	return code
}

// Refuses tells whether the server stops taking connections.
func (s *Server) Refuses() bool {
	deadline := time.Now().Add(Patience)
	for time.Now().Before(deadline) {
		connection, err := net.Dial("tcp", strings.TrimPrefix(s.Base, "http://"))
		if err != nil {
			return true
		}
		connection.Close()
	}
	return false
}

// Wait waits for the end and returns the exit code.
func (s *Server) Wait() int {
	s.waiting.Do(func() {
		stuck := time.AfterFunc(Patience, func() { s.Cmd.Process.Kill() })
		defer stuck.Stop()
		io.Copy(io.Discard, s.lines)
		s.Cmd.Wait() // what it has to say is the exit code
		s.ended.Store(true)
	})
	return s.Cmd.ProcessState.ExitCode()
}

// Kill ends the server as Kill -9 does.
func (s *Server) Kill() {
	s.T.Helper()
	s.End(os.Kill)
}

// close ends a server that a test left running, and checks that it ends well
// and that nothing went wrong in it.
func (s *Server) close() {
	if s.ended.Load() {
		return
	}
	if code := s.End(syscall.SIGTERM); code != ExitOK {
		s.T.Errorf("the server ended with %d: %s", code, s.Stderr.String())
	}
	if log := s.Stderr.String(); strings.Contains(log, "level=ERROR") || strings.Contains(log, `"level":"ERROR"`) {
		s.T.Errorf("the server's log has errors:\n%s", log)
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
