package page

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// many are calls of which some share an instant, more than a page of them at one.
func many(n int, r *rand.Rand) (made calls) {
	t := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for i := range n {
		if r.IntN(3) > 0 && (i < n/2 || i > n/2+2*rowsAtOnce) {
			t = t.Add(time.Duration(r.IntN(1_000_000)) * time.Millisecond)
		}
		c := call(i+1, t, fmt.Sprint(1+r.IntN(2)))
		if seconds := r.IntN(20); seconds > 0 {
			c.Document = fmt.Appendf(c.Document[:len(c.Document)-1], `,"duration":%d}`, seconds)
		}
		made.rows = append(made.rows, c)
	}
	return made
}

func ids(l list) (ids []string) {
	for _, r := range l.Calls {
		_, id, _ := strings.Cut(r.At, ".")
		ids = append(ids, id)
	}
	return ids
}

// wholeList is a list from its beginning to its end, by the places of the last calls.
func wholeList(t *testing.T, h *Handler, query string) (all []string) {
	t.Helper()
	l := read[look](t, h, "/api/view"+query).List
	for {
		all = append(all, ids(l)...)
		if !l.More {
			return all
		}
		if len(l.Calls) != rowsAtOnce {
			t.Fatalf("%s: %d calls of more", query, len(l.Calls))
		}
		last := l.Calls[rowsAtOnce-1]
		place := last.At
		var d struct{ Duration *int64 }
		if err := json.Unmarshal(last.Document, &d); err != nil {
			t.Fatal(err)
		}
		if d.Duration != nil {
			place += fmt.Sprintf(",%d", *d.Duration)
		}
		l = read[struct{ List list }](t, h, "/api/view"+query+"&before="+place).List
	}
}

// A list shows every call of the view once, the newest or the longest first.
func TestList(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, rowsAtOnce - 1, rowsAtOnce, rowsAtOnce + 1, 2 * rowsAtOnce, 487} {
		made := many(n, random)
		h := start(t, Config{}, made)
		for _, query := range []string{"?range=all", "?from=2026-03-01T00:00:10Z&to=2026-03-02"} {
			l := read[look](t, h, "/api/view"+query)
			rows := slices.DeleteFunc(slices.Clone(made.rows), func(c callvault.Call) bool {
				at := shown(c.Time.UTC())
				return at < l.From || at >= l.To
			})
			slices.Reverse(rows)
			want := func() (ids []string) {
				for _, c := range rows {
					ids = append(ids, c.ID.String())
				}
				return ids
			}
			if got := wholeList(t, h, query); !slices.Equal(got, want()) {
				t.Fatalf("%s of %d:\n got %v\nwant %v", query, n, got, want())
			}
			slices.SortStableFunc(rows, func(a, b callvault.Call) int { return int(length(t, b) - length(t, a)) })
			if got := wholeList(t, h, query+"&order=longest"); !slices.Equal(got, want()) {
				t.Fatalf("%s of %d, the longest first:\n got %v\nwant %v", query, n, got, want())
			}
		}
	}
}

// length is the duration of a call, -1 for none.
func length(t *testing.T, c callvault.Call) int64 {
	t.Helper()
	d, err := gong.ParseCall(c.Document)
	if err != nil {
		t.Fatal(err)
	}
	if d.Duration == nil {
		return -1
	}
	return *d.Duration
}

