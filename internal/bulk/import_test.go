package bulk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/storetest"
)

func TestImport(t *testing.T) {
	var m memory
	var r recorder
	im := Import{Calls: &m, Report: &r, AppURL: "https://app.example.com", Workspace: "7"}
	result, err := im.Run(t.Context(), []Source{
		text("a.ndjson", `{"id":"1",`+at+`}`, `{"id":"x",`+at+`,"duration":-1}`, `{"id":"2",`+at+`,"url":"u","workspaceId":"8"}`),
		text("b.json", `nonsense`),
		text("c.csv", `id,started,team`, `3,2018-02-18T02:30:00Z,red`, `1,2018-02-18T02:30:00Z,`, `4,,`),
	})
	if want := "b.json: column id and column started or scheduled not found"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got error %v, want %s", err, want)
	}
	if want := (Result{callvault.PutResult{Created: 2}, 3, 1}); result != want {
		t.Errorf("got %+v, want %+v", result, want)
	}

	result, err = im.Run(t.Context(), []Source{
		text("a.ndjson", `{"id":"1",`+at+`}`, `{"id":"x",`+at+`,"duration":-1}`, `{"id":"2",`+at+`,"url":"u","workspaceId":"8"}`),
		text("c.csv", `id,started,team`, `3,2018-02-18T02:30:00Z,red`, `1,2018-02-18T02:30:00Z,`, `4,,`),
	})
	if err != nil {
		t.Error(err)
	}
	if want := (Result{callvault.PutResult{Created: 1, Unchanged: 2}, 6, 2}); result != want {
		t.Errorf("got %+v, want %+v", result, want)
	}
	if got, want := result.String(), "6 records: 1 created, 0 changed, 2 unchanged, 1 superseded by a later record with the same id, 2 skipped"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	problem := `a.ndjson:2: duration: "-1" is not a whole number of at least 0`
	want := []string{
		problem,
		"committed [a.ndjson:3] {Created:2 Changed:0 Unchanged:0}",
		problem,
		`c.csv:1: unknown columns are kept as further fields: "team"`,
		`c.csv:4: started: must not be null when scheduled is null too`,
		`committed [a.ndjson:3 c.csv:4] {Created:1 Changed:0 Unchanged:2}`,
	}
	if diff := cmp.Diff(want, r.all()); diff != "" {
		t.Error(diff)
	}
	for i, want := range []string{`"url":"https://app.example.com/call?id=1"`, `"workspaceId":"8"`, `"team":"red"`} {
		if !strings.Contains(m.documents[i], want) {
			t.Errorf("%s has no %s", m.documents[i], want)
		}
	}
	if strings.Contains(m.documents[1], "app.example.com") || !strings.Contains(m.documents[0], `"workspaceId":"7"`) {
		t.Errorf("%q", m.documents)
	}
}

// numbered writes n records of at least size bytes, each on its line.
func numbered(n, size int) Source {
	in, out := io.Pipe()
	go func() {
		title := strings.Repeat("x", size)
		for i := range n {
			if _, err := fmt.Fprintf(out, `{"id":"%d",%s,"title":"%s"}`+"\n", i+1, at, title); err != nil {
				return
			}
		}
		out.Close()
	}()
	return source("numbered", in)
}

func TestImportInBatches(t *testing.T) {
	for _, tt := range []struct {
		name    string
		n, size int
		batches string
	}{
		{"by number", maxCalls + 7, 0, "[50000 7]"},
		{"by size", 1000, 62_000, "[369 369 262]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var m memory
			im := Import{Calls: &m, Report: &recorder{}}
			// In a bubble no time passes while records come.
			synctest.Test(t, func(t *testing.T) {
				result, err := im.Run(t.Context(), []Source{numbered(tt.n, tt.size)})
				if err != nil || result.Created != tt.n {
					t.Fatalf("%+v, %v", result, err)
				}
			})
			if got := fmt.Sprint(m.batches); got != tt.batches {
				t.Errorf("batches %s, want %s", got, tt.batches)
			}
			for i, d := range m.documents {
				if !strings.HasPrefix(d, fmt.Sprintf(`{"id":"%d",`, i+1)) {
					t.Fatalf("document %d is %.40s", i, d)
				}
			}
		})
	}
}

// The memory of a batch is used again.
func TestBatchMemory(t *testing.T) {
	p := pending{most: maxCalls}
	c := storetest.Bare("1")
	c.Title = new(strings.Repeat("x", 60_000))
	fill := func() {
		for p.reset(); !p.isFull(); {
			if err := p.add(&c, "", &Record{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	fill()
	first := len(p.chunks)
	fill()
	if len(p.chunks) != first || first*chunkSize > maxBytes {
		t.Errorf("%d chunks, then %d", first, len(p.chunks))
	}
}

// What came from a slow source is committed although no more comes.
func TestImportOfASlowSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m memory
		var r recorder
		in, out := io.Pipe()
		im := Import{Calls: &m, Report: &r, Endless: true}
		var err error
		go func() { _, err = im.Run(t.Context(), []Source{source("-", in)}) }()
		fmt.Fprintln(out, `{"id":"1",`+at+`}`)
		time.Sleep(commitEvery - 1)
		synctest.Wait()
		if early := r.all(); len(early) != 0 {
			t.Errorf("too early: %q", early)
		}
		time.Sleep(1 * time.Nanosecond)
		synctest.Wait()
		fmt.Fprintln(out, `{"id":"2",`+at+`}`)
		time.Sleep(2 * commitEvery)
		synctest.Wait()
		want := []string{"committed [-:1] {Created:1 Changed:0 Unchanged:0}", "committed [-:2] {Created:1 Changed:0 Unchanged:0}"}
		if diff := cmp.Diff(want, r.all()); diff != "" {
			t.Error(diff)
		}
		out.Close()
		synctest.Wait()
		if err != nil {
			t.Error(err)
		}
	})
}

// A source that never stops, but gives little at a time, is committed every second.
func TestImportOfATrickle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m memory
		in, out := io.Pipe()
		go func() {
			for i := range 35 {
				fmt.Fprintf(out, `{"id":"%d",%s}`+"\n", i+1, at)
				time.Sleep(commitEvery / 10)
			}
			out.Close()
		}()
		im := Import{Calls: &m, Report: &recorder{}, Endless: true}
		if _, err := im.Run(t.Context(), []Source{source("-", in)}); err != nil {
			t.Fatal(err)
		}
		if len(m.batches) != 4 || slices.Max(m.batches) > 11 {
			t.Errorf("batches %v", m.batches)
		}
	})
}

