package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// program is a callvault to be measured.
type program struct {
	name, binary string
	store        string // a file or a URL
	manage       string // the operator's address
	*server
	kinds []kind // of pages that the server is asked for
}

// command runs the program on its store, whose URL no command line shows.
func (p *program) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, p.binary, args...)
	cmd.Env = append(os.Environ(), "CALLVAULT_DB="+p.store)
	return cmd
}

// newKey makes a key in the store and returns the header that presents it.
func (p *program) newKey(ctx context.Context) (authorization string, err error) {
	out, _, err := finish(p.command(ctx, "key", "create", "-o", "json"))
	if err != nil {
		return "", err
	}
	var key struct{ AccessKey, AccessKeySecret string }
	if err := json.NewDecoder(strings.NewReader(out)).Decode(&key); err != nil {
		return "", fmt.Errorf("key create: %w", err)
	}
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(key.AccessKey+":"+key.AccessKeySecret)), nil
}

// build builds callvault as it is released.
func build(ctx context.Context, path string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", path, "github.com/callvault/callvault/cmd/callvault")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	_, _, err := finish(cmd)
	return err
}

// finish runs a command to its end and returns what it printed, to standard output
// and then to standard error, and what it took.
func finish(cmd *exec.Cmd) (said string, c cost, err error) {
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return "", c, err
	}
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return "", c, err
	}
	// The output ends when the process does, and /proc knows it until Wait.
	out, readErr := io.ReadAll(stdout)
	written, writtenErr := written(cmd.Process.Pid)
	if err := cmd.Wait(); err != nil {
		return "", c, fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, complaint.Bytes())
	}
	c.took, c.written = time.Since(begun), written
	c.processor = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return string(out) + complaint.String(), c, errors.Join(readErr, writtenErr)
}

// server is a server in a process of its own.
type server struct {
	address string
	pid     int
	stop    func() // ends it and waits for it
}

// startServer starts a server, which prints its URL at the end of its first line
// once it accepts. Its log is written, to nowhere.
func startServer(cmd *exec.Cmd) (*server, error) {
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	stop := func() { stopServer(cmd) }
	line, err := bufio.NewReader(stdout).ReadString('\n')
	_, address, found := strings.Cut(strings.TrimSpace(line), "http://")
	if err != nil || !found {
		stop()
		return nil, fmt.Errorf("%s printed no address, but %q", strings.Join(cmd.Args, " "), line)
	}
	return &server{address, cmd.Process.Pid, stop}, nil
}

func stopServer(cmd *exec.Cmd) {
	cmd.Process.Signal(os.Interrupt)
	stuck := time.AfterFunc(answerWithin, func() { cmd.Process.Kill() })
	defer stuck.Stop()
	cmd.Wait()
}

// usage is the processor time that a running process and its children have had, in user and in
// system mode. It is an error where there is no /proc.
func usage(pid int) (sum time.Duration, err error) {
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", pid))
	if err != nil {
		return 0, err
	}
	for _, one := range append(strings.Fields(string(children)), strconv.Itoa(pid)) {
		stat, err := os.ReadFile("/proc/" + one + "/stat")
		if err != nil {
			return 0, err
		}
		used, err := processorIn(string(stat))
		if err != nil {
			return 0, err
		}
		sum += used
	}
	return sum, nil
}

// processorIn adds utime and stime, the 14th and 15th field, in hundredths of a
// second. The second field, in parentheses, may hold spaces and parentheses itself.
func processorIn(stat string) (time.Duration, error) {
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) < 13 {
		return 0, fmt.Errorf("no processor time in %q", stat)
	}
	user, userErr := strconv.ParseInt(fields[11], 10, 64)
	system, systemErr := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond, errors.Join(userErr, systemErr)
}

// spending is a turn with the processor time that a process has meanwhile.
func spending(pid int, do turn) turn {
	return func(ctx context.Context) (cost, error) {
		before, err := usage(pid)
		if err != nil {
			return cost{}, err
		}
		c, err := do(ctx)
		if err != nil {
			return cost{}, err
		}
		after, err := usage(pid)
		c.processor = after - before
		return c, err
	}
}

// written is how many bytes a process has written so far, whatever became of them.
func written(pid int) (int64, error) {
	io, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", pid))
	if err != nil {
		return 0, err
	}
	var read, written int64
	_, err = fmt.Sscanf(string(io), "rchar: %d\nwchar: %d\n", &read, &written)
	return written, err
}
