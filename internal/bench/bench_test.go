package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// The tests are their own yardstick, as the program is.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == bytesCommand {
		main()
		return
	}
	os.Exit(m.Run())
}

// Every row is measured once, as short as can be, and each figure is of its kind.
func TestRows(t *testing.T) {
	onLinux(t)
	o, err := parseOptions([]string{"-calls", fmt.Sprint(leastCalls), "-rounds", "1", "-seconds", "1ms", "-variety", "20"}, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	var out, progress strings.Builder
	if err := measure(t.Context(), o, &out, &progress); err != nil {
		t.Fatal(err)
	}
	t.Log(out.String())
	rows := rowsOf(out.String())
	want := []string{"import, shuffled", "import, in order", "export, NDJSON", "export, CSV"}
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		if engine == "PostgreSQL" && strings.Contains(progress.String(), "not installed") {
			continue
		}
		want = append(want, engine+", later pages", engine+", first pages", engine+", later pages of a workspace", engine+", later pages, gzip",
			engine+", first pages, extensive", engine+", calls by id", engine+", first pages beside 200 waiting readers")
		if engine == "SQLite" && !strings.Contains(progress.String(), "nginx is not installed") {
			want = append(want, "nginx, later pages", "nginx, later pages, gzip")
		}
	}
	if len(rows) != len(want) {
		t.Fatalf("there are %d rows, not %d", len(rows), len(want))
	}
	for i, cells := range rows {
		name, _, _ := strings.Cut(cells[1], " with ") // so many of the calls
		if name != want[i] || cells[0] != "3,000" || cells[8] != "1" {
			t.Errorf("%q is no row of %q", cells, want[i])
		}
		positive(t, name, cells[2:4])
		switch written, asked := cells[6], cells[7]; {
		case !strings.Contains(name, "pages") && !strings.Contains(name, "by id"):
			positive(t, name, []string{cells[4], written})
		case written != "":
			t.Errorf("%s write no file, but %s", name, written)
		case asked == "":
			t.Errorf("%s: how often each page was asked for is not told", name)
		}
	}
}

func onLinux(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("there is no /proc")
	}
}