// While a batch is being put, the next is filled and not hurried.
func TestImportWhilePutting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory{put: func() error { time.Sleep(5 * commitEvery); return nil }}
		in, out := io.Pipe()
		go func() {
			for i := range 4 {
				fmt.Fprintf(out, `{"id":"%d",%s}`+"\n", i+1, at)
				time.Sleep(commitEvery + 1)
			}
			out.Close()
		}()
		im := Import{Calls: &m, Report: &recorder{}, Endless: true}
		if _, err := im.Run(t.Context(), []Source{source("-", in)}); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(m.batches); got != "[1 3]" {
			t.Errorf("batches %s", got)
		}
	})
}

func TestImportFails(t *testing.T) {
	broken := errors.New("disk on fire")
	one := `{"id":"1",` + at + `}` + "\n"
	for _, tt := range []struct {
		name    string
		put     error
		source  Source
		want    string
		created int
	}{
		{"a file that isn't there", nil, Source{"x", func() (io.ReadCloser, error) { return nil, broken }}, "disk on fire", 0},
		{"a source that breaks", nil, source("x", io.MultiReader(strings.NewReader(one), iotest.ErrReader(broken))), "x:2: disk on fire; the rest was not read", 1},
		{"a source that breaks at once", nil, source("x", iotest.ErrReader(broken)), "x: disk on fire", 0},
		{"a store that breaks", broken, source("x", strings.NewReader(one)), "disk on fire", 0},
		{"a store that breaks early", broken, numbered(3*maxCalls, 0), "disk on fire", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			im := Import{Calls: &memory{put: func() error { return tt.put }}, Report: &recorder{}}
			result, err := im.Run(t.Context(), []Source{tt.source})
			if err == nil || err.Error() != tt.want || !errors.Is(err, broken) {
				t.Errorf("got error %v, want %s", err, tt.want)
			}
			if result.Created != tt.created {
				t.Errorf("%+v", result)
			}
		})
	}
}

// A store that breaks ends an import that waits for its source, and so does
// an interrupt.
func TestImportStopsWaiting(t *testing.T) {
	broken := errors.New("disk on fire")
	for _, tt := range []struct {
		name string
		put  error
		want error
	}{
		{"a store that breaks", broken, broken},
		{"an interrupt", nil, context.Canceled},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, interrupt := context.WithTimeout(t.Context(), 10*commitEvery)
				defer interrupt()
				in, out := io.Pipe()
				defer out.Close()
				im := Import{Calls: &memory{put: func() error { return tt.put }}, Report: &recorder{}, Endless: true}
				go fmt.Fprintln(out, `{"id":"1",`+at+`}`)
				time.AfterFunc(3*commitEvery, interrupt)
				if _, err := im.Run(ctx, []Source{source("-", in)}); !errors.Is(err, tt.want) {
					t.Errorf("got %v, want %v", err, tt.want)
				}
			})
		})
	}
}

func TestCheck(t *testing.T) {
	var r recorder
	im := Import{Report: &r}
	result, err := im.Check(t.Context(), []Source{
		text("a", `{"id":"1",`+at+`}`, `{"id":"2"}`),
		text("b", `{"id":"3",`+at+`}`, `{"id":`),
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := (Result{Read: 4, Skipped: 2}); result != want {
		t.Errorf("got %+v, want %+v", result, want)
	}
	want := []string{"a:2: started: must not be null when scheduled is null too", "b:2: : not valid JSON: it ends too early"}
	if diff := cmp.Diff(want, r.all()); diff != "" {
		t.Error(diff)
	}
}

// An empty file under a name that promises more is an error; one that may be
// empty is not.
func TestEmptyFiles(t *testing.T) {
	for _, name := range []string{"a.parquet", "a.csv.GZ", "a.ndjson.zst"} {
		im := Import{Calls: &memory{}, Report: &recorder{}}
		_, err := im.Run(t.Context(), []Source{source(name, strings.NewReader(""))})
		if err == nil || !strings.HasPrefix(err.Error(), name+": the file is empty") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, in := range map[string]string{"a.ndjson": "", "a.json": "", "-": "", "a.gz": string(gzipped(t, "")), "a.zst": string(zstandard(t, ""))} {
		im := Import{Calls: &memory{}, Report: &recorder{}}
		if result, err := im.Run(t.Context(), []Source{source(name, strings.NewReader(in))}); err != nil || result.Read != 0 {
			t.Errorf("%s: %+v, %v", name, result, err)
		}
	}
}
