package page

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callvault/callvault"
)

// Ranges are whole days of the zone, also where clocks are changed.
func TestRanges(t *testing.T) {
	made := at("2024-05-05T22:30:00Z", "2026-03-03T12:00:00Z", "2026-03-10T23:59:59.999999Z")
	for _, tt := range []struct{ now, query, from, to string }{
		{"2026-03-04T12:00:00Z", with("tz", "UTC"), "2026-02-03T00:00:00Z", "2026-03-05T00:00:00Z"}, // 30 days
		{"2026-03-04T23:30:00Z", with("tz", "Europe/Berlin", "range", "today"), "2026-03-05T00:00:00+01:00", "2026-03-06T00:00:00+01:00"},
		{"2026-03-04T03:30:00Z", with("tz", "America/New_York", "range", "yesterday"), "2026-03-02T00:00:00-05:00", "2026-03-03T00:00:00-05:00"},
		{"2026-03-30T12:00:00Z", with("tz", "Europe/Berlin", "range", "7d"), "2026-03-24T00:00:00+01:00", "2026-03-31T00:00:00+02:00"},
		{"2026-03-04T12:00:00Z", with("range", "90d"), "2025-12-05T00:00:00Z", "2026-03-05T00:00:00Z"},
		{"2026-03-31T12:00:00Z", with("range", "last-week", "tz", "Europe/Berlin"), "2026-03-23T00:00:00+01:00", "2026-03-30T00:00:00+02:00"},
		{"2026-03-31T12:00:00Z", with("range", "this-month"), "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z"},
		{"2026-03-31T12:00:00Z", with("range", "last-month"), "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"},
		{"2018-11-04T12:00:00Z", with("tz", "America/Sao_Paulo", "range", "today"), "2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00"},
		{"2026-03-04T12:00:00Z", with("range", "all"), "2024-05-05T00:00:00Z", "2026-03-11T00:00:00Z"},
		{"2026-03-04T12:00:00Z", with("range", "all", "tz", "Europe/Berlin"), "2024-05-06T00:00:00+02:00", "2026-03-12T00:00:00+01:00"},
		{"2026-03-04T12:00:00Z", with("from", "2026-03-01"), "2026-03-01T00:00:00Z", "2026-03-11T00:00:00Z"},
		{"2026-03-04T12:00:00Z", with("to", "2026-03-01"), "2024-05-05T00:00:00Z", "2026-03-01T00:00:00Z"},
		{"2026-03-04T12:00:00Z", with("to", "2020-03-01"), "2020-02-29T00:00:00Z", "2020-03-01T00:00:00Z"}, // nothing is there
		{"2026-03-04T12:00:00Z", with("from", "2028-03-01 09:00"), "2028-03-01T09:00:00Z", "2028-03-02T00:00:00Z"},
		{"2026-03-04T12:00:00Z", with("from", "2026-01-31 09:00", "to", "2026-02-01T10:00:00.5-07:00", "tz", "Europe/Berlin", "range", "today"), "2026-01-31T09:00:00+01:00", "2026-02-01T18:00:00.5+01:00"},
		{"2026-03-04T12:00:00Z", with("from", "yesterday", "to", "now"), "2026-03-03T00:00:00Z", "2026-03-04T12:00:00Z"},
	} {
		now, err := time.Parse(time.RFC3339, tt.now)
		if err != nil {
			t.Fatal(err)
		}
		h := start(t, Config{Now: func() time.Time { return now }}, made)
		if s := read[look](t, h, "/api/view"+tt.query); s.From != tt.from || s.To != tt.to {
			t.Errorf("%s at %s: %s to %s, want %s to %s", tt.query, tt.now, s.From, s.To, tt.from, tt.to)
		}
	}
}

// A company without calls has a page too: this day's.
func TestRangeOfNothing(t *testing.T) {
	h := start(t, Config{}, at())
	if s := read[look](t, h, "/api/view?range=all"); s.From != "2026-03-04T00:00:00Z" || s.To != "2026-03-05T00:00:00Z" || s.Figures.Calls != 0 {
		t.Errorf("%+v", s)
	}
}

// What is asked wrongly is refused in words that say what is accepted.
func TestRefusals(t *testing.T) {
	h := start(t, Config{}, at("2026-03-01T00:00:00Z"))
	for query, text := range map[string]string{
		with("range", "tomorrow"):                      "Unknown range \"tomorrow\"; use today",
		with("from", "<b>soon</b>"):                    "From \"<b>soon</b>\" is not a time; write 2026-01-31",
		with("from", "2026-03-02", "to", "2026-03-01"): "From must be before To.",
		with("tz", "Mars/Olympus"):                     "\"Mars/Olympus\" is not a time zone",
		with("tz", "../../etc/passwd"):                 "is not a time zone",
		with("company", "a b"):                         "Unknown company \"a b\"",
		"?range=all&where=1;x":                         "The query is malformed",
		"?range=all&where=%zz":                         "The query is malformed",
	} {
		w := get(h, "/api/view"+query)
		if w.Code != http.StatusBadRequest && w.Code != http.StatusNotFound || !strings.Contains(strings.ReplaceAll(w.Body.String(), `\"`, `"`), text) {
			t.Errorf("%s: %d %s, want %s", query, w.Code, w.Body, text)
		}
	}
}

