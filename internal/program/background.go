package program

import (
	"bufio"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// WaitForSize waits until the store's files have a size together, or the
// program has ended. Nothing else tells how far a transaction has come.
func (c *CLI) WaitForSize(size int64, ended <-chan struct{}) {
	glances := time.NewTicker(time.Millisecond)
	defer glances.Stop()
	stuck := time.After(Patience)
	for c.Size() < size {
		select {
		case <-glances.C:
		case <-ended:
			return
		case <-stuck:
			return
		}
	}
}

// Begin starts the program with a pipe as its standard output.
func (c *CLI) Begin(stdin *os.File, args ...string) (*exec.Cmd, *bufio.Reader, error) {
	cmd := c.Command(args...)
	if stdin != nil { // a nil *os.File in the interface would not be nil
		cmd.Stdin = stdin
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	c.T.Cleanup(func() { cmd.Process.Kill() })
	return cmd, bufio.NewReader(stdout), nil
}

// CommittedLine reads an acknowledgement and returns its line number, 0 when
// there is none any more. Half a line acknowledges nothing.
func CommittedLine(out *bufio.Reader) int {
	text, err := out.ReadString('\n')
	text, isCommit := strings.CutPrefix(strings.TrimSuffix(text, "\n"), "committed ")
	line, notNumber := strconv.Atoi(text[strings.LastIndexByte(text, ':')+1:])
	if err != nil || !isCommit || notNumber != nil {
		return 0
	}
	return line
}

// Size is how many bytes the store's files have together.
func (c *CLI) Size() (size int64) {
	for _, suffix := range []string{"", "-wal"} {
		if info, err := os.Stat(c.DB + suffix); err == nil {
			size += info.Size()
		}
	}
	return size
}

// Count is how many calls the store has, 0 when there is none yet.
func (c *CLI) Count() int {
	c.T.Helper()
	got := c.Run("export")
	if got.Code != ExitOK && !strings.Contains(got.Stderr, "there is no ") {
		c.T.Fatalf("%+v", got)
	}
	return strings.Count(got.Stdout, "\n")
}
