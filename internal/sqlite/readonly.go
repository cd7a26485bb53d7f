package sqlite

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/callvault/callvault/internal/file"
)

var errReadOnly = errors.New("the store was opened read-only")

// OpenReadOnly opens an existing store and changes nothing in it; writes fail. An older
// schema may lack what a caller asks for, and a newer one that this program can't use is
// ErrSchemaNewer. If the store has a log, SQLite keeps an index of it (FILE-shm), as for
// every reader; otherwise it reads without a lock and makes no file.
func OpenReadOnly(ctx context.Context, path string) (*Store, error) {
	if err := checkThere(path); err != nil {
		return nil, err
	}
	path, err := file.Follow(path)
	if err != nil {
		return nil, err
	}
	s := newStore(path, leastReaders, openToRead)
	before, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if err := checkRegular(path, before); err != nil {
		return nil, err
	}
	c, err := openToRead(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("open %w", explain(path, err))
	}
	// The log may come and go, because only other processes write.
	s.held = newHolding(heldFile{name: path, info: before})
	s.readers <- c
	return s, nil
}

// OpenToRead is OpenExisting for a store that is only read. It is an error if this program
// would have to migrate the schema.
func OpenToRead(ctx context.Context, path string) (*Store, error) {
	look, err := OpenReadOnly(ctx, path)
	if err != nil {
		return nil, err
	}
	have, known, err := look.Schema(ctx)
	if err = errors.Join(err, look.Close()); err != nil {
		return nil, err
	}
	if have < known {
		return nil, fmt.Errorf("%s was written by an older callvault; migrate it first: callvault check --db %[1]s", path)
	}
	return Open(ctx, path)
}

// openToRead opens a connection that reads. As long as there is no log it takes
// the file for one that does not change.
func openToRead(ctx context.Context, path string) (*conn, error) {
	name, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := checkIndex(ctx, path); err != nil {
		return nil, err
	}
	// In a URI a drive stands after a slash, as in /C:/calls.db.
	uri := url.URL{Scheme: "file", Path: "/" + strings.TrimPrefix(filepath.ToSlash(name), "/")}
	if !isThere(path + "-wal") {
		uri.RawQuery = "immutable=1"
	}
	c, err := openFile(uri.String(), path, fromURI)
	if err != nil {
		return nil, err
	}
	c.waitForLocksForEver()
	if err := checkSchema(ctx, c); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// Schema is how many migrations have run on the store and how many this program
// knows.
func (s *Store) Schema(ctx context.Context) (have, known int, err error) {
	err = s.read(ctx, func(c *conn) error {
		have, err = version(c)
		return err
	})
	return have, schema, err
}
