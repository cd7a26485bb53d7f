package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// build builds the program that is measured as it is released.
func build(ctx context.Context, path string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", path, "github.com/callvault/callvault/cmd/callvault")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	_, err := output(cmd)
	return err
}

// output runs a command to its end; its error has what the command complained of.
func output(cmd *exec.Cmd) ([]byte, error) {
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, complaint.Bytes())
	}
	return out, nil
}

// callvault is a run of the program on a store, whose URL no command line shows.
func (b *bench) callvault(ctx context.Context, db string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, b.binary, args...)
	cmd.Env = append(os.Environ(), dbVariable+"="+db)
	return cmd
}

// dbVariable names the store to the program.
const dbVariable = "CALLVAULT_DB"

// newKey makes a key in a store and returns the header that presents it.
func (b *bench) newKey(ctx context.Context, db string) (authorization string, err error) {
	out, err := output(b.callvault(ctx, db, "key", "create", "-o", "json"))
	if err != nil {
		return "", err
	}
	var key struct{ AccessKey, AccessKeySecret string }
	if err := json.Unmarshal(out, &key); err != nil {
		return "", fmt.Errorf("key create: %w", err)
	}
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(key.AccessKey+":"+key.AccessKeySecret)), nil
}

// server is a server in a process of its own.
type server struct {
	address string
	ready   time.Duration // from its start until it printed the address
	pid     int
	cmd     *exec.Cmd
}

// startServer starts a server by a command, which prints its URL at the end of
// its first line once it accepts. The log of its requests is written, to nowhere.
func startServer(ctx context.Context, cmd *exec.Cmd) (*server, error) {
	line := &firstLine{found: make(chan string, 1)}
	cmd.Stdout = line
	s := &server{cmd: cmd}
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s.pid = cmd.Process.Pid
	select {
	case text := <-line.found:
		s.ready = time.Since(begun)
		_, s.address, _ = strings.Cut(text, "http://")
	case <-time.After(answerWithin):
	case <-ctx.Done():
	}
	if s.address == "" {
		s.stop()
		return nil, fmt.Errorf("%s printed no address", strings.Join(cmd.Args, " "))
	}
	return s, nil
}

// stopWithin is how long a server may take to end before it is killed.
const stopWithin = 10 * time.Second

// stop ends the process and waits for it.
func (s *server) stop() {
	s.cmd.Process.Signal(os.Interrupt)
	stuck := time.AfterFunc(stopWithin, func() { s.cmd.Process.Kill() })
	defer stuck.Stop()
	s.cmd.Wait()
}

// firstLine passes on the first line that is written to it.
type firstLine struct {
	line  []byte
	once  sync.Once
	found chan string
}

func (f *firstLine) Write(p []byte) (int, error) {
	f.line = append(f.line, p...)
	if line, _, whole := bytes.Cut(f.line, []byte("\n")); whole {
		f.once.Do(func() { f.found <- string(line) })
		f.line = f.line[:0]
	}
	return len(p), nil
}

// serve starts callvault on a store, with everything switched on but the limit.
func (b *bench) serve(ctx context.Context, db string, flags ...string) (*server, error) {
	args := append([]string{"serve", "--listen", "127.0.0.1:0", "--manage", "off", "--limit", "off"}, flags...)
	return startServer(ctx, b.callvault(ctx, db, args...))
}

// itself is a run of this program as one of the processes that it starts.
func itself(ctx context.Context, args ...string) (*exec.Cmd, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return exec.CommandContext(ctx, program, args...), nil
}
