//go:build unix

package program_test

import (
	"net/http"
	"testing"

	"github.com/callvault/callvault/internal/program"
)

// A database goes back in time, as it does when a standby takes over that had not
// received the last commits. The key that was lost lets nobody in, and one that is made
// in its place works at once, in a server that knew the lost one.
func TestKeysOfADatabaseThatGoesBack(t *testing.T) {
	t.Parallel()
	db := database.Fragile(t)
	c := program.On(t, db.URL())
	c.Put("default", numbered(1, 1)...)
	kept := c.Key()
	rewind := db.Keep()
	s := c.Serve()
	lost := c.Key()
	for _, key := range []program.Key{kept, lost} {
		if got := s.As(key).Get("").Status; got != letIn {
			t.Fatalf("a key is answered with %d", got)
		}
	}
	rewind()
	made := c.Key()
	client := s.As(made)
	waitUntil(t, "the database answers the server", func() bool {
		// Connections of before break once each.
		return client.Get("").Status != http.StatusInternalServerError
	})
	for key, want := range map[program.Key]int{made: letIn, lost: shutOut, kept: letIn} {
		if got := s.As(key).Get("").Status; got != want {
			t.Errorf("a key is answered with %d, want %d", got, want)
		}
	}
	s.Kill()
}
