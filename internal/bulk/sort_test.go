package bulk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callvault/callvault"
)

// people is a directory that keeps what is put. Only what an import uses is there.
type people struct {
	callvault.Directory
	users map[string]string
}

func (d *people) Put(_ context.Context, _ callvault.Kind, entries []callvault.Entry) (r callvault.PutResult, err error) {
	for _, e := range entries {
		if d.users == nil {
			d.users = make(map[string]string)
		}
		d.users[e.ID.String()] = string(e.Document)
	}
	return r, nil
}

// stored are the titles of calls by their ids.
func (m *memory) stored() map[string]string {
	titles := make(map[string]string)
	for id, i := range m.index {
		_, title, _ := strings.Cut(m.documents[i], `"title":"`)
		title, _, _ = strings.Cut(title, `"`)
		titles[id.String()] = title
	}
	return titles
}

// randomFiles are records of few ids at any times, each of which is known by its title, and what
// an obvious filter keeps of them: of each id the last record, but none of another client.
func randomFiles(random *rand.Rand, clientsOfID int) (files []Source, titles, users map[string]string, read, refused int) {
	titles, users = make(map[string]string), make(map[string]string)
	clients := make(map[int]string)
	sorted := random.IntN(4) == 0
	minute := 0
	for range 1 + random.IntN(3) {
		var lines []string
		for range random.IntN(120) {
			read++
			title := fmt.Sprint(read)
			if random.IntN(10) == 0 {
				id := fmt.Sprint(1 + random.IntN(9))
				lines = append(lines, fmt.Sprintf(`{"users":[{"id":%q,"title":%q}]}`, id, title))
				users[id] = title
				continue
			}
			if minute++; !sorted {
				minute = random.IntN(60 * 24)
			}
			started := time.Date(2026, 1, 1, 0, minute, 0, 0, time.UTC).Format(time.RFC3339)
			id, client, value := 1+random.IntN(200), "", "null"
			if id > 150 {
				client = string(rune('a' + random.IntN(clientsOfID)))
				value = `"` + client + `"`
			}
			lines = append(lines, fmt.Sprintf(`{"id":"%d","started":%q,"title":%q,"clientUniqueId":%s}`, id, started, title, value))
			if before := clients[id]; before != "" && before != client {
				refused++
				continue
			}
			clients[id], titles[fmt.Sprint(id)] = client, title
		}
		files = append(files, text(fmt.Sprint("file", len(files)), lines...))
	}
	return files, titles, users, read, refused
}

// Whatever the order of the records, the size of a batch and the room on the disk are, and
// however an import is made: what is kept is what an obvious filter keeps, and nothing is left.
func TestLaterRecordsWin(t *testing.T) {
	for seed := range uint64(400) {
		random := rand.New(rand.NewPCG(seed, 3))
		isFull := random.IntN(3) == 0
		isChecked, clientsOfID := !isFull && random.IntN(2) == 0, 1
		if isChecked { // with a batch that is put at once another rule goes for its own records
			clientsOfID = 2
		}
		files, titles, users, read, refused := randomFiles(random, clientsOfID)
		var m memory
		var d people
		im := Import{Calls: &m, Directory: &d, Report: &recorder{}, Folder: t.TempDir(), most: 1 + random.IntN(40), Endless: random.IntN(4) == 0}
		im.free = func(string) (int64, bool) { return random.Int64N(16 << 20), isFull }
		var result Result
		var err error
		if isChecked {
			if result, err = im.Check(t.Context(), files); result.Skipped != refused {
				t.Errorf("seed %d: a check refuses %d records, want %d", seed, result.Skipped, refused)
			}
			if len(m.batches) > 0 {
				t.Errorf("seed %d: a check puts %v", seed, m.batches)
			}
			if err == nil {
				result, err = im.Put(t.Context())
			}
		} else {
			result, err = im.Run(t.Context(), files)
		}
		if err != nil || result.Read != read || result.Skipped != refused {
			t.Fatalf("seed %d: %+v, want %d records, %d refused; %v", seed, result, read, refused, err)
		}
		if diff := cmp.Diff(titles, m.stored()); diff != "" {
			t.Fatalf("seed %d: %s", seed, diff)
		}
		for id, title := range users {
			if !strings.Contains(d.users[id], `"`+title+`"`) {
				t.Fatalf("seed %d: user %s is %s, want the title %s", seed, id, d.users[id], title)
			}
		}
		if isChecked {
			if len(d.users) != len(users) || result.Created != len(titles) {
				t.Errorf("seed %d: %+v for %d calls", seed, result, len(titles))
			}
			if !slices.IsSortedFunc(m.documents, func(a, b string) int { return strings.Compare(startOf(a), startOf(b)) }) {
				t.Errorf("seed %d: a checked input is not put in order", seed)
			}
		}
		if left, err := os.ReadDir(im.Folder); err != nil || len(left) > 0 {
			t.Errorf("seed %d: %v are left, %v", seed, left, err)
		}
	}
}

