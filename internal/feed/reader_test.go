package feed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callvault/callvault/changes"
)

// scripted answers with one batch after the other, then with nothing, at once.
type scripted struct {
	batches []Batch
	asked   []string
	err     error // at the end
}

func (s *scripted) Next(_ context.Context, token string, mayWait bool) (Batch, error) {
	s.asked = append(s.asked, fmt.Sprint(token, " ", mayWait))
	if len(s.batches) == 0 {
		return Batch{Next: token}, s.err
	}
	b := s.batches[0]
	s.batches = s.batches[1:]
	return b, nil
}

func batchOf(line, next string, more bool) Batch {
	return Batch{Lines: []byte(line + "\n"), Changes: 1, Next: next, More: more}
}

// A reader goes on where its state says, to the end, and keeps where that is.
func TestReaderGoesOn(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state")
	var out bytes.Buffer
	source := &scripted{batches: []Batch{batchOf("1", "one", true), batchOf("2", "two", false), batchOf("3", "three", false)}}
	for range 2 {
		reader := Reader{Source: source, Out: &out, State: state}
		if err := reader.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{" false", "one false", "two false"}; !slices.Equal(source.asked, want) || out.String() != "1\n2\n3\n" {
		t.Errorf("asked %q and printed %q", source.asked, out.String())
	}
	content, err := os.ReadFile(state)
	if info, _ := os.Stat(state); err != nil || string(content) != "three\n" || info.Mode().Perm() != 0o600 {
		t.Errorf("the state is %q, %v, %v", content, info.Mode(), err)
	}
}

// failing fails to write from the second time on.
type failing struct{ written int }

func (f *failing) Write(p []byte) (int, error) {
	if f.written++; f.written > 1 {
		return 0, errors.New("no reader")
	}
	return len(p), nil
}

// What was not written is not kept as read.
func TestStateIsKeptAfterTheLines(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state")
	reader := Reader{Source: &scripted{batches: []Batch{batchOf("1", "one", true), batchOf("2", "two", false)}}, Out: new(failing), State: state}
	if err := reader.Run(t.Context()); err == nil || err.Error() != "write changes: no reader" {
		t.Error(err)
	}
	if content, _ := os.ReadFile(state); string(content) != "one\n" {
		t.Errorf("the state is %q", content)
	}
}

// If a state can't be continued, it stays as it is, and the error says what to do.
func TestReaderStartsNothingOver(t *testing.T) {
	for _, tt := range []struct {
		state string
		err   error
		want  string
	}{
		{"token\n", changes.ErrStartOver, "went back in time or was repaired; to start over, remove STATE and load into an empty table"},
		{"token", ErrToken, "STATE is of another store or company; to start over, remove STATE"},
		{"token\n", errors.New("disk on fire"), "disk on fire"},
		{"", nil, "STATE is not a state of changes; to start over, remove STATE"},
		{"a token\n", nil, "STATE is not a state of changes"},
		{"token\ntoken\n", nil, "STATE is not a state of changes"},
		{strings.Repeat("x", 5000), nil, "STATE is not a state of changes"},
	} {
		state := filepath.Join(t.TempDir(), "state")
		if err := os.WriteFile(state, []byte(tt.state), 0o600); err != nil {
			t.Fatal(err)
		}
		reader := Reader{Source: &scripted{err: tt.err}, Out: new(bytes.Buffer), State: state}
		err := reader.Run(t.Context())
		if want := strings.ReplaceAll(tt.want, "STATE", state); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", tt.state, err, want)
		}
		if content, _ := os.ReadFile(state); string(content) != tt.state {
			t.Errorf("%q became %q", tt.state, content)
		}
	}
	reader := Reader{Source: &scripted{}, Out: new(bytes.Buffer), State: t.TempDir()}
	if err := reader.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "can't read "+reader.State) {
		t.Error(err)
	}
}

// A follower waits once it is up to date, asks no more than once a second where it is answered
// at once, and ends without an error.
func TestFollowerWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
		defer stop()
		source := &scripted{batches: []Batch{batchOf("1", "one", true), batchOf("2", "two", false), {Next: "three"}, batchOf("3", "four", false)}}
		var out bytes.Buffer
		reader := Reader{Source: source, Out: &out, Follow: true}
		if err := reader.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if want := []string{" false", "one false", "two true", "three true", "four true"}; !slices.Equal(source.asked[:5], want) || len(source.asked) > 15 {
			t.Errorf("asked %q", source.asked)
		}
		if out.String() != "1\n2\n3\n" || reader.Count != 3 {
			t.Errorf("printed %q", out.String())
		}
	})
}