// rowsOf are the cells of a table's rows.
func rowsOf(text string) (rows [][]string) {
	for line := range strings.Lines(text) {
		cells := strings.Split(strings.Trim(line, "|\n"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if len(cells) == 9 && cells[0] != "calls" && cells[0] != "---" {
			rows = append(rows, cells)
		}
	}
	return rows
}

func positive(t *testing.T, name string, cells []string) {
	t.Helper()
	for _, cell := range cells {
		f, err := strconv.ParseFloat(strings.ReplaceAll(cell, ",", ""), 64)
		if err != nil || f <= 0 {
			t.Errorf("%s: %q is no figure above 0", name, cell)
		}
	}
}

func TestOptions(t *testing.T) {
	for args, want := range map[string]string{
		"-calls 10":        "-calls 10: each size must be a number from 3000",
		"-calls 5000,many": "-calls many: each size must be a number from 3000",
		"-rounds 0":        "-rounds, -seconds and -variety must be above 0",
		"-rows (":          "-rows: ",
		"large":            `unknown argument "large"; see -help`,
	} {
		if _, err := parseOptions(strings.Fields(args), io.Discard); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %q", args, err, want)
		}
	}
}

// The ratios are of the turns of one round, and their median is shown: here
// callvault took twice the time of the yardstick, whatever else the machine did.
func TestTable(t *testing.T) {
	r := &row{calls: 1234567, name: "pages"}
	for _, slower := range []time.Duration{3, 1, 7, 2} {
		r.beside = append(r.beside, cost{done: 1000, took: slower * time.Second, processor: slower * time.Millisecond})
		r.costs = append(r.costs, cost{done: 500, took: slower * time.Second, processor: slower * time.Millisecond, written: 30, size: 10, distinct: 800})
	}
	r.beside[3].processor = 0 // less than a tick
	var out strings.Builder
	newTable(&out).print(r)
	want := "| 1,234,567 | pages | 208 (71.4 to 500) | 0.5 (0.5 to 0.5) | 5 (2 to 14) | 2 (2 to 2) | 3 (3 to 3) | 2.5 times | 4 |\n"
	if !strings.HasSuffix(out.String(), want) {
		t.Errorf("printed\n%s, want\n%s", out.String(), want)
	}
}

// A row takes its turns alternately, and one that was not chosen takes none.
func TestCompare(t *testing.T) {
	o, err := parseOptions([]string{"-rounds", "2", "-rows", "^a"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	var took []string
	doing := func(what string) turn {
		return func(context.Context) (cost, error) {
			took = append(took, what)
			return cost{done: 1, took: time.Second, processor: time.Second}, nil
		}
	}
	b := &bench{options: o, table: newTable(io.Discard), progress: io.Discard}
	err = b.compare(t.Context(), &row{name: "a", measured: doing("A"), yardstick: doing("B")}, &row{name: "b", measured: doing("C"), yardstick: doing("D")})
	if err != nil || !slices.Equal(took, []string{"A", "B", "A", "B"}) {
		t.Errorf("%q took turns, %v", took, err)
	}
	b.within = 0 // one round there always is
	took = nil
	if err := b.compare(t.Context(), &row{name: "a", measured: doing("A"), yardstick: doing("B")}); err != nil || len(took) != 2 {
		t.Errorf("%q took turns, %v", took, err)
	}
}

// Where there is another callvault it is the yardstick.
func TestBeside(t *testing.T) {
	var did []string
	doing := func(what string) turn {
		return func(context.Context) (cost, error) {
			did = append(did, what)
			return cost{}, nil
		}
	}
	doingOf := func(p *program) turn { return doing(p.name) }
	for _, names := range [][]string{{"measured"}, {"measured", "beside"}} {
		b := &bench{}
		for _, name := range names {
			b.programs = append(b.programs, &program{name: name})
		}
		r := b.newRow(&sample{}, "pages", doingOf, doing("usual"))
		r.measured(t.Context())
		r.yardstick(t.Context())
	}
	if want := []string{"measured", "usual", "measured", "beside"}; !slices.Equal(did, want) {
		t.Errorf("took turns: %q, want %q", did, want)
	}
}

func TestProcessorTime(t *testing.T) {
	got, err := processorIn("42 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 120 34 0 0 20 0\n")
	if want := 1540 * time.Millisecond; got != want || err != nil {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
	for _, stat := range []string{"", "42 (a) S 1 2", "42 (a) S 1 2 3 4 5 6 7 8 9 10 x 34 0"} {
		if got, err := processorIn(stat); err == nil {
			t.Errorf("%q is %v", stat, got)
		}
	}
}

// A command's time and what it wrote are its own.
func TestFinish(t *testing.T) {
	onLinux(t)
	said, c, err := finish(exec.CommandContext(t.Context(), "sh", "-c", "printf 12345; printf 678 >&2"))
	if said != "12345678" || c.written != 8 || c.took <= 0 || err != nil {
		t.Errorf("said %q, wrote %d bytes in %v, %v", said, c.written, c.took, err)
	}
	if _, _, err := finish(exec.CommandContext(t.Context(), "sh", "-c", "echo why >&2; exit 3")); err == nil || !strings.Contains(err.Error(), "why") {
		t.Errorf("%v does not say why", err)
	}
}

func TestSample(t *testing.T) {
	s, err := newSample(leastCalls, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	ordered, shuffled := lines(t, s.ordered), lines(t, s.shuffled)
	if len(ordered) != leastCalls || len(s.all.moments) != leastCalls || len(s.second.moments) == 0 || slices.Equal(ordered, shuffled) {
		t.Errorf("%d lines, %d times, %d in the workspace", len(ordered), len(s.all.moments), len(s.second.moments))
	}
	slices.Sort(ordered)
	slices.Sort(shuffled)
	if !slices.Equal(ordered, shuffled) {
		t.Error("the files have different calls")
	}
}

func lines(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Collect(strings.Lines(string(text)))
}

// The total that a request expects is that of its range.
func TestFirst(t *testing.T) {
	moments := []callvault.Time{10, 20, 20, 20, 30, 45, 60, 60, 70}
	a := &asker{rand.New(rand.NewPCG(1, 1)), workspace{moments: moments}, ""}
	for range 100 {
		page := a.first(3).page
		n := 0
		for _, at := range moments {
			if page.From <= at && at < page.To {
				n++
			}
		}
		if n != page.Total || n < 3 {
			t.Fatalf("%v holds %d calls, not %d", page.Range, n, page.Total)
		}
	}
}

// No page is asked for again before all others were.
func TestPagesRepeat(t *testing.T) {
	p := pages{requests: make([]request, 3)}
	for round := range 2 {
		for i := range p.requests {
			if got := p.next(); got != &p.requests[i] {
				t.Errorf("round %d: request %d is another", round, i)
			}
		}
	}
	for _, test := range []struct {
		done, distinct int
		want           string
	}{{3, 3, "once"}, {4, 3, "1.67 times"}, {5, 0, ""}} {
		if got := asked([]cost{{done: test.done, distinct: test.distinct}, {done: test.done / 4, distinct: test.distinct}}); got != test.want {
			t.Errorf("each of %d pages was asked for %q, want %q", test.distinct, got, test.want)
		}
	}
}

// An answer that is not the page that was asked for ends the run.
func TestAsk(t *testing.T) {
	page := `{"records":{"totalRecords":7,"currentPageSize":100,"currentPageNumber":0,"cursor":"abc"},"calls":[` + strings.Repeat(" ", 200<<10) + `]}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := page
		switch r.URL.Path {
		case "/cut":
			body = page[:len(page)-1]
		case "/chunked":
			w.(http.Flusher).Flush()
			io.WriteString(w, page)
			return
		case "/status":
			http.Error(w, page, http.StatusTeapot)
			return
		}
		http.ServeContent(w, r, "page.json", time.Time{}, strings.NewReader(body))
	}))
	defer server.Close()
	for _, test := range []struct {
		path  string
		total int
		wrong string
	}{
		{"/sound", 7, ""},
		{"/sound", 8, "no page with"},
		{"/cut", 7, "no page with"},
		{"/chunked", 7, "without a length"},
		{"/status", 7, "418"},
	} {
		r := newRequest(test.path, "", callvault.PageQuery{Size: gong.PageSize, Total: test.total})
		c, err := (&pages{requests: []request{r}}).load(t.Context(), strings.TrimPrefix(server.URL, "http://"), 20*time.Millisecond)
		if test.wrong == "" && (err != nil || c.done == 0) {
			t.Errorf("%s: %d answers, %v", test.path, c.done, err)
		}
		if test.wrong != "" && (err == nil || !strings.Contains(err.Error(), test.wrong)) {
			t.Errorf("%s: error %v, want %q", test.path, err, test.wrong)
		}
	}
}
