package page

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// varied are calls with every field that a view looks at, some of them null.
func varied(t *testing.T, n int, r *rand.Rand) (made calls) {
	t.Helper()
	pick := func(name string, values ...string) string {
		if value := values[r.IntN(len(values))]; value != "" {
			return fmt.Sprintf(`,%q:%q`, name, value)
		}
		return ""
	}
	for i := range n {
		at := time.Date(2026, 2, 1+r.IntN(28), r.IntN(24), r.IntN(60), 0, 0, time.UTC)
		fields := pick("direction", "Inbound", "Outbound", "Conference", "Unknown", "") + pick("scope", "External", "Internal", "Unknown", "") +
			pick("system", "Zoom", "Upload API", "a\"b", "") + pick("primaryUserId", "7", "8", "9", "") + pick("workspaceId", "70", "80", "") + pick("title", "Harbor Nine", "Nine, at the Harbör", "1:1", "")
		if seconds := r.IntN(5000); seconds > 500 {
			fields += fmt.Sprintf(`,"duration":%d`, seconds)
		}
		c, err := callvault.ParseCall(fmt.Appendf(nil, `{"id":"%d","started":%q%s}`, i+1, at.Format(time.RFC3339), fields))
		if err != nil {
			t.Fatal(err)
		}
		made.rows = append(made.rows, c)
	}
	slices.SortFunc(made.rows, func(a, b callvault.Call) int { return a.Position().Compare(b.Position()) })
	return made
}

// A view is what a look at each document gives: figures, those of the period before, the chart
// and the facets, under any search. The download has the same calls.
func TestLookIsObvious(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	made := varied(t, 700, r)
	h := start(t, Config{}, made)
	for query, has := range map[string]func(d *gong.Call) bool{
		"":                           func(*gong.Call) bool { return true },
		"harbor":                     func(d *gong.Call) bool { return d.Title != nil && strings.Contains(*d.Title, "Harb") },
		"system:zoom":                func(d *gong.Call) bool { return d.System != nil && *d.System == "Zoom" },
		`system:"upload api" host:7`: func(d *gong.Call) bool { return is(d.System, "Upload API") && is(d.PrimaryUserID, "7") },
		"scope:external direction:inbound direction:outbound": func(d *gong.Call) bool {
			return is(d.Scope, gong.External) && (is(d.Direction, gong.Inbound) || is(d.Direction, gong.Outbound))
		},
		"longer:30m workspace:70": func(d *gong.Call) bool { return d.Duration != nil && *d.Duration >= 1800 && is(d.WorkspaceID, "70") },
	} {
		parameters := with("from", "2026-02-15", "to", "2026-02-22", "tz", "Asia/Kathmandu", "where", query)
		l := read[look](t, h, "/api/view"+parameters)
		zone, err := time.LoadLocation("Asia/Kathmandu")
		if err != nil {
			t.Fatal(err)
		}
		var want, before callvault.Figures
		var lengths, lengthsBefore []int64
		days := map[string][]int{}
		hosts := map[string]int{}
		var file strings.Builder
		for _, c := range made.rows {
			d, err := gong.ParseCall(c.Document)
			if err != nil {
				t.Fatal(err)
			}
			day := c.Time.UTC().In(zone).Format(time.DateOnly)
			switch {
			case day >= "2026-02-15" && day < "2026-02-22" && has(&d):
				add(&want, &lengths, &d)
				fmt.Fprintf(&file, "%s\n", c.Document)
				days[day] = append(days[day], 1)
				hosts[text(d.PrimaryUserID)]++
			case day >= "2026-02-08" && day < "2026-02-15" && has(&d):
				add(&before, &lengthsBefore, &d)
			}
		}
		want.Median, before.Median = median(lengths), median(lengthsBefore)
		if l.Figures != want || l.Earlier == nil || l.Earlier.Figures != before {
			t.Errorf("%s:\n got %+v, before %+v\nwant %+v, before %+v", query, l.Figures, l.Earlier, want, before)
		}
		for _, b := range l.Chart.Bars {
			if day := b.From[:10]; b.total() != len(days[day]) || l.Chart.Unit != "day" {
				t.Errorf("%s: %d calls on %s, want %d", query, b.total(), day, len(days[day]))
			}
		}
		found := map[string]int{}
		for _, v := range l.Facets[2].Values {
			found[v.Value] = v.Calls
		}
		if !strings.Contains(query, "host") && !reflect.DeepEqual(found, hosts) { // its own part of the search does not count
			t.Errorf("%s: hosts %v, want %v", query, found, hosts)
		}
		if got := wholeList(t, h, parameters); len(got) != want.Calls {
			t.Errorf("%s: %d calls in the list of %d", query, len(got), want.Calls)
		}
		if got := get(h, "/api/download"+parameters+"&format=ndjson").Body.String(); got != file.String() {
			t.Errorf("%s: the download has %d bytes of %d", query, len(got), file.Len())
		}
	}
}

func is[T comparable](value *T, want T) bool { return value != nil && *value == want }

func text(value *string) string {
	if value == nil {
		return ""
	}
	return *value
}

func add(f *callvault.Figures, lengths *[]int64, d *gong.Call) {
	f.Calls++
	if d.Duration != nil {
		f.Timed, f.Seconds = f.Timed+1, f.Seconds+*d.Duration
		*lengths = append(*lengths, *d.Duration)
	}
	if is(d.Scope, gong.External) {
		f.Outside++
	}
	if is(d.Scope, gong.External) || is(d.Scope, gong.Internal) {
		f.Scoped++
	}
}