// A place need not be that of a call, nor in the range.
func TestPlaces(t *testing.T) {
	h := start(t, Config{}, at("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z"))
	day := func(n int) string {
		return fmt.Sprint(time.Date(2026, 3, n, 0, 0, 0, 0, time.UTC).UnixMicro())
	}
	for place, want := range map[string]string{
		day(2) + ".2": "[1]", day(2) + ".3": "[2 1]", day(9) + ".1": "[3 2 1]", "-1.1": "[]",
	} {
		l := read[struct{ List list }](t, h, "/api/view?from=2026-03-01&to=2026-03-04&before="+place).List
		if got := fmt.Sprint(ids(l)); got != want {
			t.Errorf("before %s: %s, want %s", place, got, want)
		}
	}
	for _, wrong := range []string{"x", "1", "1.", ".1", "1.x", "1.123456789012345678901", "9223372036854775807.1", "-9223372036854775808.1"} {
		if w := get(h, "/api/view"+with("before", wrong)); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "is not a position of a call") {
			t.Errorf("%s: %d %s", wrong, w.Code, w.Body)
		}
	}
	if w := get(h, "/api/view?before=1.1,x"); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "is not a place in the list") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := get(h, "/api/view?order=loudest"); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), `"culprit":{"name":"order","value":"loudest"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// Times are those of the zone's clock, to the microsecond.
func TestRowTimes(t *testing.T) {
	h := start(t, Config{}, at("2026-03-04T06:30:00.123456Z"))
	p := read[look](t, h, "/api/view?range=today&tz=Asia/Kathmandu").List
	if len(p.Calls) != 1 || p.Calls[0].Time != "2026-03-04T12:15:00.123456+05:45" {
		t.Errorf("%+v", p)
	}
	c := read[oneCall](t, h, "/api/call"+with("id", "1", "tz", "Asia/Kathmandu"))
	if c.Started != p.Calls[0].Time {
		t.Errorf("%+v", c)
	}
}

// A document comes to the byte, and indented without a digit less.
func TestDocument(t *testing.T) {
	made := at("2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z")
	const raw = `{"id":"2","title":"</script><b>&\u2028","big":12345678901234567890.10,"a":[]}`
	made.rows[1].Document = []byte(raw)
	h := start(t, Config{}, made)
	d := read[oneCall](t, h, "/api/call?id=2")
	if d.Document != raw || d.Indented != "{\n  \"id\": \"2\",\n  \"title\": \"</script><b>&\\u2028\",\n  \"big\": 12345678901234567890.10,\n  \"a\": []\n}" {
		t.Errorf("%+v", d)
	}
}

// A call says how late it started, and how the API is asked for it.
func TestCallByID(t *testing.T) {
	c, err := callvault.ParseCall([]byte(`{"id":"77","direction":"Conference","scheduled":"2026-03-04T07:00:00Z","started":"2026-03-04T08:05:30+01:00"}`))
	if err != nil {
		t.Fatal(err)
	}
	h := start(t, Config{API: "http://127.0.0.1:8080"}, calls{rows: []callvault.Call{c}})
	one := read[oneCall](t, h, "/api/call?id=077&tz=Asia/Tokyo")
	if one.ID != "77" || one.Scheduled != "2026-03-04T16:00:00+09:00" || one.Started != "2026-03-04T16:05:30+09:00" ||
		one.Curl != "curl -u ACCESS_KEY http://127.0.0.1:8080/v2/calls/77" {
		t.Errorf("%+v", one)
	}
	for id, status := range map[string]int{"78": http.StatusNotFound, "x": http.StatusBadRequest} {
		if w := get(h, "/api/call?id="+id); w.Code != status {
			t.Errorf("%s: %d %s", id, w.Code, w.Body)
		}
	}
}

// A call is there whatever the range and the search are, and even if they can't be answered. It
// says whether the view lists it.
func TestCallOutsideTheView(t *testing.T) {
	made := varied(t, 40, rand.New(rand.NewPCG(9, 10)))
	h := start(t, Config{}, made)
	for _, query := range []string{
		with("range", "all"), with("range", "today"), with("from", "2026-02-10", "to", "2026-02-20", "tz", "Asia/Kathmandu"),
		with("range", "all", "where", "harbor scope:external"), with("range", "all", "where", "workspace:70"),
		with("range", "all", "where", "host:nobody"), with("range", "soon"), with("from", "soon"),
	} {
		listed := map[string]bool{}
		if get(h, "/api/view"+query).Code == http.StatusOK {
			for _, id := range wholeList(t, h, query) {
				listed[id] = true
			}
		}
		for _, c := range made.rows {
			id := c.ID.String()
			if one := read[oneCall](t, h, "/api/call"+query+"&id="+id); one.ID != id || one.Listed != listed[id] {
				t.Errorf("%s: call %s is %s, listed %v, want %v", query, id, one.ID, one.Listed, listed[id])
			}
		}
	}
	for query, status := range map[string]int{"?id=1&company=acme": http.StatusNotFound, "?id=1&tz=Mars/Olympus": http.StatusBadRequest} {
		if w := get(h, "/api/call"+query); w.Code != status {
			t.Errorf("%s: %d %s", query, w.Code, w.Body)
		}
	}
}
