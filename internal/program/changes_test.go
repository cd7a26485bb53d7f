//go:build unix

package program_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/callvault/callvault/internal/program"
)

// follower is a command that prints changes, and a table that has what it printed.
type follower struct {
	*program.CLI
	args  []string
	env   []string
	state string
	table map[string]string // documents by id
	lines int
}

// newFollower is one who has read nothing yet.
func newFollower(c *program.CLI, name string, env []string, args ...string) *follower {
	state := filepath.Join(c.Folder, name+".state")
	return &follower{CLI: c, args: append([]string{"changes", "-q", "--state", state}, args...), env: env, state: state, table: make(map[string]string)}
}

// apply does what a line says. A part of a line is none.
func (f *follower) apply(line string) error {
	var change struct {
		Number  int
		ID      string
		Call    json.RawMessage
		Deleted bool
	}
	if err := json.Unmarshal([]byte(line), &change); err != nil {
		return fmt.Errorf("%w in %q", err, line)
	}
	f.lines++
	f.table[change.ID] = string(change.Call)
	if change.Deleted {
		delete(f.table, change.ID)
	}
	return nil
}

// run runs the command until it ends, or is killed after some lines or when done is closed.
func (f *follower) run(lines int, done <-chan struct{}, args ...string) error {
	cmd := f.Command(append(f.args, args...)...)
	cmd.Env = append(cmd.Env, f.env...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	kill := sync.OnceFunc(func() { cmd.Process.Kill() })
	ended := make(chan struct{})
	go func() {
		select {
		case <-done:
			kill()
		case <-ended:
		}
	}()
	defer close(ended)
	for reader := bufio.NewReader(out); ; lines-- {
		line, err := reader.ReadString('\n')
		if err == io.EOF {
			break
		}
		if err == nil {
			err = f.apply(line)
		}
		if err != nil {
			kill()
			return errors.Join(err, cmd.Wait())
		}
		if lines == 1 {
			kill()
		}
	}
	if err := cmd.Wait(); err != nil && cmd.ProcessState.ExitCode() >= 0 {
		return fmt.Errorf("%w: %s", err, stderr.String())
	}
	return nil
}

// isEqual compares the table with an export.
func (f *follower) isEqual(what, exported string) {
	f.T.Helper()
	want := make(map[string]string)
	for line := range strings.Lines(exported) {
		var call struct{ ID string }
		if err := json.Unmarshal([]byte(line), &call); err != nil {
			f.T.Fatal(err)
		}
		want[call.ID] = strings.TrimSuffix(line, "\n")
	}
	if !maps.Equal(f.table, want) {
		f.T.Errorf("%s: the table has %d calls, the store %d, or others", what, len(f.table), len(want))
	}
}

// A follower that is killed at random moments, by kill -9, ends equal to the store while
// imports, uploads and deletions go on: whether it reads from a server or from the store
// itself. A token of either is good for the other.
func TestFollowersEndEqual(t *testing.T) {
	t.Parallel()
	onBothKinds(t, func(t *testing.T, k kind) {
		c := k.empty(t)
		c.Put("default", retitled(1, 50, 0)...)
		key, writer := c.Key(), c.Key("--scope", "api:calls:create")
		s := c.Serve("--rate-limit", "off")
		env := []string{"CALLVAULT_ACCESS_KEY=" + key.AccessKey, "CALLVAULT_ACCESS_KEY_SECRET=" + key.AccessKeySecret}
		followers := map[string]*follower{
			"server": newFollower(c, "server", env, "--url", s.Base),
			"store":  newFollower(c, "store", nil),
		}
		done := make(chan struct{})
		reading := followAndDie(t, followers, done)
		var writing sync.WaitGroup
		writing.Go(func() { importAndDelete(c, chance(t, 0)) })
		writing.Go(func() { upload(as(s, writer)) })
		writing.Wait()
		close(done)
		reading.Wait()
		exported := c.Must("export")
		for name, f := range followers {
			if err := f.run(0, nil); err != nil {
				t.Fatal(err)
			}
			f.isEqual(name, exported)
			before := f.lines
			other := *f
			if other.args = append(other.args[:4:4], "--url", s.Base); name == "server" {
				other.args = other.args[:4]
			}
			other.env = env
			if err := other.run(0, nil); err != nil || other.lines != before {
				t.Errorf("%s: by the other way there are %d further lines, %v", name, other.lines-before, err)
			}
		}
	})
}

// followAndDie runs followers that are killed at random moments, until done is closed.
func followAndDie(t *testing.T, followers map[string]*follower, done <-chan struct{}) *sync.WaitGroup {
	var reading sync.WaitGroup
	for name, f := range followers {
		random := chance(t, len(name))
		reading.Go(func() {
			kills := 0
			for alive := true; alive; kills++ {
				if err := f.run(1+random.IntN(100), done, "--follow"); err != nil {
					t.Errorf("%s: %v", name, err)
					return
				}
				select {
				case <-done:
					alive = false
				default:
				}
			}
			t.Logf("%s: killed %d times in %d lines", name, kills, f.lines)
		})
	}
	return &reading
}

// retitled are records with the ids from first on and a title that tells the round.
func retitled(first, count, round int) (records []string) {
	for id := first; id < first+count; id++ {
		records = append(records, fmt.Sprintf(`{"id":"%d","started":"2026-03-04T12:00:00Z","title":"round %d%s"}`, id, round, strings.Repeat(" about this and that", 10)))
	}
	return records
}

// importAndDelete changes calls by commands.
func importAndDelete(c *program.CLI, random *rand.Rand) {
	for round := range times(12, 200) {
		got, err := c.Try(strings.NewReader(strings.Join(retitled(1+random.IntN(200), 40, round+1), "\n")+"\n"), "import", "-")
		if err == nil && got.Code == program.ExitOK {
			got, err = c.Try(strings.NewReader(""), "delete", "--yes", "--id", fmt.Sprint(1+random.IntN(240)), "--id", fmt.Sprint(1+random.IntN(240)))
		}
		if err != nil || got.Code != program.ExitOK && !strings.Contains(got.Stderr, "not found") {
			c.T.Errorf("%v %+v", err, got)
		}
	}
}

// upload posts calls.
func upload(client *program.Client) {
	for i := range times(60, 1000) {
		if a, err := post(client, "/v2/calls", posted(fmt.Sprint("pbx-", i), "uploaded")); err != nil || a.Status != http.StatusOK {
			client.T.Errorf("%+v, %v", a, err)
		}
	}
}

// A follower that is told to end does so at once and without an error, also while it waits at
// a server; and a server that is told to end keeps no reader waiting.
func TestFollowersEnd(t *testing.T) {
	t.Parallel()
	c := program.New(t)
	c.Put("default", retitled(1, 3, 0)...)
	key := c.Key()
	s := c.Serve()
	env := []string{"CALLVAULT_ACCESS_KEY=" + key.AccessKey, "CALLVAULT_ACCESS_KEY_SECRET=" + key.AccessKeySecret}
	for name, args := range map[string][]string{"store": nil, "server": {"--url", s.Base}} {
		cmd := c.Command(append([]string{"changes", "--follow", "-q"}, args...)...)
		cmd.Env = append(cmd.Env, env...)
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewReader(out)
		for range 3 {
			if _, err := lines.ReadString('\n'); err != nil {
				t.Fatal(err)
			}
		}
		if name == "server" {
			waitUntil(t, "the follower waits", func() bool {
				return strings.Contains(metricsOf(t, s), "callvault_http_changes_waiting 1\n")
			})
		}
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		rest, _ := io.ReadAll(lines)
		if err := cmd.Wait(); err != nil || len(rest) > 0 {
			t.Errorf("%s: %v, and %q", name, err, rest)
		}
	}
	client := as(s, key)
	r := client.Request("wait=50")
	r.URL.Path = "/callvault/v1/changes"
	token := struct{ Next string }{}
	if err := json.Unmarshal([]byte(client.Send(r).Body), &token); err != nil {
		t.Fatal(err)
	}
	r = client.Request("wait=50&after=" + token.Next)
	r.URL.Path = "/callvault/v1/changes"
	answers := make(chan program.Answer, 1)
	go func() {
		a, err := client.Try(r)
		if err != nil {
			t.Error(err)
		}
		answers <- a
	}()
	waitUntil(t, "the reader waits", func() bool {
		return strings.Contains(metricsOf(t, s), "callvault_http_changes_waiting 1\n")
	})
	code := s.Terminate()
	if a := <-answers; a.Status != http.StatusOK || !strings.Contains(a.Body, `"changes":[],"next":"`+token.Next+`","more":false`) {
		t.Errorf("the reader got %+v", a)
	}
	if got := <-code; got != program.ExitOK {
		t.Errorf("the server ended with %d", got)
	}
}

// metricsOf is what the operator's listener tells.
func metricsOf(t *testing.T, s *program.Server) string {
	t.Helper()
	response, err := http.Get(s.Manage() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// After a backup was restored, whoever has read more than the backup has is told to start over:
// with 'callvault restore', and with a file that was put back by hand, once that has begun a
// timeline. The state stays. Who has read no more goes on.
func TestChangesAfterARestore(t *testing.T) {
	t.Parallel()
	c := program.New(t)
	c.Put("default", retitled(1, 3, 0)...)
	early, late := newFollower(c, "early", nil), newFollower(c, "late", nil)
	read := func(f *follower) program.Outcome { return c.Run(f.args...) }
	if got := read(early); got.Code != program.ExitOK {
		t.Fatalf("%+v", got)
	}
	c.Must("backup", "backup.db")
	for _, how := range []string{"restore", "by hand"} {
		c.Put("default", retitled(2, 3, 1)...)
		if got := read(late); got.Code != program.ExitOK {
			t.Fatalf("%s: %+v", how, got)
		}
		state, err := os.ReadFile(late.state)
		if err != nil {
			t.Fatal(err)
		}
		if how == "restore" {
			c.Must("restore", "--force", "backup.db")
		} else {
			for _, suffix := range []string{"", "-wal", "-shm"} {
				os.Remove(c.DB + suffix)
			}
			content, err := os.ReadFile(filepath.Join(c.Folder, "backup.db"))
			if err == nil {
				err = os.WriteFile(c.DB, content, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			c.Must("restore", "--in-place")
		}
		for _, when := range []string{"before", "after"} {
			fails(c, late.state, "to start over, remove", "", late.args...)
			if kept, err := os.ReadFile(late.state); err != nil || string(kept) != string(state) {
				t.Errorf("%s, %s the next change: the state became %q, %v", how, when, kept, err)
			}
			c.Put("default", retitled(1, 9, 2)...)
		}
		if got := read(early); got.Code != program.ExitOK || strings.Count(got.Stdout, "\n") != 9 {
			t.Errorf("%s: who read the backup got %+v", how, got)
		}
		// The next round begins with the backup.
		c.Must("restore", "--force", "backup.db")
		os.Remove(early.state)
		os.Remove(late.state)
		read(early)
	}
}