func median(lengths []int64) float64 {
	slices.Sort(lengths)
	n := len(lengths)
	if n == 0 {
		return 0
	}
	return float64(lengths[(n-1)/2]+lengths[n/2]) / 2
}

// Of many values those with the most calls are there, and how many are not.
func TestFacetsOfMany(t *testing.T) {
	made := calls{}
	for i := range 3 * maxValues {
		c, err := callvault.ParseCall(fmt.Appendf(nil, `{"id":"%d","started":"2026-03-04T07:00:00Z","primaryUserId":"%d"}`, i+1, max(1, i-maxValues)))
		if i == 3*maxValues-1 {
			c, err = callvault.ParseCall(fmt.Appendf(nil, `{"id":"%d","started":"2026-03-04T07:00:00Z","duration":60,"primaryUserId":"99"}`, i+1))
		}
		if err != nil {
			t.Fatal(err)
		}
		made.rows = append(made.rows, c)
	}
	l := read[look](t, start(t, Config{}, made), "/api/view?range=today")
	hosts := l.Facets[2]
	if hosts.Field != "host" || len(hosts.Values) != maxValues+1 || hosts.Values[maxValues].Value != "99" || // which has an hour
		hosts.Values[0] != (value{Bar: callvault.Bar{Value: "1", Calls: maxValues + 2}}) || hosts.Others != maxValues-2 {
		t.Errorf("%d values, %d others, first %+v", len(hosts.Values), hosts.Others, hosts.Values[0])
	}
}

// Values that the search finds are marked with the term that finds them, however it was typed.
func TestChosen(t *testing.T) {
	h, _ := named(t)
	for where, want := range map[string]string{
		"host:ada":                 "7 by host:ada",
		"host:7 host:ADA":          "7 by host:7",
		"host:8 host:ada":          "7 by host:ada, 8 by host:8",
		"workspace:sales host:ada": "7 by host:ada, 70 by workspace:sales",
		"none":                     "",
	} {
		l := read[look](t, h, "/api/view"+with("range", "all", "where", where))
		var got []string
		for _, f := range l.Facets {
			for _, v := range f.Values {
				if v.Chosen != "" {
					got = append(got, v.Value+" by "+v.Chosen)
				}
			}
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%s: %s, want %s", where, got, want)
		}
	}
}

// What is wrong with a search is named, and what is left without it.
func TestCulprits(t *testing.T) {
	h := start(t, Config{}, varied(t, 50, rand.New(rand.NewPCG(7, 8))))
	for _, tt := range []struct{ query, want string }{
		{with("where", "harbor direction:sideways  host:7"), `"culprit":{"name":"where","value":"direction:sideways","without":"harbor host:7"}`},
		{with("where", "host:Nobody"), `"culprit":{"name":"where","value":"host:Nobody","without":""}`},
		{with("where", "workspace:90 harbor"), `"culprit":{"name":"where","value":"workspace:90","without":"harbor"}`},
		{with("company", "acm"), `"culprit":{"name":"company","value":"acm","without":""}`},
		{with("by", "fortnight"), `"error":"Unknown unit \"fortnight\"; use hour, day, week, month, year.","final":true,"culprit":{"name":"by","value":"fortnight","without":""}`},
		{with("stack", "colour"), `"culprit":{"name":"stack","value":"colour","without":""}`},
		{with("range", "fortnight"), `"culprit":{"name":"range","value":"fortnight","without":""}`},
		{with("tz", "Mars/Olympus"), `"culprit":{"name":"tz","value":"Mars/Olympus","without":""}`},
		{with("from", "soon", "to", "2026-03-01"), `"culprit":{"name":"from","value":"soon","without":""}`},
		{with("from", "2026-02-01", "to", "later"), `"culprit":{"name":"to","value":"later","without":""}`},
		{with("from", "2026-03-02", "to", "2026-03-01"), `"culprit":{"name":"range","value":"2026-03-02 – 2026-03-01","without":""}`},
	} {
		for _, path := range []string{"/api/view", "/api/download"} {
			target := path + tt.query + "&format=ndjson"
			if path == "/api/download" && (strings.Contains(tt.query, "by=") || strings.Contains(tt.query, "stack=")) {
				continue // a file has no chart
			}
			if w := get(h, target); w.Code < 400 || w.Code >= 500 || !strings.Contains(w.Body.String(), tt.want) {
				t.Errorf("%s: %d %s, want %s", target, w.Code, w.Body, tt.want)
			}
		}
	}
}

// A search by words that no title has says whose name they are.
func TestMeant(t *testing.T) {
	h, _ := named(t)
	for where, want := range map[string]string{
		"longer:1s sales": `"meant":{"without":"longer:1s","near":["workspace:sales"]}`,
		"B Ada b love":    `"meant":{"without":"","near":["host:\"B Ada b love\""]}`,
		"none":            "", // a title has it
		"nobody":          "",
	} {
		body := get(h, "/api/view"+with("range", "all", "where", where)).Body.String()
		if !strings.Contains(body, want) || want == "" && strings.Contains(body, `"meant"`) {
			t.Errorf("%s: %s, want %s", where, body, want)
		}
	}
}

// Without calls a view says when the newest one was.
func TestNewest(t *testing.T) {
	h := start(t, Config{}, at("2025-03-01T00:00:00Z", "2025-04-01T23:00:00Z"))
	if l := read[look](t, h, "/api/view?range=today&tz=Europe/Berlin"); l.Newest != "2025-04-02T01:00:00+02:00" || l.Range != "today" {
		t.Errorf("%+v", l)
	}
	if l := read[look](t, h, "/api/view?range=all"); l.Newest != "" {
		t.Errorf("%+v", l)
	}
}
