package sqlite

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// A journal without its store is refused if it can bring pages of the store back, and does
// no harm if the store was just being made when the power went.
func TestJournalWithoutStore(t *testing.T) {
	for name, tt := range map[string]struct {
		journal []byte
		orphan  bool
	}{
		"empty":          {nil, false},
		"without header": {make([]byte, 512), false},
		"of a new store": {journalOf(0), false},
		"of a store":     {journalOf(12), true},
	} {
		path := filepath.Join(t.TempDir(), "calls.db")
		if err := os.WriteFile(path+"-journal", tt.journal, 0o600); err != nil {
			t.Fatal(err)
		}
		orphan := (*OrphanError)(nil)
		if err := CheckOrphans(path); errors.As(err, &orphan) != tt.orphan {
			t.Errorf("a journal %s: %v", name, err)
		}
		if tt.orphan {
			continue
		}
		store, err := Open(t.Context(), path)
		if err != nil {
			t.Errorf("a journal %s: %v", name, err)
			continue
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}
}

// journalOf is the header of a journal of a store with so many pages.
func journalOf(pages uint32) []byte {
	header := append([]byte("\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"), make([]byte, 504)...)
	binary.BigEndian.PutUint32(header[16:], pages)
	return header
}