func startOf(document string) string {
	_, started, _ := strings.Cut(document, `"started":"`)
	return started[:len("2026-01-01T00:00")]
}

// minutes are records that start at minutes, each with an id of its own.
func minutes(name string, of ...int) Source {
	var lines []string
	for i, minute := range of {
		lines = append(lines, fmt.Sprintf(`{"id":"%d%d","started":"2026-01-01T00:%02d:00Z"}`, name[0], i, minute))
	}
	return text(name, lines...)
}

// Runs that follow each other are put as they come, and acknowledged by line. From the first
// one that does not, the rest is sorted, and acknowledged when all of it is kept.
func TestOnlyOverlappingRunsAreSorted(t *testing.T) {
	for _, tt := range []struct {
		name    string
		sources []Source
		want    []string
	}{
		{"one run", []Source{minutes("a", 3, 1, 2)}, []string{"[a:3] 3"}},
		{"in order", []Source{minutes("a", 2, 1, 3, 5, 4, 6, 7)}, []string{"[a:3] 3", "[a:6] 3", "[a:7] 1"}},
		{"files in order", []Source{minutes("a", 1, 2), minutes("b", 3, 4, 5)}, []string{"[a:2 b:1] 3", "[b:3] 2"}},
		{"newest first", []Source{minutes("a", 7, 6, 5, 4, 3, 2, 1)}, []string{"[] 3", "[] 3", "[a] 1"}},
		{"from the third run on", []Source{minutes("a", 1, 2, 3, 4, 5, 6, 9, 8, 1, 0), minutes("b", 7)}, []string{"[a:3] 3", "[a:6] 3", "[] 3", "[a b] 2"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var a acknowledged
			im := Import{Calls: &a.memory, Report: &a, Folder: t.TempDir(), most: 3}
			if _, err := im.Run(t.Context(), tt.sources); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, a.lines); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A sorted input that breaks off is acknowledged up to the line that was read.
func TestBrokenInputIsSorted(t *testing.T) {
	var a acknowledged
	im := Import{Calls: &a.memory, Report: &a, Folder: t.TempDir(), most: 2}
	lines := `{"id":"1","started":"2026-01-04T00:00:00Z"}` + "\n" + `{"id":"2","started":"2026-01-03T00:00:00Z"}` + "\n" + `{"id":"3","started":"2026-01-02T00:00:00Z"}` + "\n"
	_, err := im.Run(t.Context(), []Source{
		source("a", strings.NewReader(strings.ReplaceAll(lines, `id":"`, `id":"1`))),
		source("b", strings.NewReader(lines+"[")),
	})
	if err == nil || !strings.HasPrefix(err.Error(), "b:4: ") {
		t.Errorf("got %v", err)
	}
	if want := []string{"[] 2", "[] 2", "[a b:3] 2"}; !slices.Equal(a.lines, want) {
		t.Errorf("got %q, want %q", a.lines, want)
	}
}

// What breaks while records are sorted or put ends the import, and leaves no file.
func TestSortingFails(t *testing.T) {
	broken := errors.New("disk on fire")
	reverse := slices.Collect(func(yield func(int) bool) {
		for i := range 60 {
			yield(59 - i)
		}
	})
	for _, tt := range []struct {
		name   string
		change func(t *testing.T, im *Import, m *memory)
		want   error
		kept   int
	}{
		{"the store at once", func(_ *testing.T, _ *Import, m *memory) { m.put = func() error { return broken } }, broken, 0},
		{"the store later", func(_ *testing.T, _ *Import, m *memory) {
			m.put = func() error {
				if len(m.batches) == 2 {
					return broken
				}
				return nil
			}
		}, broken, 20},
		{"no folder, and then the store", func(_ *testing.T, im *Import, m *memory) {
			im.Folder += "/none" // records are put as they come
			m.put = func() error {
				if len(m.batches) == 3 {
					return broken
				}
				return nil
			}
		}, broken, 30},
	} {
		t.Run(tt.name, func(t *testing.T) {
			folder := t.TempDir()
			var m memory
			im := Import{Calls: &m, Report: &recorder{}, Folder: folder, most: 10}
			tt.change(t, &im, &m)
			result, err := im.Run(t.Context(), []Source{minutes("a", reverse...)})
			if !errors.Is(err, tt.want) || result.Created != tt.kept || len(m.documents) != tt.kept {
				t.Errorf("%+v, %v; %d calls are kept", result, err, len(m.documents))
			}
			if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
				t.Errorf("%v are left, %v", left, err)
			}
		})
	}
}

// An interrupt while records are sorted keeps nothing, and one while they are put keeps whole
// batches.
func TestSortingIsInterrupted(t *testing.T) {
	for _, batches := range []int{0, 3} {
		folder := t.TempDir()
		ctx, interrupt := context.WithCancel(t.Context())
		var m memory
		m.put = func() error {
			if len(m.batches) == batches {
				interrupt()
			}
			return nil
		}
		in := io.Reader(strings.NewReader(newestFirst(50)))
		if batches == 0 {
			in = io.MultiReader(in, interrupting{interrupt})
		}
		im := Import{Calls: &m, Report: &recorder{}, Folder: folder, most: 10}
		result, err := im.Run(ctx, []Source{source("a", in)})
		if !errors.Is(err, context.Canceled) || result.Created != 10*batches || len(m.documents) != 10*batches {
			t.Errorf("%+v, %v; %d calls are kept, want %d", result, err, len(m.documents), 10*batches)
		}
		if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
			t.Errorf("%v are left, %v", left, err)
		}
	}
}

// interrupting ends a source by an interrupt.
type interrupting struct{ interrupt func() }

func (i interrupting) Read([]byte) (int, error) {
	i.interrupt()
	return 0, io.EOF
}

func newestFirst(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"id":"%d","started":"2026-01-01T00:%02d:00Z"}`+"\n", i+1, n-i)
	}
	return b.String()
}

// A check of records that are far apart knows that they have one id, of one client or of two.
func TestCheckAcrossRuns(t *testing.T) {
	var r recorder
	im := Import{Report: &r, Folder: t.TempDir(), most: 2, Show: func([]byte) {}}
	line := func(id, client string) string { return fmt.Sprintf(`{"id":%q,%s,"clientUniqueId":%q}`, id, at, client) }
	result, err := im.Check(t.Context(), []Source{text("a", line("1", "x"), line("2", "y")), text("b", line("3", "z"), line("4", "y"), line("1", "w"), line("2", "y"))})
	if err != nil || result.Skipped != 1 || result.Read != 6 {
		t.Errorf("%+v, %v", result, err)
	}
	want := `b:3: clientUniqueId: differs from that of a record before it with the id 1; give one of the two calls another id`
	if got := slices.DeleteFunc(r.all(), func(line string) bool { return line == "sorted" }); !slices.Equal(got, []string{want}) {
		t.Errorf("got %q, want %s", got, want)
	}
	if err := im.Close(); err != nil {
		t.Error(err)
	}
}

// A check needs room to sort, and says so. Other imports put what they can't sort as it comes.
func TestNoRoomToSort(t *testing.T) {
	var a acknowledged
	im := Import{Calls: &a.memory, Report: &a, Folder: t.TempDir(), most: 2, free: func(string) (int64, bool) { return 3<<20 - 1, true }}
	_, err := im.Check(t.Context(), []Source{minutes("a", 3, 2, 1)})
	if want := "the disk of " + im.Folder + " has no room to sort the records; make room there, or leave out --strict and --dry-run"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := im.Close(); err != nil {
		t.Error(err)
	}
	if result, err := im.Run(t.Context(), []Source{minutes("a", 5, 4, 3, 2, 1)}); err != nil || result.Created != 5 {
		t.Errorf("%+v, %v", result, err)
	}
	if want := []string{"[a:2] 2", "[a:4] 2", "[a:5] 1"}; !slices.Equal(a.lines, want) {
		t.Errorf("got %q, want %q", a.lines, want)
	}
}
