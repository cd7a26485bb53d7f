package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callvault/callvault"
)

// A reader of a store that is read-only makes its log read-only too; whoever may
// write to the store later may write to its log.
func TestLogHasModeOfStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mode.db")
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.WriteFile(path+suffix, []byte("log"), 0o400); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, path)
	if _, err := s.MakeCompany(t.Context(), "default"); err != nil {
		t.Error(err)
	}
	for _, suffix := range []string{"-wal", "-shm"} {
		if info, err := os.Stat(path + suffix); err != nil || info.Mode() != 0o600 {
			t.Errorf("%s: %v, %v", suffix, info, err)
		}
	}
}

// A store that is made read-only while others work on it leaves them its log, and
// a link in place of a log is not followed.
func TestLogKeepsItsMode(t *testing.T) {
	folder := t.TempDir()
	path, other := filepath.Join(folder, "mode.db"), filepath.Join(folder, "other")
	for path, mode := range map[string]os.FileMode{path: 0o400, path + "-wal": 0o200, other: 0o200} {
		if err := os.WriteFile(path, nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(other, path+"-shm"); err != nil {
		t.Skip(err)
	}
	mendLog(path)
	for path, want := range map[string]os.FileMode{path + "-wal": 0o600, other: 0o200} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v, want %v", path, info, err, want)
		}
	}
}

// After a large batch others have a turn: the lock is free for longer than they wait between
// two tries. Then the log begins again, although somebody read from it when the batch was
// committed.
func TestLargeBatchLeavesTurns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "turns.db")
	s, other := open(t, path), open(t, path)
	calls := s.Calls("default")
	batch := func(from, n int) callvault.Batch {
		some := make([]callvault.Call, n)
		for i := range some {
			some[i] = callvault.Call{ID: mustID(t, fmt.Sprint(from+i)), Document: []byte(`{"id":"1","title":"` + strings.Repeat("x", 200) + `"}`)}
		}
		return callvault.NewBatch(some)
	}
	if _, err := calls.Put(t.Context(), batch(0, 1)); err != nil {
		t.Fatal(err)
	}
	reading, committed, ended := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		ended <- other.Calls("default").Scan(t.Context(), everything, everything.Start(), -1, func(callvault.Record) error {
			close(reading)
			<-committed
			return nil
		})
	}()
	<-reading
	taken := 0
	s.turns = turns{1, time.Minute, func(d time.Duration) {
		if d <= lockPoll {
			t.Errorf("the lock is free for %v", d)
		}
		if _, err := other.MakeCompany(t.Context(), "another"); err != nil {
			t.Error(err)
		}
		taken++
		close(committed)
	}}
	if _, err := calls.Put(t.Context(), batch(0, largeBatch)); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil || taken != 1 {
		t.Errorf("%d turns, %v", taken, err)
	}
	size := func() int64 {
		info, err := os.Stat(path + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	before := size()
	if _, err := calls.Put(t.Context(), batch(largeBatch, 10)); err != nil {
		t.Fatal(err)
	}
	if after := size(); after > before {
		t.Errorf("the log has grown from %d to %d bytes", before, after)
	}
}

// A writer that waits says so after a while, again and again until its turn comes. A yielding
// batch waits quietly.
func TestWaitingWriterGivesNotice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "waiting.db")
	synctest.Test(t, func(t *testing.T) {
		holder, other := open(t, path), open(t, path)
		defer holder.Close()
		defer other.Close()
		batch := callvault.NewBatch([]callvault.Call{{ID: mustID(t, "1"), Document: []byte(`{"id":"1"}`)}})
		for _, put := range []callvault.Batch{batch.Yielding(), batch} {
			ended := make(chan error, 1)
			err := holder.onWriter(func(c *conn) error {
				if err := c.run("BEGIN IMMEDIATE"); err != nil {
					return err
				}
				looks := lookOut(path)
				go func() {
					_, err := other.Calls("default").Put(t.Context(), put)
					ended <- err
				}()
				time.Sleep(patience - 1)
				if looks.sees() {
					t.Error("notice is given at once")
				}
				time.Sleep(2 * lockPoll)
				for range 3 {
					if looks.sees() == put.IsYielding() {
						t.Errorf("notice is given: %v, and the batch yields: %[1]v", put.IsYielding())
					}
					if looks.sees() {
						t.Error("one notice is seen twice")
					}
					time.Sleep(touchEvery)
				}
				return c.run("ROLLBACK")
			})
			if err := errors.Join(err, <-ended); err != nil || isThere(path+waitingSuffix) {
				t.Errorf("%v; the notice stays: %v", err, isThere(path+waitingSuffix))
			}
		}
	})
}

// A yielding batch is given up when others give notice, whatever of it is being written. They have
// their turn before it can be put again.
func TestYieldingBatchGivesWay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "yields.db")
	s, other := open(t, path), open(t, path)
	some := make([]callvault.Call, 3*lookEvery)
	for i := range some {
		some[i] = callvault.Call{ID: mustID(t, fmt.Sprint(i+1)), Time: callvault.Time(i) * 1e9, Document: fmt.Appendf(nil, `{"id":"%d"}`, i+1)}
	}
	batch := callvault.NewBatch(some)
	calls := s.Calls("default")
	put := func(yields func(w *change) error) error {
		return s.writeTo(t.Context(), "default", func(c *conn, of company) error {
			return c.change(of, func(w *change) error {
				w.lookout = lookOut(w.path)
				if err := yields(w); err != nil {
					return err
				}
				return w.put(batch, new(callvault.PutResult))
			})
		})
	}
	waits := noticeOf(path, time.Hour)
	for name, yields := range map[string]func(*change) error{
		"calls":  func(*change) error { waits.give(); return nil },
		"counts": func(w *change) error { err := w.put(batch, new(callvault.PutResult)); waits.give(); return err },
	} {
		if err := put(yields); !errors.Is(err, callvault.ErrYielded) {
			t.Errorf("%s: %v", name, err)
		}
	}
	turns := 0
	s.turns.pause = func(d time.Duration) {
		turns++
		if _, err := other.MakeCompany(t.Context(), "another"); err != nil || d <= lockPoll {
			t.Errorf("the lock is free for %v: %v", d, err)
		}
	}
	var err error
	for err == nil { // until a notice comes in the middle
		_, err = calls.Put(t.Context(), batch.Yielding())
	}
	if !errors.Is(err, callvault.ErrYielded) || turns != 1 {
		t.Errorf("%v, %d turns", err, turns)
	}
	waits.end()
	if err := os.WriteFile(path+waitingSuffix, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := calls.Put(t.Context(), batch.Yielding()); err != nil {
		t.Errorf("beside a notice that a killed process left: %v", err)
	}
	if n, err := calls.Count(t.Context(), everything); err != nil || n != len(some) {
		t.Errorf("%d calls, %v", n, err)
	}
}
