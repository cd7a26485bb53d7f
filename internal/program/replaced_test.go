//go:build unix

package program_test

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/callvault/callvault/internal/program"
)

// moveStore moves a store away, with the files beside it.
func moveStore(t testing.TB, from, to string) {
	t.Helper()
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Rename(from+suffix, to+suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
}

// replacement is what is done to a store, and what is said then.
type replacement struct {
	name string
	do   func(c *program.CLI, backup string)
	want string
	left int // calls at the store's path
}

// replacements are those of a store of which there is a backup with 500 calls. A server may
// look before the other file is there.
var replacements = []replacement{
	{"moved and restored", func(c *program.CLI, backup string) {
		moveStore(c.T, c.DB, c.DB+".old")
		c.Must("restore", backup)
	}, "/calls.db was ", 500},
	{"removed and restored", func(c *program.CLI, backup string) {
		for _, suffix := range []string{"", "-wal", "-shm"} {
			if err := os.Remove(c.DB + suffix); err != nil {
				c.T.Error(err)
			}
		}
		c.Must("restore", backup)
	}, "/calls.db was ", 500},
	{"moved and imported", func(c *program.CLI, _ string) {
		moveStore(c.T, c.DB, c.DB+".old")
		if got := c.Pipe(recordsFrom(1, 500), "import", "-"); got.Code != program.ExitOK {
			c.T.Errorf("%+v", got)
		}
	}, "/calls.db was ", 500},
	{"moved", func(c *program.CLI, _ string) { moveStore(c.T, c.DB, c.DB+".old") }, "calls.db was moved or removed; start again", 0}, // where a key makes another one
	{"a copy in its place", func(c *program.CLI, _ string) {
		content, err := os.ReadFile(c.DB)
		if err = errors.Join(err, os.WriteFile(c.DB+".copy", content, 0o600), os.Rename(c.DB+".copy", c.DB)); err != nil {
			c.T.Error(err)
		}
	}, "calls.db was replaced by another file; start again", 3000}, // by its log
	{"without its log", func(c *program.CLI, _ string) {
		if err := errors.Join(os.Remove(c.DB+"-wal"), os.Remove(c.DB+"-shm")); err != nil {
			c.T.Error(err)
		}
	}, "calls.db-wal was moved or removed; end everything that has", 3000},
}

// The files of a store are replaced while it is served. Within the time that a key may be
// let in after it was revoked every request is answered with 500, whatever its key, until
// the server is started again; no page is mixed of two stores. The log says so in one
// line, and /readyz, doctor, the page and the metrics do.
func TestReplacedWhileServed(t *testing.T) {
	t.Parallel()
	for _, r := range replacements {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			c := program.New(t)
			fillStore(c, 500)
			backup := beside(t, "backup")
			c.Must("backup", backup)
			c.Put("default", recordsFrom(501, 2500))
			key := c.Key()
			s := c.Serve("--rate-limit", "gong")
			client := s.As(key)
			first := client.Page(program.Everything().Encode())
			if first.Records.TotalRecords != 3000 {
				t.Fatalf("%d calls are served", first.Records.TotalRecords)
			}
			r.do(c, backup)
			waitUntil(t, "the server notices", func() bool {
				a := client.Get(program.WithCursor(program.Everything(), first))
				if a.Status == http.StatusOK && !strings.Contains(a.Body, `"totalRecords":3000,`) {
					t.Errorf("a page of another store: %.200s", a.Body)
				}
				return a.Status == http.StatusInternalServerError
			})
			var after program.Key // of what is there now
			if got := c.Run("key", "create", "-o", "json"); got.Code == program.ExitOK {
				after.AccessKey, after.AccessKeySecret = fieldOf(got.Stdout, "accessKey"), fieldOf(got.Stdout, "accessKeySecret")
			} else {
				after = program.Key{AccessKey: "NONE", AccessKeySecret: "none"}
			}
			for _, one := range []program.Key{key, after} {
				for _, query := range []string{program.Everything().Encode(), "", "fromDateTime=x"} {
					program.WantErrors(t, s.As(one).Get(query), http.StatusInternalServerError, "An error has occurred")
				}
			}
			status, line := operator(t, s.Manage()+"/readyz")
			if status != http.StatusServiceUnavailable || line != "the store was replaced while it was open; start serve again\n" {
				t.Errorf("/readyz: %d %q", status, line)
			}
			if status, body := operator(t, s.Manage()+"/api/view"); status != http.StatusServiceUnavailable {
				t.Errorf("the page: %d %.200s", status, body)
			}
			if _, body := operator(t, s.Manage()+"/metrics"); !strings.Contains(body, "\ncallvault_store_up 0\n") {
				t.Error("by its metrics the store is up")
			}
			if got := c.Run("doctor", "--manage", strings.TrimPrefix(s.Manage(), "http://")); got.Code != program.ExitFailed {
				t.Errorf("doctor: %+v", got)
			}
			if code := s.End(syscall.SIGTERM); code != program.ExitFailed && code != program.ExitOK {
				t.Errorf("the server ended with %d", code)
			}
			if n := strings.Count(s.Stderr.String(), `msg="every request gets a 500 until serve is started again"`); n != 1 || !strings.Contains(s.Stderr.String(), r.want) {
				t.Errorf("%d lines in\n%.2000s", n, s.Stderr.String())
			}
			soundAfter(c, r.left)
		})
	}
}

