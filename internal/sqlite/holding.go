package sqlite

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync/atomic"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/file"
)

const (
	// Reads look at the files this often.
	glanceEvery = 2 * time.Second

	// A process that opens or closes a store has it open without a log for some
	// milliseconds. After this long the log was removed.
	withoutLog = 5 * time.Second
	lookAgain  = 20 * time.Millisecond

	storeIDSQL = `SELECT id FROM store`
)

// holding is the set of files that a store has open. When somebody moves, removes or
// replaces them, SQLite keeps writing to the old ones, and opens the new ones for the
// next connection.
type holding struct {
	files []heldFile // the store's own first
	id    [16]byte   // of the store in the file; zero: not compared
	now   func() time.Time

	looked atomic.Int64 // the time of the last look, in nanoseconds
	lost   atomic.Pointer[error]
	tell   atomic.Pointer[func(error)] // called once with lost, unless nil
}

type heldFile struct {
	name  string
	info  fs.FileInfo
	isLog bool // or the index of the log
}

// hold records the files of a connection that has read from them. before is the store's
// file as it was before it was opened. A link is recorded too: somebody may point it at
// another file.
func (c *conn) hold(before fs.FileInfo, named string) (*holding, error) {
	files := []heldFile{{name: c.path, info: before}}
	if named != c.path {
		files = append(files, heldFile{name: named, info: before})
	}
	for _, name := range []string{c.path + "-wal", c.path + "-shm"} {
		info, err := os.Stat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // a read-only backup has none
		}
		if err != nil {
			return nil, err
		}
		files = append(files, heldFile{name, info, true})
	}
	h := newHolding(files...)
	var err error
	if h.id, err = c.storeID(); err != nil && kindOf(err) != corrupt {
		return nil, err
	}
	return h, h.check()
}

func newHolding(files ...heldFile) *holding {
	for _, f := range files {
		os.SameFile(f.info, f.info) // Windows looks up a file's number when it is first compared
	}
	return &holding{now: time.Now, files: files}
}

// storeID is the id of the store that a connection reads.
func (c *conn) storeID() (id [16]byte, err error) {
	err = c.each(func(st *stmt) error {
		st.ColumnBytes(0, id[:])
		return nil
	}, storeIDSQL)
	return id, err
}

// check returns ErrReplaced when the files are no longer the recorded ones. From then on
// it always does, even if they are put back: somebody may have written in between.
func (h *holding) check() error {
	if lost := h.lost.Load(); lost != nil {
		return *lost
	}
	h.looked.Store(h.now().UnixNano())
	for _, f := range h.files {
		now, err := os.Stat(f.name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return h.lose(f, "was moved or removed")
		case err != nil:
			return err
		case !os.SameFile(now, f.info):
			return h.lose(f, "was replaced by another file")
		}
	}
	return nil
}

// glance is check at most once in glanceEvery.
func (h *holding) glance() error {
	if lost := h.lost.Load(); lost != nil {
		return *lost
	}
	if age := h.now().UnixNano() - h.looked.Load(); age >= 0 && age < int64(glanceEvery) {
		return nil
	}
	return h.check()
}

// checkWithin is check, and also compares the id of the store that a connection reads.
func (h *holding) checkWithin(c *conn) error {
	if err := h.check(); err != nil || h.id == ([16]byte{}) {
		return err
	}
	id, err := c.storeID()
	if err == nil && id != h.id {
		err = h.lose(h.files[0], "was overwritten with another store")
	}
	return err
}

// lose gives up the store for good because of one of its files.
func (h *holding) lose(f heldFile, how string) error {
	advice := "start again"
	if f.isLog {
		advice = "end everything that has " + h.files[0].name + " open, then " + advice
	}
	err := fmt.Errorf("%w: %s %s; %s", callvault.ErrReplaced, f.name, how, advice)
	if h.lost.CompareAndSwap(nil, &err) {
		if tell := h.tell.Load(); tell != nil {
			(*tell)(err)
		}
	}
	return *h.lost.Load()
}

// hasStranger tells whether the log beside the store belongs to another process. SQLite
// would remove it when it closes the last connection.
func (h *holding) hasStranger() bool {
	for _, f := range h.files {
		if now, err := os.Stat(f.name); f.isLog && err == nil && !os.SameFile(now, f.info) {
			return true
		}
	}
	return false
}

// WhenReplaced sets a function that is called once, when the store finds that its files
// were replaced. Every method fails from then on.
func (s *Store) WhenReplaced(f func(error)) { s.held.tell.Store(&f) }

// Identity combines the id in the file with the file's device and inode.
func (s *Store) Identity(ctx context.Context) (text string, err error) {
	err = s.read(ctx, func(c *conn) error {
		if err := s.held.check(); err != nil {
			return err
		}
		id, err := c.storeID()
		sum := sha256.Sum256(fmt.Appendf(nil, "%x %s", id, file.Place(s.held.files[0].info)))
		text = hex.EncodeToString(sum[:16])
		return err
	})
	return text, callvault.Doing(err, "identify %s", s.path)
}

// checkLog refuses a store whose log was removed while another process has it open. That
// process keeps using the removed log. It would not see what is written to a new one, and
// would overwrite it in the end.
func checkLog(ctx context.Context, path string) error {
	return untilRight(ctx, func() error {
		missing := missingLog(path)
		if missing == "" || !isInUse(path) {
			return nil
		}
		return fmt.Errorf("%s was removed while another process has %s open; end that process, then run this again", missing, path)
	})
}

// checkIndex refuses to read a log without its index, or an index without its log. A
// reader would make a new index, whose locks a process with the old one does not see: the
// next writer and that process would write over each other's log.
func checkIndex(ctx context.Context, path string) error {
	return untilRight(ctx, func() error {
		log, index := path+"-wal", path+"-shm"
		if isThere(log) == isThere(index) {
			return nil
		}
		if isThere(log) {
			log, index = index, log
		}
		return fmt.Errorf("%s exists without %s; end every process that has %s open, then run callvault check", index, log, path)
	})
}

// untilRight repeats a look at the files of a store until nothing is wrong with them, for as
// long as another process may be opening or closing it.
func untilRight(ctx context.Context, look func() error) error {
	for begun := time.Now(); ; {
		err := look()
		if err == nil || time.Since(begun) > withoutLog {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(lookAgain):
		}
	}
}

// missingLog is the name of the file that is missing beside a store, or empty. An empty
// store never had a log.
func missingLog(path string) string {
	if info, err := os.Stat(path); err != nil || info.Size() == 0 || !info.Mode().IsRegular() {
		return ""
	}
	for _, name := range []string{path + "-wal", path + "-shm"} {
		if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
			return name
		}
	}
	return ""
}

// isInUse tells whether any process has a store open. SQLite asks, because to open and close
// the file here would drop this process's locks; in exclusive mode it takes the lock before it
// makes a log. A file that can't be written has no log that could be missed.
func isInUse(path string) bool {
	if file.CheckAccess(path, os.O_RDWR) != nil {
		return false
	}
	c, err := openFile(path, path, toWrite)
	if err == nil {
		defer c.Close()
		err = c.once("PRAGMA locking_mode = EXCLUSIVE")
	}
	if err == nil {
		_, err = c.pragma("schema_version")
	}
	return mayBeInUse(err)
}

// mayBeInUse tells what it means that a store could not be locked: it may be in use, unless
// opening it fails too and says why.
func mayBeInUse(err error) bool {
	switch kindOf(err) {
	case cantOpen, corrupt, notSQLite:
		return false
	}
	return err != nil
}
