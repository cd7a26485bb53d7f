package sqlite

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/callvault/callvault"
)

const (
	pageSize = 16384
	manyRows = 1200
)

// storedFile is a store that is closed, and what is in it.
type storedFile struct {
	path  string
	calls map[callvault.ID]string // documents
}

// fillFile makes a store of many calls on many pages, in two workspaces.
func fillFile(t *testing.T) storedFile {
	t.Helper()
	f := storedFile{filepath.Join(t.TempDir(), "calls.db"), make(map[callvault.ID]string)}
	f.write(t, "title", 0, manyRows)
	return f
}

// another is a store of its own with the same content.
func (f storedFile) another(t *testing.T) storedFile {
	t.Helper()
	path := filepath.Join(t.TempDir(), "calls.db")
	copyFile(t, path, f.path)
	return storedFile{path, f.calls}
}

func copyFile(t *testing.T, to, from string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// write puts calls with a title of five letters.
func (f *storedFile) write(t *testing.T, title string, from, to int) {
	t.Helper()
	s, err := Open(t.Context(), f.path)
	if err != nil {
		t.Fatal(err)
	}
	var batch []callvault.Call
	for i := from; i < to; i++ {
		c := callvault.Call{ID: mustID(t, fmt.Sprint(i+1)), Time: callvault.Time(i) * 100_000_000, Workspace: mustID(t, fmt.Sprint(1+i%2)),
			Document: fmt.Appendf(nil, `{"id":"%d","title":"%s %d","more":"%s"}`, i+1, title, i, strings.Repeat("x", 300))}
		f.calls[c.ID] = string(c.Document)
		batch = append(batch, c)
	}
	_, err = s.Calls("default").Put(t.Context(), callvault.NewBatch(batch))
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
}

func (f *storedFile) bytes(t *testing.T) []byte {
	t.Helper()
	content, err := os.ReadFile(f.path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// leaves are the leaf pages of a table or an index, in its order, each the part of content.
func (f *storedFile) leaves(t *testing.T, name string, content []byte) (leaves [][]byte) {
	t.Helper()
	s := open(t, f.path)
	err := s.onWriter(func(c *conn) error {
		return c.each(func(st *stmt) error {
			at := pageSize * (st.ColumnInt(0) - 1)
			leaves = append(leaves, content[at:at+pageSize])
			return nil
		}, "SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf' ORDER BY path", name)
	})
	if err = errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	return leaves
}

// check reads in every way, by pages of several sizes. What is given out is what was put in,
// once and in order; and a read of everything is an error of damage, or is complete.
func (f *storedFile) check(t *testing.T, content []byte) (damaged int) {
	t.Helper()
	if err := os.WriteFile(f.path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, f.path)
	defer s.Close()
	calls := s.Calls("default")
	for _, workspace := range []string{"", "1", "2"} {
		q := everything
		want := slices.SortedFunc(maps.Keys(f.calls), callvault.ID.Compare)
		if workspace != "" {
			q.Workspace = mustID(t, workspace)
			want = slices.DeleteFunc(want, func(id callvault.ID) bool { return (id[len(id)-1]-workspace[0])%2 != 0 })
		}
		for _, size := range []int{12, 40, 100, -1} {
			for _, back := range []bool{false, true} {
				got, err := f.walk(t, calls, q, size, back)
				if isDamage(err) {
					damaged++
					continue
				}
				if back {
					slices.Reverse(got)
				}
				complete := slices.Equal(got, want)
				if size > 0 && err == nil {
					complete = isPart(got, want)
				}
				if err != nil || !complete {
					t.Errorf("pages of %d, back %t, workspace %q: %d calls of %d, %v", size, back, workspace, len(got), len(want), err)
				}
			}
		}
		visited := 0
		total, err := calls.First(t.Context(), q, -1, func(callvault.Record) error { visited++; return nil })
		if isDamage(err) {
			damaged++
		} else if err != nil || total != len(want) || visited != total {
			t.Errorf("the first page has %d of %d calls, want %d, %v", visited, total, len(want), err)
		}
	}
	return damaged
}

// walk reads all of q page by page, and compares the documents.
func (f *storedFile) walk(t *testing.T, calls callvault.Calls, q callvault.Query, size int, back bool) (ids []callvault.ID, err error) {
	t.Helper()
	at, scan := q.Start(), calls.Scan
	if back {
		at, scan = q.End(), calls.ScanBack
	}
	for {
		n := 0
		err := scan(t.Context(), q, at, size, func(r callvault.Record) error {
			if string(r.Document) != f.calls[r.ID] {
				t.Errorf("call %s is given out as %.60s", r.ID, r.Document)
			}
			ids = append(ids, r.ID)
			at = r.Position()
			n++
			return nil
		})
		if err != nil || n < size || size < 0 {
			return ids, err
		}
		if len(ids) > 2*manyRows {
			return ids, errors.New("the walk does not end")
		}
	}
}

// isPart tells whether got is want, or what is left when some are taken away.
func isPart(got, want []callvault.ID) bool {
	for _, id := range want {
		if len(got) > 0 && got[0] == id {
			got = got[1:]
		}
	}
	return len(got) == 0
}

func isDamage(err error) bool {
	return errors.As(err, new(*callvault.DamageError)) || kindOf(err) == corrupt
}

// found is what Check finds.
func (f *storedFile) found(t *testing.T) string {
	t.Helper()
	s := open(t, f.path)
	defer s.Close()
	return told(t, s.Check)
}

// salvaged is what is salvaged of all calls, and what is said of the others.
func (f *storedFile) salvaged(t *testing.T) (saved int, damaged []string) {
	t.Helper()
	s := open(t, f.path)
	defer s.Close()
	var last callvault.Position
	err := s.Salvage(t.Context(), "default", everything, func(r callvault.Record) error {
		if string(r.Document) != f.calls[r.ID] || r.Time.Buckets()[0].Number < last.Time.Buckets()[0].Number {
			t.Errorf("call %s is salvaged as %.60s", r.ID, r.Document)
		}
		last = r.Position()
		saved++
		return nil
	}, func(d *callvault.DamageError) { damaged = append(damaged, d.Error()) })
	if err != nil {
		t.Error(err)
	}
	return saved, damaged
}

// A byte of a document that a disk has changed is an error wherever the call is read, is
// named by Check, and costs a salvage that one call. A backup of it is refused.
func TestChangedBytes(t *testing.T) {
	sound := fillFile(t)
	for name, change := range map[string]func(row []byte){
		"a byte of a title":            func(row []byte) { row[2] ^= 1 },
		"a byte that becomes a quote":  func(row []byte) { row[2] = '"' },
		"a byte that becomes nothing":  func(row []byte) { row[2] = 0 },
		"a byte of another field":      func(row []byte) { row[25] = 'y' },
		"a digit of a number in a row": func(row []byte) { row[6]++ },
	} {
		t.Run(name, func(t *testing.T) {
			f := sound.another(t)
			content := f.bytes(t)
			change(content[bytes.Index(content, []byte("title 333")):])
			if damaged := f.check(t, content); damaged != 2*(2*4+1) {
				t.Errorf("%d ways of reading tell of it", damaged)
			}
			if found := f.found(t); !strings.Contains(found, "call 334 is damaged: its checksum does not match") {
				t.Errorf("found %s", found)
			}
			if saved, damaged := f.salvaged(t); saved != manyRows-1 || len(damaged) != 1 || !strings.Contains(damaged[0], "call 334 of company default") {
				t.Errorf("salvaged %d, %q", saved, damaged)
			}
			err := Backup(t.Context(), f.path, filepath.Join(t.TempDir(), "backup.db"), func(int64, int64) {})
			if err == nil || !strings.Contains(err.Error(), "call 334 is damaged") {
				t.Errorf("a backup: %v", err)
			}
		})
	}
}

// A leaf page that stands in another's place is an error wherever calls are missing for it
// or there twice, and a salvage has the others, each once and in order.
func TestLeafInWrongPlace(t *testing.T) {
	sound := fillFile(t)
	for _, table := range []string{"documents", "documents_by_workspace"} {
		count := len(sound.leaves(t, table, sound.bytes(t)))
		for _, move := range [][2]int{{0, count - 1}, {count - 1, 0}, {1, 2}, {2, 1}, {count / 2, count/2 + 1}, {count/2 + 1, count / 2}, {count - 2, 1}, {1, count - 2}} {
			if move[0] == move[1] {
				continue
			}
			t.Run(fmt.Sprintf("%s %d to %d of %d", table, move[0], move[1], count), func(t *testing.T) {
				f := sound.another(t)
				content := f.bytes(t)
				leaves := f.leaves(t, table, content)
				lost := bytes.Count(leaves[move[1]], []byte(`"title"`))
				copy(leaves[move[1]], leaves[move[0]])
				if damaged := f.check(t, content); damaged == 0 {
					t.Error("no way of reading tells of it")
				}
				if found := f.found(t); !strings.Contains(found, "SQLite: ") {
					t.Errorf("found %s", found)
				}
				if saved, damaged := f.salvaged(t); saved < manyRows-lost || lost > 0 && len(damaged) == 0 {
					t.Errorf("salvaged %d of %d where %d were lost, %q", saved, manyRows, lost, damaged)
				}
			})
		}
	}
}

// An old leaf page that was put back is told by Check, with the company and the time.
func TestOldLeaf(t *testing.T) {
	f := fillFile(t)
	old := f.bytes(t)
	f.write(t, "after", 300, 301)
	content := f.bytes(t)
	now := f.leaves(t, "documents", content)
	for i, leaf := range f.leaves(t, "documents", old) {
		if bytes.Contains(now[i], []byte("after 300")) {
			copy(now[i], leaf)
		}
	}
	if err := os.WriteFile(f.path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	found := f.found(t)
	for _, want := range []string{
		"company default: call 301 is not where the table ids has it",
		"company default: from 1970-01-01T08:20:00Z to 1970-01-01T08:25:00Z: the calls differ from those that were last written",
	} {
		if !strings.Contains(found, want) {
			t.Errorf("found %s, want %s", found, want)
		}
	}
	s := open(t, f.path)
	err := s.Calls("default").Changes(t.Context(), 0, -1, func(callvault.Record) error { return nil })
	if !isDamage(err) {
		t.Errorf("the changes: %v", err)
	}
	if err := s.Repair(t.Context(), callvault.NoLoss, func(string) {}); !errors.Is(err, callvault.ErrLoss) {
		t.Errorf("a repair: %v", err)
	}
	err = s.Calls("default").Get(t.Context(), []callvault.ID{mustID(t, "301")}, func(callvault.Record) error { return nil })
	if !isDamage(err) {
		t.Errorf("the call: %v", err)
	}
}

// Put and Delete take a damaged call for one that has changed, and leave a sound store.
func TestWriteOverDamage(t *testing.T) {
	sound := fillFile(t)
	for name, write := range map[string]func(calls callvault.Calls, call callvault.Call) error{
		"Put": func(calls callvault.Calls, call callvault.Call) error {
			result, err := calls.Put(t.Context(), callvault.NewBatch([]callvault.Call{call}))
			if err == nil && result.Changed != 1 {
				err = fmt.Errorf("the result is %+v", result)
			}
			return err
		},
		"Delete": func(calls callvault.Calls, call callvault.Call) error {
			_, err := calls.Delete(t.Context(), []callvault.ID{call.ID})
			return err
		},
		"DeleteFirst": func(calls callvault.Calls, call callvault.Call) error {
			q := callvault.Query{Range: callvault.Range{From: call.Time, To: call.Time + 1}, Workspace: call.Workspace}
			_, err := calls.DeleteFirst(t.Context(), q, -1)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := sound.another(t)
			content := f.bytes(t)
			content[bytes.Index(content, []byte("title 333"))]++
			if err := os.WriteFile(f.path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			s := open(t, f.path)
			id := mustID(t, "334")
			call := callvault.Call{ID: id, Time: 333 * 100_000_000, Workspace: mustID(t, "2"), Document: []byte(f.calls[id])}
			if err := write(s.Calls("default"), call); err != nil {
				t.Fatal(err)
			}
			if found := told(t, s.Check); found != "" {
				t.Errorf("found %s", found)
			}
		})
	}
}

// A repair that accepts the loss makes a store of any of this sound again.
func TestRepairOfPages(t *testing.T) {
	sound := fillFile(t)
	for _, table := range []string{"documents", "documents_by_workspace", "ids", "ids_by_number", "counts"} {
		t.Run(table, func(t *testing.T) {
			f := sound.another(t)
			content := f.bytes(t)
			leaves := f.leaves(t, table, content)
			copy(leaves[0], leaves[len(leaves)-1])
			if err := os.WriteFile(f.path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			s := open(t, f.path)
			if err := s.Repair(t.Context(), callvault.AcceptLoss, func(string) {}); err != nil {
				t.Fatal(err)
			}
			if found := told(t, s.Check); found != "" {
				t.Errorf("found %s", found)
			}
		})
	}
}