// So it is with a server that only reads.
func TestReplacedWhileServedReadOnly(t *testing.T) {
	t.Parallel()
	c := program.New(t)
	key := fillStore(c, 500)
	s := c.Serve("--read-only")
	client := s.As(key)
	if got := len(client.Walk(program.Everything())); got != 500 {
		t.Fatalf("%d calls are served", got)
	}
	moveStore(t, c.DB, c.DB+".old")
	waitUntil(t, "the server notices", func() bool { return client.Get("").Status == http.StatusInternalServerError })
	s.Kill() // its log is complete then
	if log := s.Stderr.String(); strings.Count(log, `msg="every request gets a 500 until serve is started again"`) != 1 {
		t.Errorf("the log has\n%.2000s", log)
	}
}

// soundAfter checks that what is at the store's path, and what was moved away, can be
// used once the server has ended: nothing of either is lost.
func soundAfter(c *program.CLI, left int) {
	c.T.Helper()
	for path, calls := range map[string]int{c.DB: left, c.DB + ".old": 3000} {
		if _, err := os.Stat(path); err != nil {
			continue // it was not moved
		}
		of := *c
		of.DB = path
		if got := of.Run("check"); got.Code != program.ExitOK {
			c.T.Errorf("check of %s: %+v", filepath.Base(path), got)
		}
		if n := of.Count(); n != calls {
			c.T.Errorf("%s has %d calls, want %d", filepath.Base(path), n, calls)
		}
	}
}

// operator asks the operator's listener.
func operator(t testing.TB, url string) (status int, body string) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Error(err)
	}
	return response.StatusCode, string(text)
}

// Where the log was removed under a server nothing begins a new one: no command
// acknowledges what the server would write over, and when it has ended nothing is lost.
func TestLogRemovedWhileServed(t *testing.T) {
	t.Parallel()
	c := program.New(t)
	fillStore(c, 500)
	s := c.Serve()
	c.Put("default", recordsFrom(501, 10)) // in the log
	exported := c.Must("export")
	if err := errors.Join(os.Remove(c.DB+"-wal"), os.Remove(c.DB+"-shm")); err != nil {
		t.Fatal(err)
	}
	var commands sync.WaitGroup // each waits for a log that may be on its way
	for _, args := range [][]string{{"import", "-"}, {"key", "create"}, {"delete", "--yes", "--id", "1"}, {"check", "--repair"}, {"export"}, {"backup", "backup"}} {
		commands.Go(func() {
			fails(c, "calls.db-wal", "was removed while another process has "+c.DB+" open; end that process, then run this again", recordsFrom(1000, 1), args...)
		})
	}
	commands.Wait()
	if code := s.End(syscall.SIGTERM); code != program.ExitOK && code != program.ExitFailed {
		t.Errorf("the server ended with %d: %s", code, s.Stderr.String())
	}
	sound(c, exported)
	if got := c.Pipe(recordsFrom(1000, 1), "import", "-"); got.Code != program.ExitOK {
		t.Errorf("after all: %+v", got)
	}
}

// The files are replaced under a command that has begun to write: what it commits from
// then on it does not acknowledge.
func TestReplacedWhileImported(t *testing.T) {
	t.Parallel()
	for _, r := range replacements {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			c := program.New(t)
			fillStore(c, 500)
			backup := beside(t, "backup")
			c.Must("backup", backup)
			in, out, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer out.Close()
			cmd := c.Command("import", "-")
			var stderr strings.Builder
			cmd.Stdin, cmd.Stderr = in, &stderr
			stdout, err := cmd.StdoutPipe()
			if err == nil {
				err = cmd.Start()
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { cmd.Process.Kill() })
			in.Close()
			lines := bufio.NewReader(stdout)
			write := func(first int) {
				if _, err := out.WriteString(recordsFrom(first, 10)); err != nil {
					t.Error(err)
				}
			}
			write(501)
			if line, err := lines.ReadString('\n'); !strings.HasPrefix(line, "committed ") {
				t.Fatalf("%q, %v, %s", line, err, stderr.String())
			}
			r.do(c, backup)
			write(1000)
			out.Close()
			line, _ := lines.ReadString('\n')
			cmd.Wait() // the code says how
			if line != "" || cmd.ProcessState.ExitCode() != program.ExitFailed || !strings.Contains(stderr.String(), "the store was replaced while it was open: ") || !strings.Contains(stderr.String(), r.want) ||
				!strings.Contains(stderr.String(), "; import everything again, ") || strings.Contains(stderr.String(), "kept so far:") {
				t.Errorf("%q, code %d: %s", line, cmd.ProcessState.ExitCode(), stderr.String())
			}
		})
	}
}

// Doctor asks the server which store it has.
func TestDoctorAsksTheServer(t *testing.T) {
	c := program.New(t)
	fillStore(c, 500)
	s := c.Serve()
	at := strings.TrimPrefix(s.Manage(), "http://")
	args := []string{"--listen", "127.0.0.1:0", "--manage", at}
	wantDiagnosis(c, program.ExitOK, args, "ok server the server at "+at+" has this store open")
	moveStore(t, c.DB, c.DB+".old")
	wantDiagnosis(c, program.ExitFailed, args, "wrong store there is no store at ",
		"wrong server the server at "+at+" is not ready: the store was replaced while it was open; put the store back in place, then start serve again")
	fillStore(c, 500)
	wantDiagnosis(c, program.ExitFailed, args, "wrong server the server at "+at+" is not ready: the store was replaced while it was open; start serve again")
	s.Kill()

	other := program.New(t)
	fillStore(other, 1)
	s = other.Serve()
	at = strings.TrimPrefix(s.Manage(), "http://")
	wantDiagnosis(c, program.ExitFailed, []string{"--listen", "127.0.0.1:0", "--manage", at},
		"wrong server the server at "+at+" has another store open; run doctor with the --db of that serve; ")
}
