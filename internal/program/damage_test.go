//go:build unix

package program_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/callvault/callvault/internal/program"
)

const pageSize = 16 << 10 // of a store's file

// overwrite makes a page of a file garbage.
func overwrite(t testing.TB, path string, at int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(bytes.Repeat([]byte{0xA5}, pageSize), at); err != nil {
		t.Fatal(err)
	}
}

// A store whose beginning is overwritten is not opened, and not touched.
func TestOverwrittenHeader(t *testing.T) {
	c := program.New(t)
	fillStore(c, 500)
	overwrite(t, c.DB, 0)
	damaged, err := os.ReadFile(c.DB)
	if err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	for _, args := range [][]string{
		{"import", "-"}, {"delete", "--yes", "--id", "1"}, {"key", "create"}, {"key", "list"}, {"export"}, {"check"}, {"check", "--repair"}, {"serve"},
		{"backup", out + "/backup"}, {"copy", "--from", c.DB, "--to", out + "/copy.db"}, {"restore", "--db", out + "/restored.db", c.DB},
	} {
		fails(c, "calls.db", "it is not a SQLite file, or its beginning was overwritten", recordsFrom(1000, 1), args...)
	}
	only(t, out)
	if after, err := os.ReadFile(c.DB); err != nil || !bytes.Equal(after, damaged) {
		t.Errorf("the file was changed, %v", err)
	}
}

// A store that is overwritten or cut off in the middle: what meets the damage
// says so and names the file, what writes the calls elsewhere writes nothing
// under its name, and a server answers with what is right or with an error.
func TestDamagedFile(t *testing.T) {
	c := program.New(t)
	key := fillStore(c, 3000)
	whole, err := os.ReadFile(c.DB)
	if err != nil {
		t.Fatal(err)
	}
	pages := len(whole) / pageSize
	exported := c.Must("export")
	random := rand.New(rand.NewPCG(1, 0))
	answers := make(map[int]int)
	for i := range times(3, 60) {
		if err := os.WriteFile(c.DB, whole, 0o600); err != nil {
			t.Fatal(err)
		}
		s := c.Serve("--rate-limit", "off")
		page := 1 + random.IntN(pages-1)
		if i%3 == 0 {
			if err := os.Truncate(c.DB, int64(page)*pageSize); err != nil {
				t.Fatal(err)
			}
		} else {
			overwrite(t, c.DB, int64(page)*pageSize)
		}
		readDamaged(s.As(key), exported, answers)
		s.End(syscall.SIGTERM)
		runDamaged(c, exported, page)
	}
	t.Logf("answers of servers on damaged stores, by status: %v", answers)
	if err := os.WriteFile(c.DB, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	sound(c, exported)
}

// readDamaged reads pages all over a store that is damaged.
func readDamaged(c *program.Client, exported string, answers map[int]int) {
	c.T.Helper()
	for day := 1; day <= 3; day++ {
		a := c.Get(program.Between(fmt.Sprintf("2026-03-0%dT00:00:00Z", day), fmt.Sprintf("2026-03-0%dT12:00:00Z", day)).Encode())
		answers[a.Status]++
		switch a.Status {
		case http.StatusOK:
			_, calls, _ := strings.Cut(strings.TrimSuffix(a.Body, "]}"), `"calls":[`)
			if calls = strings.ReplaceAll(calls, "},{", "}\n{"); !strings.Contains(exported, calls) {
				c.T.Errorf("a page is not what was put in: %.300s", calls)
			}
		case http.StatusInternalServerError:
			program.ErrorsOf(c.T, a)
		default:
			c.T.Errorf("status %d: %s", a.Status, a.Body)
		}
	}
}

// runDamaged runs commands on a store of which a page is damaged.
func runDamaged(c *program.CLI, exported string, page int) {
	c.T.Helper()
	out := c.T.TempDir()
	for _, args := range [][]string{
		{"check"}, {"export"}, {"backup", out + "/backup"}, {"copy", "--from", c.DB, "--to", out + "/copy.db"}, {"key", "list"}, {"key", "create"},
		{"import", "-"}, {"delete", "--yes", "--id", "1500"},
	} {
		got := c.Pipe(recordsFrom(10_000, 100), args...)
		switch {
		case got.Code != program.ExitOK && got.Code != program.ExitFailed || strings.Contains(got.Stderr, "goroutine "):
			c.T.Errorf("page %d: %v crashed: %+v", page, args, got)
		case got.Code == program.ExitFailed && args[0] != "check" && !strings.Contains(got.Stderr, "calls.db") && !strings.Contains(got.Stderr, "there is no company") && !strings.Contains(got.Stderr, "has no calls yet"):
			c.T.Errorf("page %d: %v does not name the file: %s", page, args, got.Stderr)
		case got.Code == program.ExitOK && args[0] == "export" && got.Stdout != exported:
			c.T.Errorf("page %d: an export that succeeded is not what was put in", page)
		case got.Code == program.ExitOK && args[0] == "check":
			c.T.Errorf("page %d: check finds nothing", page)
		}
		if _, err := os.Stat(out + "/backup"); args[0] == "backup" && (err == nil) != (got.Code == program.ExitOK) {
			c.T.Errorf("page %d: a backup that ended with %d is there: %v", page, got.Code, err == nil)
		}
	}
}

// A store whose log is cut off or overwritten is the store as it was after one of
// the commits, whole, and goes on from there.
func TestDamagedLog(t *testing.T) {
	c := program.New(t)
	fillStore(c, 500)
	states := map[string]bool{c.Must("export"): true}
	s := c.Serve() // the log is folded into the file when the last process ends
	for batch := range 5 {
		if got := c.Pipe(recordsFrom(10_000*(batch+1), 100), "import", "-"); got.Code != program.ExitOK {
			t.Fatalf("%+v", got)
		}
		states[c.Must("export")] = true
	}
	s.Kill()
	store, err := os.ReadFile(c.DB)
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(c.DB + "-wal")
	if err != nil || len(log) < 10*pageSize {
		t.Fatalf("the log has %d bytes, %v", len(log), err)
	}
	random := rand.New(rand.NewPCG(1, 0))
	seen := make(map[int]int)
	for i := range times(4, 100) {
		again := program.New(t)
		damaged := bytes.Clone(log)
		at := random.IntN(len(log))
		if i%2 == 0 {
			damaged = damaged[:at]
		} else {
			copy(damaged[at:], bytes.Repeat([]byte{0xA5}, 100))
		}
		for path, content := range map[string][]byte{again.DB: store, again.DB + "-wal": damaged} {
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		left := again.Must("export")
		seen[strings.Count(left, "\n")]++
		if !states[left] {
			t.Errorf("with a log that is damaged at %d of %d the store is what it never was", at, len(log))
		}
		sound(again, left)
		if got := again.Pipe(recordsFrom(60_000, 10), "import", "-"); got.Code != program.ExitOK {
			t.Errorf("it does not go on: %+v", got)
		}
		only(t, filepath.Dir(again.DB), "calls.db")
	}
	t.Logf("calls that were left, and how often: %v", seen)
}
