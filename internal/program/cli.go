package program

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Exit codes as the help says them.
const (
	ExitOK      = 0
	ExitFailed  = 1
	ExitUsage   = 2
	ExitSkipped = 3
)

// CLI is the command line of a person who works in a folder with one store.
type CLI struct {
	T      testing.TB
	Folder string
	DB     string // the path or URL of the store

	// Within is a command that runs the program with other rights or limits; nil
	// runs it as it is.
	Within []string
}

// New is a folder of its own, with a SQLite store that is not there yet.
func New(t testing.TB) *CLI {
	folder := t.TempDir()
	return &CLI{T: t, Folder: folder, DB: filepath.Join(folder, "calls.db")}
}

// On is a folder of its own, with a store that is elsewhere.
func On(t testing.TB, db string) *CLI { return &CLI{T: t, Folder: t.TempDir(), DB: db} }

// Command is a run of the program that has not begun.
func (c *CLI) Command(args ...string) *exec.Cmd {
	command := slices.Concat(c.Within, []string{path}, args)
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir = c.Folder
	cmd.Env = c.env()
	cmd.SysProcAttr = noOrphan()
	return cmd
}

// env is the surroundings without what would change the program's behaviour.
func (c *CLI) env() []string {
	env := []string{"CALLVAULT_DB=" + c.DB, "CALLVAULT_LISTEN=127.0.0.1:0", "CALLVAULT_MANAGE=127.0.0.1:0", "CALLVAULT_SERVE_LOG=text"}
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "CALLVAULT_") {
			env = append(env, variable)
		}
	}
	return env
}

// Outcome is what a run came to.
type Outcome struct {
	Code           int
	Stdout, Stderr string
}

// Try runs the program. The error is of the running, not of the program.
func (c *CLI) Try(stdin io.Reader, args ...string) (Outcome, error) {
	cmd := c.Command(args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &stdout, &stderr
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		err = nil
	}
	if err != nil {
		return Outcome{}, err
	}
	return Outcome{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}, nil
}

// Run runs the program with nothing on standard input.
func (c *CLI) Run(args ...string) Outcome {
	c.T.Helper()
	return c.Pipe("", args...)
}

// Pipe runs the program with a text on standard input.
func (c *CLI) Pipe(stdin string, args ...string) Outcome {
	c.T.Helper()
	got, err := c.Try(strings.NewReader(stdin), args...)
	if err != nil {
		c.T.Fatal(err)
	}
	return got
}

// Must runs what has to succeed and returns its standard output.
func (c *CLI) Must(args ...string) string {
	c.T.Helper()
	got := c.Run(args...)
	if got.Code != ExitOK {
		c.T.Fatalf("%q ended with %d: %s", args, got.Code, got.Stderr)
	}
	return got.Stdout
}

// File writes a File into the folder and returns its name.
func (c *CLI) File(name, content string) string {
	c.T.Helper()
	if err := os.WriteFile(filepath.Join(c.Folder, name), []byte(content), 0o600); err != nil {
		c.T.Fatal(err)
	}
	return name
}

// Put imports records, one a string.
func (c *CLI) Put(company string, records ...string) {
	c.T.Helper()
	got := c.Pipe(strings.Join(records, "\n")+"\n", "import", "--company", company, "-")
	if got.Code != ExitOK {
		c.T.Fatalf("import ended with %d: %s", got.Code, got.Stderr)
	}
}

// Key is what Key create -o json prints.
type Key struct {
	AccessKey       string `json:"accessKey"`
	AccessKeySecret string `json:"accessKeySecret"`
	Token           string `json:"token"`
}

// Key makes a Key.
func (c *CLI) Key(args ...string) Key {
	c.T.Helper()
	var k Key
	out := c.Must(append([]string{"key", "create", "-o", "json"}, args...)...)
	if err := json.Unmarshal([]byte(out), &k); err != nil {
		c.T.Fatalf("%v in %s", err, out)
	}
	return k
}

// Count is how many calls the store has, 0 when there is none yet.
func (c *CLI) Count() int {
	c.T.Helper()
	got := c.Run("export")
	if got.Code != ExitOK && !strings.Contains(got.Stderr, "there is no ") && !strings.Contains(got.Stderr, "has no calls yet") {
		c.T.Fatalf("%+v", got)
	}
	return strings.Count(got.Stdout, "\n")
}

// Begin starts the program with a pipe as its standard output. What it writes to standard
// error is the text of the command's Stderr.
func (c *CLI) Begin(stdin *os.File, args ...string) (*exec.Cmd, *bufio.Reader, error) {
	cmd := c.Command(args...)
	if stdin != nil { // a nil *os.File in the interface would not be nil
		cmd.Stdin = stdin
	}
	cmd.Stderr = new(lockedBuffer)
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

// Tool is the path of a program that CI has and a person's machine may lack.
func Tool(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal(err)
	}
	if err != nil {
		t.Skipf("there is no %s here", name)
	}
	return path
}
