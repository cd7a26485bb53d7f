package file

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// write replaces a file with what fill writes.
func write(path string, fill func(io.Writer) error) (err error) {
	d, err := Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Discard()) }()
	if err := fill(d); err != nil {
		return err
	}
	return d.Commit()
}

// put writes a text to a file.
func put(t *testing.T, path, text string) error {
	t.Helper()
	return write(path, func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
}

// must stops the test where something it stands on fails.
func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func text(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	must(t, err)
	return string(content)
}

func names(t *testing.T, folder string) string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	must(t, err)
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return strings.Join(names, " ")
}

// A file is there when it is complete, and until then what was there before.
func TestWhole(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "calls")
	for _, before := range []string{"", "first"} {
		err := write(path, func(w io.Writer) error {
			if got := names(t, folder); !strings.Contains(got, prefix) {
				t.Errorf("there are %q", got)
			}
			io.WriteString(w, "half")
			return context.Canceled
		})
		if got, _ := os.ReadFile(path); !errors.Is(err, context.Canceled) || string(got) != before {
			t.Errorf("%v, and there is %q, want %q", err, got, before)
		}
		must(t, put(t, path, "first"))
		if got := names(t, folder); got != "calls" || text(t, path) != "first" {
			t.Errorf("there are %q", got)
		}
	}
}

// A draft may get another name in the end.
func TestCommitAs(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "calls")
	must(t, os.WriteFile(path, []byte("whole"), 0o600))
	for _, name := range []string{"calls.partial", "calls.partial", strings.Repeat("x", 255)} {
		d, err := Create(path)
		must(t, err)
		_, err = io.WriteString(d, "part")
		must(t, err, d.CommitAs(filepath.Join(folder, name)), d.Discard())
		if text(t, path) != "whole" || text(t, filepath.Join(folder, name)) != "part" {
			t.Errorf("there are %q", names(t, folder))
		}
	}
}

// What can't be a file is refused in words that say what can.
func TestRefused(t *testing.T) {
	folder := t.TempDir()
	for path, want := range map[string]string{
		"":                               "the name of the file is empty; name one",
		folder:                           folder + " is a folder; name a file in it",
		filepath.Join(folder, "x") + "/": filepath.Join(folder, "x") + "/ names a folder; name a file in it",
		filepath.Join(folder, "no", "x"): "the folder of " + filepath.Join(folder, "no", "x") + " does not exist; make it, or name a file elsewhere",
	} {
		if err := put(t, path, "x"); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", path, err, want)
		}
	}
	long := filepath.Join(folder, strings.Repeat("x", 255)) // the draft's name is no longer than any other's
	must(t, put(t, long, "x"))
	if err := put(t, long+"x", "x"); err == nil {
		t.Error("a name of 256 bytes was written")
	}
	if got := names(t, folder); got != filepath.Base(long) {
		t.Errorf("there are %q", got)
	}
}
