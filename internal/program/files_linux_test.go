package program_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault/internal/program"
)

// There are as many connections as the process may have files open. When there
// are no more, who has a connection is served as before, others wait, and when
// some are gone the others are served.
func TestNoMoreFiles(t *testing.T) { onEngines(t, noMoreFiles) }

func noMoreFiles(t *testing.T, c *program.CLI) {
	c.Put("default", sceneCall(1, 1, "7", "a call"), sceneCall(2, 2, "7", "a call"))
	key := c.Key()
	cmd := c.Command("serve", "--listen", "127.0.0.1:0", "--page-size", "1", "--rate-limit", "off")
	cmd.Args = slices.Concat([]string{"sh", "-c", `ulimit -n 100 && exec "$@"`, "sh", cmd.Path}, cmd.Args[1:])
	cmd.Path = "/bin/sh"
	s := &siege{T: t, server: c.Start(cmd), key: key}
	staying := s.server.As(key)
	want := staying.Walk(program.Everything())
	var crowd []interface{ Close() error }
	for range 200 {
		crowd = append(crowd, s.dial())
	}
	for deadline := time.Now().Add(program.Patience); !strings.Contains(s.server.Stderr.String(), "too many open files"); {
		if time.Now().After(deadline) {
			t.Fatalf("the server has %d files open", s.files())
		}
		staying.Walk(program.Everything())
	}
	for range 20 {
		if got := staying.Walk(program.Everything()); !slices.Equal(got, want) {
			t.Fatalf("got %d calls, want %d", len(got), len(want))
		}
	}
	for _, connection := range crowd {
		connection.Close()
	}
	if got := s.server.As(key).Walk(program.Everything()); !slices.Equal(got, want) {
		t.Errorf("got %d calls, want %d", len(got), len(want))
	}
}
