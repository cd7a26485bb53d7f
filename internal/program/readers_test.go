//go:build unix

package program_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/callvault/callvault/internal/program"
)

// block is a block of code of a page: the first of a language after a text.
func block(t *testing.T, page, after, language string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", "docs", page))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(content), after)
	_, code, fenced := strings.Cut(rest, "\n```"+language+"\n")
	code, _, closed := strings.Cut(code, "\n```\n")
	if !found || !fenced || !closed {
		t.Fatalf("docs/%s has no block of %s after %q", page, language, after)
	}
	return code + "\n"
}

// pageReader is a reader of docs/feed.md, in a folder of its own.
type pageReader struct {
	folder  string
	command []string
	read    func(folder string) (map[string]string, error) // the documents that it has, by id
}

// pageReaders are the three, ready to run.
func pageReaders(t *testing.T) map[string]*pageReader {
	t.Helper()
	for _, tool := range []string{"sh", "curl", "jq", "sqlite3"} {
		program.Tool(t, tool)
	}
	write := func(folder, name, code string) {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(code), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	shell, table, goFolder := t.TempDir(), t.TempDir(), t.TempDir()
	loop := block(t, "feed.md", "**A shell loop**", "sh")
	write(shell, "follow.sh", loop)
	write(table, "follow.sh", loop)
	write(table, "table.sh", block(t, "feed.md", "**A table in SQL.**", "sh"))
	write(goFolder, "main.go", block(t, "feed.md", "**A Go program**", "go"))
	built := filepath.Join(goFolder, "reader")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", built, filepath.Join(goFolder, "main.go")).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return map[string]*pageReader{
		"shell": {shell, []string{"sh", "-eu", "follow.sh"}, readFiles},
		"SQL":   {table, []string{"sh", "-eu", "follow.sh"}, readTable},
		"Go":    {goFolder, []string{built}, readJSON},
	}
}

// readFiles reads a file for each call.
func readFiles(folder string) (map[string]string, error) {
	calls := make(map[string]string)
	names, err := filepath.Glob(filepath.Join(folder, "calls", "*.json"))
	for _, name := range names {
		content, readErr := os.ReadFile(name)
		if readErr == nil { // else it is gone again
			calls[strings.TrimSuffix(filepath.Base(name), ".json")] = strings.TrimSpace(string(content))
		}
	}
	return calls, err
}

// readTable reads the table of sqlite3.
func readTable(folder string) (map[string]string, error) {
	calls := make(map[string]string)
	cmd := exec.Command("sqlite3", "-cmd", ".timeout 10000", "calls.sqlite", "SELECT id || ' ' || document FROM calls")
	cmd.Dir = folder
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		id, document, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		calls[id] = document
	}
	return calls, nil
}

// readJSON reads the one file of the Go program.
func readJSON(folder string) (map[string]string, error) {
	content, err := os.ReadFile(filepath.Join(folder, "table.json"))
	if err != nil {
		return nil, err
	}
	var table struct{ Calls map[string]json.RawMessage }
	if err := json.Unmarshal(content, &table); err != nil {
		return nil, err
	}
	calls := make(map[string]string)
	for id, call := range table.Calls {
		calls[id] = string(call)
	}
	return calls, nil
}

// run starts the reader. Kill ends it with all that it has started.
func (r *pageReader) run(t *testing.T, env []string) (kill func(), said *bytes.Buffer) {
	t.Helper()
	cmd := exec.Command(r.command[0], r.command[1:]...)
	cmd.Dir, cmd.Env = r.folder, append(os.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	said = new(bytes.Buffer)
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { cmd.Wait(); close(ended) }()
	kill = sync.OnceFunc(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-ended
	})
	t.Cleanup(kill)
	return kill, said
}

// The readers of the page, killed at random moments while the store changes, end with what an
// export has.
func TestReadersOfThePage(t *testing.T) {
	t.Parallel()
	readers := pageReaders(t)
	c := program.New(t)
	c.Put("default", retitled(1, 50, 0)...)
	key := c.Key()
	s := c.Serve("--rate-limit", "off")
	env := []string{"API=" + s.Base, "CALLVAULT_ACCESS_KEY=" + key.AccessKey, "CALLVAULT_ACCESS_KEY_SECRET=" + key.AccessKeySecret}
	random := chance(t, 0)
	for round := range times(4, 40) {
		kills := make(map[string]func())
		for name, r := range readers {
			kills[name], _ = r.run(t, env)
		}
		for range 1 + random.IntN(3) {
			importSome(c, random, round)
		}
		for _, kill := range kills {
			kill()
		}
	}
	want := make(map[string]string)
	for line := range strings.Lines(c.Must("export")) {
		var call struct{ ID string }
		if err := json.Unmarshal([]byte(line), &call); err != nil {
			t.Fatal(err)
		}
		want[call.ID] = strings.TrimSuffix(line, "\n")
	}
	for name, r := range readers {
		kill, said := r.run(t, env)
		t.Cleanup(func() {
			if t.Failed() {
				kill()
				got, err := r.read(r.folder)
				t.Logf("%s: %d calls of %d, %v; it said %s", name, len(got), len(want), err, said)
			}
		})
		waitUntil(t, name+" has all calls", func() bool {
			got, err := r.read(r.folder)
			return err == nil && maps.Equal(got, want)
		})
		kill()
		if text := said.String(); text != "" {
			t.Errorf("%s said %s", name, text)
		}
	}
}

// importSome changes some calls and deletes one.
func importSome(c *program.CLI, random *rand.Rand, round int) {
	c.T.Helper()
	c.Put("default", retitled(1+random.IntN(200), 40, round+1)...)
	id := fmt.Sprint(1 + random.IntN(240))
	if got := c.Run("delete", "--yes", "--id", id); got.Code != program.ExitOK && !strings.Contains(got.Stderr, "not found") {
		c.T.Errorf("%+v", got)
	}
}
