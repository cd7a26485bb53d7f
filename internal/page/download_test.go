package page

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callvault/callvault"
)

// A file has all calls of the view once, however many chunks they are read in.
func TestDownload(t *testing.T) {
	made := many(2*chunkCalls+7, rand.New(rand.NewPCG(3, 4)))
	h := start(t, Config{}, made)
	want := new(strings.Builder)
	for _, c := range made.rows {
		fmt.Fprintf(want, "%s\n", c.Document)
	}
	w := get(h, "/api/download?range=all&format=ndjson")
	if w.Code != http.StatusOK || w.Body.String() != want.String() {
		t.Errorf("%d, %d bytes of %d", w.Code, w.Body.Len(), want.Len())
	}
	if w.Header().Get("Content-Type") != "application/x-ndjson" {
		t.Errorf("%v", w.Header())
	}
}

// Large documents are read in chunks that memory has room for.
func TestDownloadOfLarge(t *testing.T) {
	made := at("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z")
	made.rows[0].Document = make([]byte, chunkBytes+1)
	h := start(t, Config{}, made)
	v, err := h.view(httptest.NewRequest(http.MethodGet, "/?range=all", nil), "")
	if err != nil {
		t.Fatal(err)
	}
	var chunk [][]byte
	last, err := v.chunk(t.Context(), v.query.Start(), &chunk)
	if err != nil || len(chunk) != 1 || last != made.rows[0].Position() {
		t.Errorf("%d calls up to %v, %v", len(chunk), last, err)
	}
	if w := get(h, "/api/download?range=all&format=ndjson"); strings.Count(w.Body.String(), "\n") != 3 {
		t.Errorf("%d bytes", w.Body.Len())
	}
}

func TestFileNames(t *testing.T) {
	made := at("2026-03-01T00:00:00Z")
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	spaces := calls{rows: []callvault.Call{call(1, day, "70"), call(2, day, "71"), call(3, day, "72")}}
	entries := map[callvault.Kind][]callvault.Entry{callvault.Workspaces: {
		{ID: spaces.rows[1].Workspace, Document: []byte(`{"id":"71","name":"Sales & \"Europe\""}`)},
		{ID: spaces.rows[2].Workspace, Document: []byte(`{"id":"72","name":"Київ"}`)},
	}}
	h := start(t, Config{Store: &store{companies: map[string]calls{"default": made, "a.b-c": made, "c": spaces}, entries: directory{entries: entries}}}, made)
	for query, want := range map[string]string{
		"range=today":                                           "calls-default-2026-03-04.ndjson",
		"range=30d":                                             "calls-default-2026-02-03-to-2026-03-04.ndjson",
		"range=all":                                             "calls-default-2026-03-01.ndjson",
		"range=all&where=Call":                                  "calls-default-filtered-2026-03-01.ndjson",
		"range=all&where=workspace:70&company=c":                "calls-c-70-2026-03-01.ndjson",
		"range=all&where=workspace:71&company=c":                "calls-c-sales-europe-2026-03-01.ndjson",
		"range=all&where=workspace:72&company=c":                "calls-c-72-2026-03-01.ndjson",
		"range=all&where=workspace:70+workspace:71&company=c":   "calls-c-filtered-2026-03-01.ndjson",
		"from=2026-03-01T09:30:00Z&to=2026-03-02&company=a.b-c": "calls-a.b-c-2026-03-01T093000-to-2026-03-02T000000.ndjson",
	} {
		w := get(h, "/api/download?format=ndjson&"+query)
		if got := w.Header().Get("Content-Disposition"); got != `attachment; filename="`+want+`"` {
			t.Errorf("%s: %s", query, got)
		}
	}
	if w := get(h, "/api/download?format=exe"); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "Format must be one of ndjson") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// failing is a format that fails after some calls, or at its end.
type failing struct {
	io.Writer
	after int
}

func (f *failing) Write(document []byte) error {
	if f.after--; f.after < 0 {
		return errors.New("failed half-way")
	}
	_, err := f.Writer.Write(document)
	return err
}
func (f *failing) Close() error { return errors.New("failed at the end") }

