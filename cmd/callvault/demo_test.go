package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/demo"
	"github.com/callvault/callvault/internal/sqlite"
)

// What a script lists is in the store after each step, and nothing else; totals of lists
// count what is not listed yet.
func TestStage(t *testing.T) {
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "calls.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	opens := time.Date(2026, 3, 4, 11, 20, 0, 0, time.UTC)
	world := demo.NewWorld(demo.Late(1, opens))
	stage, err := demo.NewStage(t.Context(), store, world)
	if err != nil {
		t.Fatal(err)
	}
	all := callvault.Query{Range: callvault.AllTime}
	begun, ahead := int64(0), 0
	for _, after := range []time.Duration{0, time.Second, 7 * time.Second, 10 * time.Minute, 3 * time.Hour, 26 * time.Hour} {
		now := opens.Add(after)
		next, more, err := stage.Step(t.Context(), now)
		if err != nil || !more || !next.After(now) || next.After(now.Add(time.Minute)) {
			t.Fatalf("after %v: next at %v, %v, %v", after, next, more, err)
		}
		want := slices.Collect(world.Calls())
		var got []callvault.Call
		total, err := stage.Calls(callvault.DefaultCompany).First(t.Context(), all, -1, func(r callvault.Record) error {
			r.Document = bytes.Clone(r.Document)
			got = append(got, r.Call)
			return nil
		})
		if err != nil || total != world.Total(all) {
			t.Fatalf("after %v the total is %d, want %d: %v", after, total, world.Total(all), err)
		}
		if !slices.EqualFunc(got, want, func(a, b callvault.Call) bool { return bytes.Equal(a.Document, b.Document) }) {
			t.Fatalf("after %v the store has %d calls and the world %d, or others", after, len(got), len(want))
		}
		ahead += total - len(got)
		latest, err := store.Calls(callvault.DefaultCompany).Latest(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if after == 0 {
			begun = latest
		} else if after > time.Minute && latest < begun+int64(after/(6*time.Second)) {
			t.Errorf("after %v there are %d changes", after, latest-begun)
		}
	}
	if ahead == 0 {
		t.Error("no total ever ran ahead of its list")
	}
	if n, err := stage.Calls("other").First(t.Context(), all, -1, func(callvault.Record) error { return nil }); err != nil || n != 0 {
		t.Errorf("another company has %d calls: %v", n, err)
	}
}

// serve --demo --script late says what happens, answers the line that it prints, serves users
// and workspaces, and leaves nothing behind.
func TestServeLate(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	c := newCLI(t)
	delete(c.env, "CALLVAULT_DB")
	s := c.serve("--demo", "--script", "late", "--manage", "off")
	s.find(`^Every 5 seconds a call is added: most happened in the last 3 hours, a quarter up to 36\n`)
	curl := s.find(`^  curl -su ([A-Z0-9]+):([\w-]+) '(http://127\.0\.0\.1:\d+)(/v2/calls\?[^']*)'`)
	key := func(r *http.Request) { r.SetBasicAuth(curl[1], curl[2]) }
	status, body := s.get(curl[3]+curl[4], key)
	var page gong.ListCallsResponse
	if err := json.Unmarshal([]byte(body), &page); err != nil || status != http.StatusOK || page.Records.TotalRecords <= len(page.Calls) {
		t.Errorf("%v; %d: %s", err, status, body)
	}
	for path, want := range map[string]int{gong.UsersPath: 40, gong.WorkspacesPath: 3} {
		if status, body := s.get(curl[3]+path, key); status != http.StatusOK || strings.Count(body, `{"id":`) != want {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if code := s.stop(); code != exitOK {
		t.Errorf("it ended with %d: %s", code, s.stderr)
	}
	io.Copy(io.Discard, s.lines)
	if strings.Contains(s.stderr.String(), "no longer change") {
		t.Errorf("the log says %s", s.stderr)
	}
	if left, _ := os.ReadDir(temporary); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}
