package sqlite

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/callvault/callvault"
)

// After a purge nothing of what was deleted is in the files, but for the ids: also when the calls
// around it stay, whose pages were divided as they came, and while a server goes on reading and
// writing, whether it deleted the calls itself, as its mirror does, or another process.
func TestDeleteForGood(t *testing.T) {
	for _, deletes := range []string{"server", "other"} {
		t.Run(deletes, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			path := filepath.Join(folder, "gone.db")
			stores := map[string]*Store{"server": open(t, path), "other": open(t, path)}
			served := stores["server"].Calls("default")
			look := func(want int) {
				t.Helper()
				q := callvault.ViewQuery{Query: everything, Filter: callvault.Filter{Words: []string{"mustgo", "oldpbx"}}}
				v, err := served.View(t.Context(), q)
				n, err2 := served.First(t.Context(), everything, 50, func(callvault.Record) error { return nil })
				if err := errors.Join(err, err2); err != nil || v.Figures.Calls != want || n == 0 {
					t.Fatalf("the server finds %d of %d calls, %v, want %d", v.Figures.Calls, n, err, want)
				}
			}
			doomed := putDoomed(t, served)
			look(len(doomed))
			if deleted, err := stores[deletes].Calls("default").Delete(t.Context(), doomed); err != nil || deleted != len(doomed) {
				t.Fatalf("deleted %d of %d, %v", deleted, len(doomed), err)
			}
			look(0)
			if err := stores["other"].Purge(t.Context()); err != nil {
				t.Fatal(err)
			}
			wantGone(t, folder)
			last := callvault.Call{ID: mustID(t, "1"), Document: []byte(`{"id":"1","title":"stays"}`)}
			if _, err := served.Put(t.Context(), callvault.NewBatch([]callvault.Call{last})); err != nil {
				t.Fatal(err)
			}
			look(0)
			wantGone(t, folder)
			content, err := os.ReadFile(path)
			if err != nil || !bytes.Contains(content, []byte("stays")) || !bytes.Contains(content, []byte(doomed[0].Key())) {
				t.Errorf("the others are gone, or the tombstones; %v", err)
			}
		})
	}
}

// wantGone reports what files have of calls that putDoomed put: as it was written, folded, and
// the name of a host.
func wantGone(t *testing.T, folder string) {
	t.Helper()
	files, err := os.ReadDir(folder)
	if err != nil || len(files) < 3 {
		t.Errorf("files %v, %v; want those of the log, too", files, err)
	}
	for _, file := range files {
		content, err := os.ReadFile(filepath.Join(folder, file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for _, gone := range []string{"MÜSTGO", "mustgo", "ÖLDPBX", "oldpbx", "gonehost"} {
			if k := bytes.Count(content, []byte(gone)); k > 0 {
				t.Errorf("%q, which was deleted, is %d times in %s", gone, k, file.Name())
			}
		}
	}
}

// putDoomed puts calls that come in no order, so that pages are divided. Some of them are to be
// deleted: their titles have the word "MÜSTGO", and they have numbers of another system and hosts of
// their own.
func putDoomed(t *testing.T, calls callvault.Calls) (doomed []callvault.ID) {
	t.Helper()
	const n, batches = 6000, 30
	for batch := range batches {
		var some []callvault.Call
		for i := batch; i < n; i += batches {
			word, host, client := "stays", "somebody", ""
			id := mustID(t, fmt.Sprint(7_000_000+i))
			if i%7 == 0 {
				word, host, client = "MÜSTGO", fmt.Sprint("gonehost", i), fmt.Sprint("ÖLDPBX-", i)
				doomed = append(doomed, id)
			}
			some = append(some, callvault.Call{ID: id, Time: callvault.Time(i*7919%n) * 1000,
				Document: fmt.Appendf(nil, `{"id":"%d","title":"%s %d%s","primaryUserId":"%s","clientUniqueId":"%s"}`, 7_000_000+i, word, i, strings.Repeat(" padding", i%90), host, client)})
		}
		if _, err := calls.Put(t.Context(), callvault.NewBatch(some)); err != nil {
			t.Fatal(err)
		}
	}
	return doomed
}

// A reader in the middle of the log keeps what was deleted in the file; that is
// said, and to purge again makes up for it.
func TestPurgeWhileOthersRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "busy.db")
	s := open(t, path)
	calls := s.Calls("default")
	secret := callvault.Call{ID: mustID(t, "1"), Document: []byte(`{"id":"1","title":"word that must go"}`)}
	if _, err := calls.Put(t.Context(), callvault.NewBatch([]callvault.Call{secret})); err != nil {
		t.Fatal(err)
	}
	everything := callvault.Query{Range: callvault.AllTime}
	other := open(t, path)
	err := other.Calls("default").Scan(t.Context(), everything, everything.Start(), -1, func(callvault.Record) error {
		if _, err := calls.DeleteFirst(t.Context(), everything, -1); err != nil {
			return err
		}
		return s.onWriter(func(c *conn) error {
			if err := c.emptyLog(0); !errors.Is(err, errLogInUse) {
				t.Errorf("got %v, want %v", err, errLogInUse)
			}
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal"} {
		if content, err := os.ReadFile(path + suffix); err != nil || bytes.Contains(content, []byte("word that must go")) {
			t.Errorf("%s%s has what was deleted, or %v", path, suffix, err)
		}
	}
}

// An error of the file's while it is rewritten is explained.
func TestPurgeExplains(t *testing.T) {
	path := filepath.Join(t.TempDir(), "purge.db")
	s := open(t, path)
	if err := s.onWriter(func(c *conn) error { return c.run("PRAGMA query_only = ON") }); err != nil {
		t.Fatal(err)
	}
	if err := s.Purge(t.Context()); err == nil || !strings.Contains(err.Error(), "must be writable too") {
		t.Errorf("%v", err)
	}
}
