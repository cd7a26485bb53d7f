package conformance

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Exit codes as the help says them.
const (
	exitOK      = 0
	exitFailed  = 1
	exitUsage   = 2
	exitSkipped = 3
)

// cli is the command line of a person who works in a folder with one store.
type cli struct {
	t      testing.TB
	folder string
}

func newCLI(t testing.TB) *cli { return &cli{t, t.TempDir()} }

// db is the path of the store.
func (c *cli) db() string { return filepath.Join(c.folder, "calls.db") }

// command is a run of the program that has not begun.
func (c *cli) command(args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Dir = c.folder
	cmd.Env = c.env()
	cmd.SysProcAttr = noOrphan()
	return cmd
}

// env is the surroundings without what would change the program's behaviour.
func (c *cli) env() []string {
	env := []string{"CALLVAULT_DB=" + c.db()}
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "CALLVAULT_") {
			env = append(env, variable)
		}
	}
	return env
}

// outcome is what a run came to.
type outcome struct {
	code           int
	stdout, stderr string
}

// try runs the program. The error is of the running, not of the program.
func (c *cli) try(stdin io.Reader, args ...string) (outcome, error) {
	cmd := c.command(args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &stdout, &stderr
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		err = nil
	}
	if err != nil {
		return outcome{}, err
	}
	return outcome{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}, nil
}

// run runs the program with nothing on standard input.
func (c *cli) run(args ...string) outcome {
	c.t.Helper()
	return c.pipe("", args...)
}

// pipe runs the program with a text on standard input.
func (c *cli) pipe(stdin string, args ...string) outcome {
	c.t.Helper()
	got, err := c.try(strings.NewReader(stdin), args...)
	if err != nil {
		c.t.Fatal(err)
	}
	return got
}

// must runs what has to succeed and returns its standard output.
func (c *cli) must(args ...string) string {
	c.t.Helper()
	got := c.run(args...)
	if got.code != exitOK {
		c.t.Fatalf("%q ended with %d: %s", args, got.code, got.stderr)
	}
	return got.stdout
}

// file writes a file into the folder and returns its name.
func (c *cli) file(name, content string) string {
	c.t.Helper()
	if err := os.WriteFile(filepath.Join(c.folder, name), []byte(content), 0o600); err != nil {
		c.t.Fatal(err)
	}
	return name
}

// put imports records, one a string.
func (c *cli) put(company string, records ...string) {
	c.t.Helper()
	got := c.pipe(strings.Join(records, "\n")+"\n", "import", "--company", company, "-")
	if got.code != exitOK {
		c.t.Fatalf("import ended with %d: %s", got.code, got.stderr)
	}
}

// key is what key create -o json prints.
type key struct {
	AccessKey       string `json:"accessKey"`
	AccessKeySecret string `json:"accessKeySecret"`
	Token           string `json:"token"`
}

// key makes a key.
func (c *cli) key(args ...string) key {
	c.t.Helper()
	var k key
	out := c.must(append([]string{"key", "create", "-o", "json"}, args...)...)
	if err := json.Unmarshal([]byte(out), &k); err != nil {
		c.t.Fatalf("%v in %s", err, out)
	}
	return k
}

// testdata is a file of this room.
func testdata(t testing.TB, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// tool is the path of a program that CI has and a person's machine may lack.
func tool(t testing.TB, name string) string {
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