// A key shows its company and no other; without one any may be chosen.
func TestCompanies(t *testing.T) {
	h := start(t, Config{Name: "calls.db", Store: &store{companies: map[string]calls{
		"acme":    at("2026-03-01T00:00:00Z"),
		"default": at("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"),
		"zeta":    at(),
	}}}, calls{})
	if s := read[site](t, h, "/api/site"); strings.Join(s.Companies, " ") != "default acme zeta" || s.Store != "calls.db" {
		t.Errorf("companies %v, store %q", s.Companies, s.Store)
	}
	if s := read[look](t, h, "/api/view"); s.Company != "default" || s.Figures.Calls != 2 {
		t.Errorf("%+v", s)
	}
	if s := read[look](t, h, "/api/view?company=acme"); s.Company != "acme" || s.Figures.Calls != 1 {
		t.Errorf("%+v", s)
	}
	if body := getAs(h, "acme", "/api/site").Body.String(); !strings.Contains(body, `"companies":["acme"]`) || strings.Contains(body, "calls.db") {
		t.Errorf("with acme's key: %s", body)
	}
	for _, path := range []string{"/api/view", "/api/call?id=2", "/api/download?format=ndjson"} {
		join := "?"
		if strings.Contains(path, "?") {
			join = "&"
		}
		if w := getAs(h, "acme", path+join+"company=default"); w.Code != http.StatusForbidden {
			t.Errorf("%s of another company: %d %s", path, w.Code, w.Body)
		}
	}
	if w := getAs(h, "acme", "/api/call?id=2"); w.Code != http.StatusNotFound {
		t.Errorf("another company's call: %d %s", w.Code, w.Body)
	}
	if body := getAs(h, "acme", "/api/view").Body.String(); !strings.Contains(body, `"company":"acme"`) {
		t.Errorf("with acme's key: %s", body)
	}
}

// What is wrong with the store is for the log.
func TestStoreAway(t *testing.T) {
	h := start(t, Config{Store: &store{companies: map[string]calls{}, err: errors.New("disk on fire")}}, calls{})
	for _, path := range []string{"/api/site", "/api/view", "/api/view?company=acme", "/api/download?format=ndjson"} {
		w := get(h, path)
		if w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), "fire") || !strings.Contains(w.Body.String(), "can't be read") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

// Nothing but a new start of the server helps against a store that was replaced.
func TestStoreReplaced(t *testing.T) {
	h := start(t, Config{Store: &store{companies: map[string]calls{}, err: fmt.Errorf("read: %w: x.db was moved", callvault.ErrReplaced)}}, calls{})
	want := `{"error":"The store was replaced while it was open; start serve again.","final":true}` + "\n"
	if w := get(h, "/api/site"); w.Code != http.StatusServiceUnavailable || w.Body.String() != want {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// silent is a store that does not answer.
type silent struct {
	callvault.Store
	asked *atomic.Int32 // how many wait for it
}

func (s silent) Companies(ctx context.Context) ([]string, error) {
	s.asked.Add(1)
	defer s.asked.Add(-1)
	<-ctx.Done()
	return nil, ctx.Err()
}

// Nobody waits for ever, and few ask at a time.
func TestReadsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := silent{asked: new(atomic.Int32)}
		h := start(t, Config{Store: s}, calls{})
		const asked = 3 * maxReads
		answers := make(chan *httptest.ResponseRecorder, asked)
		for range asked {
			go func() { answers <- get(h, "/api/site") }()
		}
		synctest.Wait()
		if n := s.asked.Load(); n != maxReads {
			t.Errorf("%d reads at a time", n)
		}
		begun := time.Now()
		for range asked {
			if w := <-answers; w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "did not answer in time") {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		}
		if took := time.Since(begun); took > readWithin {
			t.Errorf("answered after %v", took)
		}
	})
}

// slow is a client that takes nothing until it has gone.
type slow struct {
	*httptest.ResponseRecorder
	gone chan struct{}
}

func (s *slow) Write([]byte) (int, error) {
	<-s.gone
	return 0, io.ErrClosedPipe
}

// Clients that take nothing keep nobody from reading.
func TestSlowClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := make(chan struct{})
		h := start(t, Config{}, at("2026-03-04T00:00:00Z"))
		for range 2 * maxReads {
			go h.Serve(&slow{httptest.NewRecorder(), gone}, httptest.NewRequest(http.MethodGet, "/api/view", nil), "")
		}
		synctest.Wait()
		if w := get(h, "/api/view"); w.Code != http.StatusOK {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		close(gone)
	})
}

// An answer that can't be written is no empty one.
func TestDamagedDocument(t *testing.T) {
	made := at("2026-03-04T00:00:00Z")
	made.rows[0].Document = []byte(`{"id":`)
	h := start(t, Config{}, made)
	for _, path := range []string{"/api/view", "/api/call?id=1"} {
		if w := get(h, path); w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "can't be read") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}
