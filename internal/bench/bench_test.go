package main

import (
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

func TestSpan(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	m := moments{10, 20, 20, 20, 30, 45, 60, 60, 70}
	for count := 1; count <= len(m); count++ {
		for range 100 {
			got, found := m.span(r, count)
			if !found {
				t.Fatalf("no range of %d", count)
			}
			n := 0
			for _, at := range m {
				if got.From <= at && at < got.To {
					n++
				}
			}
			if n != count {
				t.Fatalf("%v holds %d calls, not %d", got, n, count)
			}
		}
	}
	if _, found := m.span(r, len(m)+1); found {
		t.Error("a range of more calls than there are")
	}
}

func TestSample(t *testing.T) {
	const count = 3000
	folder := t.TempDir()
	s, err := newSample(invent(count), folder+"/ordered")
	if err != nil {
		t.Fatal(err)
	}
	if err := shuffle(s.ordered, folder+"/shuffled"); err != nil {
		t.Fatal(err)
	}
	ordered, shuffled := lines(t, s.ordered), lines(t, folder+"/shuffled")
	if len(ordered) != count || s.count != count || len(s.all) != count || len(s.second().moments) == 0 || slices.Equal(ordered, shuffled) {
		t.Errorf("%d lines, %d times, %d in the workspace", len(ordered), len(s.all), len(s.second().moments))
	}
	slices.Sort(ordered)
	slices.Sort(shuffled)
	if !slices.Equal(ordered, shuffled) {
		t.Error("the files have different calls")
	}
}

func TestSkewed(t *testing.T) {
	const count = 3000
	s, err := newSample(skewed(invent(count), count), t.TempDir()+"/ordered")
	if err != nil {
		t.Fatal(err)
	}
	if len(s.workspaces) != 2 || len(s.workspaces[0].moments) != count-1 || len(s.second().moments) != 1 {
		t.Errorf("the workspaces are %v", s.workspaces)
	}
}

func TestQuantile(t *testing.T) {
	values := []float64{5, 1, 4, 2, 3}
	for share, want := range map[float64]float64{0: 1, 0.5: 3, 1: 5} {
		if got := quantile(values, share); got != want {
			t.Errorf("quantile(%v) = %v, want %v", share, got, want)
		}
	}
	if got := number(1234567) + " " + number(1000) + " " + number(999); got != "1,234,567 1,000 999" {
		t.Error(got)
	}
}

func TestClient(t *testing.T) {
	page := `{"records":{"totalRecords":7,"currentPageSize":100,"currentPageNumber":0,"cursor":"abc"},"calls":[` + strings.Repeat(" ", 200<<10) + `]}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Query().Get("workspaceId") {
		case "1":
			w.Write([]byte(page[:len(page)-1] + " "))
		case "2":
			http.Error(w, page, http.StatusTeapot)
		default:
			http.ServeContent(w, r, "page.json", time.Time{}, strings.NewReader(page))
		}
	}))
	defer server.Close()
	address := strings.TrimPrefix(server.URL, "http://")
	a := &asker{}
	for _, test := range []struct {
		name      string
		workspace string
		total     int
		wrong     string
	}{
		{"sound", "3", 7, ""},
		{"another total", "3", 8, "no "},
		{"no length", "1", 7, "without a length"}, // chunked
		{"another status", "2", 7, "418"},
	} {
		t.Run(test.name, func(t *testing.T) {
			a.workspace, _ = callvault.ParseID(test.workspace)
			a.size = gong.PageSize
			r := a.first(callvault.Range{From: 0, To: 1}, test.total)
			if !strings.HasPrefix(r.target(), gong.Path+"?") {
				t.Errorf("target %s", r.target())
			}
			rate, err := load(t.Context(), address, []request{r}, 20*time.Millisecond)
			if test.wrong == "" {
				if err != nil || rate <= 0 {
					t.Errorf("%v pages a second, %v", rate, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.wrong) {
				t.Errorf("error %v, want %q", err, test.wrong)
			}
		})
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
