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
	"github.com/callvault/callvault/gong"
)

// scripted answers with one answer after the other, then with nothing, at once.
type scripted struct {
	answers []changes.Answer
	asked   []string
	err     error // at the end
}

func (s *scripted) read(_ context.Context, q changes.Query) (*changes.Answer, error) {
	s.asked = append(s.asked, fmt.Sprint(q.After, " ", q.Limit, " ", q.Wait))
	if len(s.answers) == 0 {
		return &changes.Answer{Next: q.After}, s.err
	}
	a := s.answers[0]
	s.answers = s.answers[1:]
	return &a, nil
}

// answerOf has one deletion.
func answerOf(number int64, next string, more bool) changes.Answer {
	return changes.Answer{Changes: []changes.Change{{Number: number, ID: "7", Deleted: true}}, Next: next, More: more}
}

const (
	one   = `{"number":1,"id":"7","deleted":true}` + "\n"
	two   = `{"number":2,"id":"7","deleted":true}` + "\n"
	three = `{"number":3,"id":"7","deleted":true}` + "\n"
)

// A reader goes on where its state says, to the end, and keeps where that is.
func TestReaderGoesOn(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state")
	var out bytes.Buffer
	source := &scripted{answers: []changes.Answer{answerOf(1, "one", true), answerOf(2, "two", false), answerOf(3, "three", false)}}
	for range 2 {
		reader := Reader{Changes: source.read, Out: &out, State: state}
		if err := reader.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{" 1000 0s", "one 1000 0s", "two 1000 0s"}; !slices.Equal(source.asked, want) || out.String() != one+two+three {
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
	source := &scripted{answers: []changes.Answer{answerOf(1, "one", true), answerOf(2, "two", false)}}
	reader := Reader{Changes: source.read, Out: new(failing), State: state}
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
		{"token", ErrToken, "the store or company is another one than STATE has read; to start over, remove STATE"},
		{"token", &gong.Error{Status: 400, Errors: []string{"after: is not a token"}}, "the store or company is another one than STATE has read; to start over, remove STATE"},
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
		reader := Reader{Changes: (&scripted{err: tt.err}).read, Out: new(bytes.Buffer), State: state}
		err := reader.Run(t.Context())
		if want := strings.ReplaceAll(tt.want, "STATE", state); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", tt.state, err, want)
		}
		if content, _ := os.ReadFile(state); string(content) != tt.state {
			t.Errorf("%q became %q", tt.state, content)
		}
	}
}

// A state that can't be written is an error before a line is out.
func TestStateThatCannotBeWritten(t *testing.T) {
	folder := t.TempDir()
	for state, want := range map[string]string{folder: "is a folder; name a file in it", filepath.Join(folder, "none", "state"): "does not exist; make it, or name a file elsewhere"} {
		source := &scripted{answers: []changes.Answer{answerOf(1, "one", false)}}
		reader := Reader{Changes: source.read, Out: new(failing), State: state}
		if err := reader.Run(t.Context()); err == nil || !strings.Contains(err.Error(), want) || len(source.asked) > 0 {
			t.Errorf("%v after %q", err, source.asked)
		}
	}
}

// Of two readers with one state, the slower one prints nothing after the other has ended.
func TestTwoReadersOfOneState(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state")
	fast := Reader{Changes: (&scripted{answers: []changes.Answer{answerOf(1, "one", false)}}).read, Out: new(bytes.Buffer), State: state}
	var out bytes.Buffer
	source := &scripted{answers: []changes.Answer{answerOf(1, "one", false)}}
	slow := Reader{Out: &out, State: state, Changes: func(ctx context.Context, q changes.Query) (*changes.Answer, error) {
		a, err := source.read(ctx, q)
		return a, errors.Join(err, fast.Run(ctx))
	}}
	if err := slow.Run(t.Context()); err == nil || err.Error() != "another command has changed "+state+"; run one at a time, or name another file" || out.Len() > 0 {
		t.Errorf("%v, and it printed %q", err, out.String())
	}
}

// A follower lets the server wait, asks no more than once a second where it is answered
// at once, and ends without an error.
func TestFollowerWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
		defer stop()
		source := &scripted{answers: []changes.Answer{answerOf(1, "one", true), answerOf(2, "two", false), {Next: "three"}, answerOf(3, "four", false)}}
		var out bytes.Buffer
		reader := Reader{Changes: source.read, Out: &out, Follow: true}
		if err := reader.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if want := []string{" 1000 50s", "one 1000 50s", "two 1000 50s", "three 1000 50s", "four 1000 50s"}; !slices.Equal(source.asked[:5], want) || len(source.asked) > 15 {
			t.Errorf("asked %q", source.asked)
		}
		if out.String() != one+two+three || reader.Count != 3 {
			t.Errorf("printed %q", out.String())
		}
	})
}
