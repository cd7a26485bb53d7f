package page

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault"
)

// many are calls of which some share an instant, more than a page of them at one.
func many(n int, r *rand.Rand) (made calls) {
	t := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for i := range n {
		if r.IntN(3) > 0 && (i < n/2 || i > n/2+2*rowsOnPage) {
			t = t.Add(time.Duration(r.IntN(1_000_000)) * time.Millisecond)
		}
		made.rows = append(made.rows, call(i+1, t, fmt.Sprint(1+r.IntN(2))))
	}
	return made
}

func ids(p tablePage) (ids []string) {
	for _, r := range p.Calls {
		_, id, _ := strings.Cut(r.At, ".")
		ids = append(ids, id)
	}
	return ids
}

// Pages forward, and back from the end, show every call once, in order, and know how
// many stand before them.
func TestPages(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, rowsOnPage - 1, rowsOnPage, rowsOnPage + 1, 2 * rowsOnPage, 487} {
		made := many(n, random)
		h := start(t, Config{}, made)
		for _, query := range []string{"?range=all", "?range=all&workspace=2", "?from=2026-03-01T00:10:00Z&to=2026-03-02"} {
			want := []string{}
			summary := read[summary](t, h, "/api/summary"+query)
			workspace, _ := callvault.ParseID("2")
			from, _ := time.Parse(time.RFC3339, summary.From)
			to, _ := time.Parse(time.RFC3339, summary.To)
			for _, c := range made.rows {
				if at := c.Time.UTC(); !at.Before(from) && at.Before(to) && (!strings.Contains(query, "workspace") || c.Workspace == workspace) {
					want = append(want, c.ID.String())
				}
			}
			var forward []string
			for p := read[tablePage](t, h, "/api/calls"+query); ; p = read[tablePage](t, h, "/api/calls"+query+"&after="+p.Calls[len(p.Calls)-1].At) {
				if p.Before != len(forward) || p.More && len(p.Calls) != rowsOnPage {
					t.Fatalf("%s: after %d calls a page of %d, before it %d", query, len(forward), len(p.Calls), p.Before)
				}
				forward = append(forward, ids(p)...)
				if !p.More {
					break
				}
			}
			if !slices.Equal(forward, want) {
				t.Fatalf("%s of %d: forward\n%v, want\n%v", query, n, forward, want)
			}
			var back []string
			for p := read[tablePage](t, h, "/api/calls"+query+"&before=end"); len(p.Calls) > 0; p = read[tablePage](t, h, "/api/calls"+query+"&before="+p.Calls[0].At) {
				back = slices.Concat(ids(p), back)
				if p.Before != len(want)-len(back) || p.Before > 0 && len(p.Calls) != rowsOnPage || p.More != (len(back) > len(p.Calls)) {
					t.Fatalf("%s: %d calls from the end a page of %d, before it %d", query, len(back), len(p.Calls), p.Before)
				}
			}
			if !slices.Equal(back, want) && len(want) > 0 {
				t.Fatalf("%s of %d: back\n%v, want\n%v", query, n, back, want)
			}
		}
	}
}

// A position need not be that of a call, nor in the range.
func TestPositions(t *testing.T) {
	h := start(t, Config{}, at("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z"))
	day := func(n int) string {
		return fmt.Sprint(time.Date(2026, 3, n, 0, 0, 0, 0, time.UTC).UnixMicro())
	}
	for _, tt := range []struct {
		query, want string
		before      int
		more        bool
	}{
		{"after=" + day(2) + ".0", "[2 3]", 1, false},
		{"after=" + day(2) + ".2", "[3]", 2, false},
		{"after=" + day(1) + ".99", "[2 3]", 1, false},
		{"after=" + day(9) + ".1", "[]", 3, false},
		{"after=-1.1", "[1 2 3]", 0, false},
		{"before=" + day(2) + ".2", "[1]", 0, true},
		{"before=" + day(9) + ".1", "[1 2 3]", 0, true},
		{"before=-1.1", "[]", 0, true},
	} {
		p := read[tablePage](t, h, "/api/calls?from=2026-03-01&to=2026-03-04&"+tt.query)
		if got := fmt.Sprint(ids(p)); got != tt.want || p.Before != tt.before || p.More != tt.more {
			t.Errorf("%s: %s, %d before, more %v", tt.query, got, p.Before, p.More)
		}
	}
	for _, wrong := range []string{"x", "1", "1.", ".1", "1.x", "1.123456789012345678901", "9223372036854775807.1", "-9223372036854775808.1"} {
		for _, parameter := range []string{"after", "before", "at"} {
			path := "/api/calls"
			if parameter == "at" {
				path = "/api/call"
			}
			if w := get(h, path+with(parameter, wrong)); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "is not a position of a call") {
				t.Errorf("%s=%s: %d %s", parameter, wrong, w.Code, w.Body)
			}
		}
	}
}

// Times are those of the zone's clock, to the microsecond.
func TestRowTimes(t *testing.T) {
	h := start(t, Config{}, at("2026-03-04T06:30:00.123456Z"))
	p := read[tablePage](t, h, "/api/calls?range=today&tz=Asia/Kathmandu")
	if len(p.Calls) != 1 || p.Calls[0].Time != "2026-03-04T12:15:00.123456+05:45" {
		t.Errorf("%+v", p)
	}
	d := read[document](t, h, "/api/call"+with("at", p.Calls[0].At, "tz", "Asia/Kathmandu"))
	if d.Time != p.Calls[0].Time {
		t.Errorf("%+v", d)
	}
}

// A document comes to the byte, and indented without a digit less.
func TestDocument(t *testing.T) {
	made := at("2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z")
	const raw = `{"id":"2","title":"</script><b>&\u2028","big":12345678901234567890.10,"a":[]}`
	made.rows[1].Document = []byte(raw)
	h := start(t, Config{}, made)
	d := read[document](t, h, "/api/call?at=1772323200000000.2")
	if d.Document != raw || d.Indented != "{\n  \"id\": \"2\",\n  \"title\": \"</script><b>&\\u2028\",\n  \"big\": 12345678901234567890.10,\n  \"a\": []\n}" {
		t.Errorf("%+v", d)
	}
	for _, position := range []string{"1772323200000000.4", "1772323200000001.2", "1772323200000000.0"} {
		if w := get(h, "/api/call?at="+position); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "call not found") {
			t.Errorf("%s: %d %s", position, w.Code, w.Body)
		}
	}
}