// A download that fails never looks like a whole one, however far it came.
func TestDownloadBroken(t *testing.T) {
	for _, after := range []int{0, 1, 3} {
		config := Config{Formats: []Format{{Name: "Failing", Extension: "x", ContentType: "text/plain", New: func(w io.Writer, _ callvault.EntryNames) (Writer, error) { return &failing{w, after}, nil }}}}
		h := start(t, config, at("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z"))
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.Serve(w, r, "") }))
		response, err := http.Get(server.URL + "/api/download?range=all&format=x")
		if err == nil {
			_, err = io.Copy(io.Discard, response.Body)
			response.Body.Close()
		}
		if err == nil {
			t.Errorf("broken after %d calls, and whole", after)
		}
		server.Close()
		if n, _ := h.downloads.Held(); n != 0 {
			t.Errorf("%d downloads are still under way", n)
		}
	}
}

// HTTP/1.0 has no end of a file but that of the connection.
func TestDownloadByOldHTTP(t *testing.T) {
	h := start(t, Config{}, at("2026-03-01T00:00:00Z"))
	r := httptest.NewRequest(http.MethodGet, "/api/download?range=all&format=ndjson", nil)
	r.ProtoMajor, r.ProtoMinor = 1, 0
	w := httptest.NewRecorder()
	h.Serve(w, r, "")
	if w.Code != http.StatusHTTPVersionNotSupported || !strings.Contains(w.Body.String(), "needs HTTP/1.1") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// Only so many are under way at a time; one more is told so at once.
func TestDownloadsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := make(chan struct{})
		config := Config{Formats: []Format{{Name: "Slow", Extension: "slow", ContentType: "text/plain", New: func(w io.Writer, _ callvault.EntryNames) (Writer, error) {
			<-end
			return lines{w}, nil
		}}}}
		h := start(t, config, at())
		for _, name := range []string{"acme", "other", "third"} {
			h.Store.(*store).companies[name] = at()
		}
		answers := make(chan *httptest.ResponseRecorder, maxDownloads+1)
		ask := func(company string) {
			go func() { answers <- getAs(h, company, "/api/download?format=slow") }()
			synctest.Wait() // until it is answered, or waits for the end
		}
		refused := func() {
			time.Sleep(readWithin)
			synctest.Wait()
			select {
			case w := <-answers:
				if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "Too many downloads are running") || w.Header().Get("Content-Disposition") != "" {
					t.Errorf("%d %s", w.Code, w.Body)
				}
			default:
				t.Error("one more is under way")
			}
		}
		for _, company := range []string{"acme", "other"} {
			for range maxDownloads / 2 {
				ask(company)
			}
			if n := len(answers); n > 0 {
				t.Fatalf("%d downloads of %s are over", n, company)
			}
			ask(company)
			refused()
		}
		ask("third")
		refused()
		close(end)
		synctest.Wait()
		for len(answers) > 0 {
			if w := <-answers; w.Code != http.StatusOK {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		}
		if w := get(h, "/api/download?format=ndjson"); w.Code != http.StatusOK {
			t.Errorf("afterwards: %d", w.Code)
		}
	})
}

// Downloads are among those that read, and wait as those do.
func TestDownloadsReadInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, Config{}, at("2026-03-01T00:00:00Z"))
		v, err := h.view(httptest.NewRequest(http.MethodGet, "/?range=all", nil), "")
		if err != nil {
			t.Fatal(err)
		}
		for range maxReads {
			if _, err := h.reads.Enter(t.Context(), ""); err != nil {
				t.Fatal(err)
			}
		}
		if w := get(h, "/api/download?range=all&format=ndjson"); w.Code != http.StatusServiceUnavailable {
			t.Errorf("begun: %d", w.Code)
		}
		if err := h.write(t.Context(), "", v, lines{io.Discard}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("gone on: %v", err)
		}
	})
}
