package feed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"regexp"

	"github.com/callvault/callvault/changes"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/file"
)

// Reader writes changes as lines, and keeps in a file how far it has come.
type Reader struct {
	Changes changes.Reader
	Out     io.Writer
	State   string // a file; empty: it begins at the beginning and keeps nothing
	Follow  bool   // wait for the next changes, until the context is done

	Count int // of the changes so far
}

// Run reads to the end, or for ever. It keeps the place of an answer when all its lines are
// out, so a Reader that was killed repeats an answer and leaves out none. When the context is
// done it ends without an error.
func (r *Reader) Run(ctx context.Context) error {
	if err := r.mayKeep(); err != nil {
		return err
	}
	token, err := r.load()
	if err != nil {
		return err
	}
	q := changes.Query{After: token, Limit: changes.MaxLimit}
	if r.Follow {
		q.Wait = changes.MaxWait
	}
	for a, err := range r.Changes.Answers(ctx, q) {
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, changes.ErrStartOver):
			return r.startOver("the store does not continue what " + r.place() + " has seen, because it went back in time or was repaired")
		case errors.Is(err, ErrToken), token != "" && isRefused(err):
			return r.startOver("the store or company is another one than " + r.place() + " has read")
		case err != nil:
			return err
		}
		if now, err := r.load(); err != nil || r.State != "" && now != token {
			return fmt.Errorf("another command has changed %s; run one at a time, or name another file", r.State)
		}
		if err := r.put(a.Changes); err != nil {
			return err
		}
		if a.Next != token {
			token = a.Next
			if err := r.keep(token); err != nil {
				return err
			}
		}
		if !a.More && !r.Follow {
			return nil
		}
	}
	return nil
}

// isRefused tells whether a server refused the request, in which nothing but the token can be wrong.
func isRefused(err error) bool {
	refusal := (*gong.Error)(nil)
	return errors.As(err, &refusal) && refusal.Status == http.StatusBadRequest
}

// startOver is an error that says how to.
func (r *Reader) startOver(problem string) error {
	if r.State == "" {
		return fmt.Errorf("%s; to start over, run this again and load into an empty table", problem)
	}
	return fmt.Errorf("%s; to start over, remove %s and load into an empty table", problem, r.State)
}

// place names what remembers how far the reader has come.
func (r *Reader) place() string {
	if r.State == "" {
		return "this command"
	}
	return r.State
}

// put writes lines, and sees to it that they are out before their place is kept.
func (r *Reader) put(answer []changes.Change) error {
	if len(answer) == 0 {
		return nil
	}
	var lines []byte
	for i := range answer {
		lines = append(answer[i].AppendJSON(lines), '\n')
	}
	if _, err := r.Out.Write(lines); err != nil {
		return fmt.Errorf("write changes: %w", cause(err))
	}
	r.Count += len(answer)
	if f, ok := r.Out.(*os.File); ok && r.State != "" {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			if err := f.Sync(); err != nil {
				return fmt.Errorf("write changes: %w", cause(err))
			}
		}
	}
	return nil
}

// cause is the system's error, without a name such as /dev/stdout.
func cause(err error) error {
	if on := (*fs.PathError)(nil); errors.As(err, &on) {
		return on.Err
	}
	return err
}

// aToken is the only content of a state file, but for its line end.
var aToken = regexp.MustCompile(`^([A-Za-z0-9_-]{1,1000})\n?$`)

// load reads the state. A file that is not there is the beginning; one that has something
// else is an error, because to begin again would repeat every change.
func (r *Reader) load() (string, error) {
	if r.State == "" {
		return "", nil
	}
	content, err := os.ReadFile(r.State)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("can't read %s: %w; name another file, or make it readable", r.State, cause(err))
	}
	token := aToken.FindSubmatch(content)
	if token == nil {
		return "", r.startOver(r.State + " is not a state of changes")
	}
	return string(token[1]), nil
}

// mayKeep returns an error if the state can't be written, before any line is out.
func (r *Reader) mayKeep() error {
	if r.State == "" {
		return nil
	}
	d, err := file.Create(r.State)
	if err != nil {
		return err
	}
	return d.Discard()
}

// keep writes the state, whole or not at all.
func (r *Reader) keep(token string) (err error) {
	if r.State == "" {
		return nil
	}
	d, err := file.Create(r.State)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Discard()) }()
	if _, err := d.Write([]byte(token + "\n")); err != nil {
		return err
	}
	return d.CommitMode(0o600)
}
