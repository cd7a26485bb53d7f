//go:build unix

package program_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault/internal/program"
)

// drafts are the files in a folder that were begun, and those beside them.
func drafts(t testing.TB, folder string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, ".callvault-*"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// What an export and a backup that are killed (kill -9) have left is removed by the
// next command that writes in that folder, whichever it is and whatever it writes.
func TestKilledDrafts(t *testing.T) {
	c := program.New(t)
	fillStore(c, 5000)
	for _, killed := range [][]string{{"export", "killed.csv"}, {"backup", "killed.db"}} {
		for _, next := range [][]string{{"export", "--force", "next.ndjson.gz"}, {"export", "--force", "--from", "2026", "next.json"}, {"backup", "next.db"}, {"restore", "--db", "restored.db", "next.db"}, {"check"}} {
			killWriting(c, killed...)
			c.Must(next...)
			if left := drafts(t, c.Folder); len(left) > 0 {
				t.Errorf("%s was killed, and after %q are left %q", killed, next, left)
			}
			if _, err := os.Stat(filepath.Join(c.Folder, killed[1])); err == nil {
				t.Errorf("%s was killed and there is its file", killed)
			}
		}
		for _, name := range []string{"next.db", "restored.db"} {
			if err := os.Remove(filepath.Join(c.Folder, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// killWriting kills a command when it has begun its file. One that was faster is
// run again.
func killWriting(c *program.CLI, args ...string) {
	t := c.T
	t.Helper()
	for deadline := time.Now().Add(program.Patience); time.Now().Before(deadline); {
		cmd := c.Command(args...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() {
			cmd.Wait() // what it came to is seen by its file
			close(ended)
		}()
		for isRunning := true; isRunning; {
			select {
			case <-ended:
				isRunning = false
			default:
				if parts, _ := filepath.Glob(filepath.Join(c.Folder, ".callvault-*.part")); len(parts) > 0 {
					cmd.Process.Kill()
					<-ended
					isRunning = false
				}
			}
		}
		name := filepath.Join(c.Folder, args[1])
		if _, err := os.Stat(name); err != nil {
			return
		}
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	t.Fatalf("%q was never killed before its file was there", args)
}

// What is being written stays, whatever others write in its folder meanwhile; when
// its writer is killed it is removed.
func TestRunningDraftStays(t *testing.T) {
	c := program.New(t)
	fillStore(c, 1)
	asked, answer := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next := `,"cursor":"second"`
		if r.URL.Query().Get("cursor") != "" {
			asked <- struct{}{}
			select {
			case <-answer:
			case <-r.Context().Done():
			}
			next = ""
		}
		fmt.Fprintf(w, `{"requestId":"1","records":{"totalRecords":2,"currentPageSize":1,"currentPageNumber":0%s},"calls":[{"id":"%d","started":"2026-01-05T09:00:00Z"}]}`, next, len(next))
	}))
	defer server.Close()
	for _, file := range []string{"whole.ndjson", "killed.ndjson"} {
		cmd := c.Command("export", "--url", server.URL, "--from", "2026-01-01", "--to", "2026-02-01", file)
		cmd.Env = append(cmd.Env, "CALLVAULT_TOKEN=token")
		var said strings.Builder
		cmd.Stderr = &said
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		<-asked
		running := drafts(t, c.Folder)
		for _, args := range [][]string{{"export", "--force", "beside.csv"}, {"backup", file + ".db"}, {"check"}} {
			c.Must(args...)
		}
		if got := drafts(t, c.Folder); len(running) != 2 || !slices.Equal(got, running) {
			t.Errorf("%q were being written, and there are %q", running, got)
		}
		if file == "killed.ndjson" {
			cmd.Process.Kill()
			cmd.Wait()
			c.Must("export", "--force", "beside.csv")
		} else {
			close(answer)
			if err := cmd.Wait(); err != nil {
				t.Errorf("%v: %s", err, said.String())
			}
			answer = make(chan struct{})
		}
		if got := drafts(t, c.Folder); len(got) > 0 {
			t.Errorf("%q are left", got)
		}
		content, _ := os.ReadFile(filepath.Join(c.Folder, file))
		if want := map[string]int{"whole.ndjson": 2}[file]; strings.Count(string(content), "\n") != want {
			t.Errorf("%s has %q", file, content)
		}
	}
}
