package status

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/callvault/callvault/internal/budget"
	"github.com/callvault/callvault/internal/mirror"
)

var now = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func past(d time.Duration) *mirror.Seconds { return new(mirror.Seconds(d)) }

// busy is the status of a mirror with something of everything.
func busy() *mirror.Status {
	return &mirror.Status{
		Connected: true, Calls: 234567, Upstream: 234570, Newest: new(now.Add(-150 * time.Second)),
		Windows: []mirror.Window{
			{Name: "hot", Age: past(4 * time.Minute), Last: past(time.Minute), Period: mirror.Seconds(5 * time.Minute)},
			{Name: "warm", Period: mirror.Seconds(90 * time.Minute)},
		},
		Backfill: mirror.Backfilled{From: new(now.AddDate(0, -6, 0)), Calls: 130, Total: 200, Left: past(50 * time.Hour)},
		Rounds: []mirror.Round{
			{Name: "young", Began: new(now), Pages: 12, Total: 12, Period: mirror.Seconds(6 * time.Hour)},
			{Name: "mid", Period: mirror.Seconds(24 * time.Hour)},
			{Name: "old", Began: new(now), Pages: 650, Total: 2600, Left: past(18 * time.Hour), Period: mirror.Seconds(41 * 24 * time.Hour), Running: true},
		},
		Requests: budget.Spent{Used: 1234, Limit: 5000, Purposes: map[string]int{"hot": 288, "old": 900, "by-id": 0, "head": 24, "mid": 24}, Paused: now.Add(time.Minute), Halved: now.Add(time.Hour)},
		Late:     mirror.Late{Median: past(21 * time.Minute), P95: past(3 * time.Hour), Worst: past(12*24*time.Hour + time.Hour)},
		Held:     &mirror.Held{Calls: 1200, Reason: "the upstream counts fewer calls than are here", Release: "when it counts them again, or: callvault mirror accept --company acme"},
		Own:      3, Excess: 2, Absent: 1, Notes: map[string]string{"users": "the server answered 403\x1b[31m"},
		Holder: "host: process 12", URL: "https://us-12345.api.gong.io", Suggest: 9000, Hurry: 1,
		Reads: mirror.Reads{Company: "acme", Arguments: " --company acme", Now: now},
	}
}

// The text has all that an operator has to know, and no character that a server chose to
// control the terminal with.
func TestText(t *testing.T) {
	var got bytes.Buffer
	if err := Text(&got, busy()); err != nil {
		t.Fatal(err)
	}
	const want = `company acme is a mirror of https://us-12345.api.gong.io

connected    yes
kept by      host: process 12
calls        234,567 here, 234,570 upstream, of which 2 not listed yet; 1 no longer listed, about to be looked up by id
             3 calls from before the mirror, which the upstream does not list; keep or delete them: callvault mirror accept --company acme --own keep
newest call  2026-03-04T11:57:30Z, 2 min 30 s ago
hot window   looked at 1 min ago, read whole 4 min ago, every 5 min
warm window  not read yet, every 1 h 30 min
backfill     █████████████░░░░░░░ 65 %, back to 2025-09-04T12:00:00Z, 2 d 2 h left
young round  ████████████████████ 100 % of 12 pages, every 6 h
mid round    not begun, every 1 d
old round    █████░░░░░░░░░░░░░░░ 25 % of 2,600 pages, 18 h left, every 41 d
             --daily 9000 would make the old round 20 d
requests     ████░░░░░░░░░░░░░░░░ 1,234 of 5,000 in the last 24 hours
             old 900, hot 288, head 24, mid 24
             none until 2026-03-04T12:01:00Z, as the upstream asked; half of the pace and the budget until 2026-03-04T13:00:00Z, because others use the account
late         half come within 21 min of their start, 95 % within 3 h, the latest after 12 d 1 h, in the last 30 days
held         1,200 calls: the upstream counts fewer calls than are here
             released when it counts them again, or: callvault mirror accept --company acme
users        not read: the server answered 403�[31m
`
	if got.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &got, want)
	}
}

// A mirror that has just been made says what is not known yet.
func TestTextOfANewMirror(t *testing.T) {
	var got bytes.Buffer
	s := &mirror.Status{Reason: new(mirror.NothingRead), URL: "https://a.example.com", Hurry: 60, Reads: mirror.Reads{Company: "acme", Arguments: " --db 'b.db' --company acme", Now: now}}
	if err := Text(&got, s); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"no: nothing has been read yet\n", "no process; start one: callvault mirror --url https://a.example.com --db 'b.db' --company acme\n", "             --hurry 60 divides every period\n", "newest call  none\n",
		"backfill     not begun\n", "requests     0 of 0 in the last 24 hours\n", "late         not known yet\n", "held         nothing\n",
	} {
		if !strings.Contains(got.String(), want) {
			t.Errorf("%q is not in\n%s", want, &got)
		}
	}
}

// Times are shown by the clock of the person who reads them.
func TestZone(t *testing.T) {
	s := busy()
	s.Now = now.In(time.FixedZone("", 9*3600))
	want := Line{Name: "newest call", Text: "2026-03-04T20:57:30+09:00, 2 min 30 s ago"}
	if lines := Show(s).Lines; !slices.Contains(lines, want) {
		t.Errorf("%+v", lines)
	}
}

// The headline says what matters most: first that nothing is read, then what is held back.
func TestHeadline(t *testing.T) {
	change := func(f func(*mirror.Status)) *mirror.Status {
		s := busy()
		f(s)
		return s
	}
	quiet := func(f func(*mirror.Status)) *mirror.Status {
		return change(func(s *mirror.Status) { s.Held, s.Backfill = nil, mirror.Backfilled{Done: true}; f(s) })
	}
	refused := func(s *mirror.Status) {
		s.Connected, s.Reason = false, new("the server answered 401\x1b[31m; check the access key")
	}
	for _, tt := range []struct {
		status *mirror.Status
		state  State
		text   string
	}{
		{quiet(func(*mirror.Status) {}), Current, "current, newest call 2 min ago"},
		{quiet(func(s *mirror.Status) { s.Newest = nil }), Current, "current"},
		{quiet(func(s *mirror.Status) { s.Newest = new(now.Add(time.Hour)) }), Current, "current"},
		{quiet(func(s *mirror.Status) {
			s.Windows[0].Last, s.Windows[0].Period = past(50*time.Minute), mirror.Seconds(time.Hour)
		}), Busy, "last read 50 min ago, newest call 2 min ago"},
		{change(func(s *mirror.Status) { s.Held = nil }), Busy, "backfill 65 %, 2 d 2 h left"},
		{busy(), Trouble, "on hold: 1,200 calls not deleted"},
		{change(func(s *mirror.Status) { s.Windows[0].Last = past(26 * time.Minute) }), Trouble, "overdue, last read 26 min ago"},
		{change(func(s *mirror.Status) { s.Windows[0].Last, s.Holder = past(26*time.Minute), "" }), Trouble, "no process keeps it, last read 26 min ago"},
		{change(func(s *mirror.Status) { s.Reason = new("0 calls visible") }), Trouble, "0 calls visible"},
		{change(refused), Trouble, "not connected: the server answered 401�[31m"},
		{change(func(s *mirror.Status) { s.Windows[0].Last = nil; refused(s) }), Trouble, "not connected: the server answered 401�[31m"},
		{change(func(s *mirror.Status) { s.Connected, s.Reason, s.Windows[0].Last = false, new(mirror.NothingRead), nil }), Busy, "nothing has been read yet"},
	} {
		got := Show(tt.status)
		if want := "Mirror of us-12345.api.gong.io: " + tt.text; got.State != tt.state || got.Headline != want {
			t.Errorf("%s, %q, want %s, %q", got.State, got.Headline, tt.state, want)
		}
	}
}

// A run that ends says when to come again, and what it held back.
func TestOutcome(t *testing.T) {
	due := mirror.Outcome{Next: now.Add(5 * time.Minute), Backfilled: true}
	for want, o := range map[string]mirror.Outcome{
		"all that was due is done; more is due in 5 min, at 2026-03-04T12:05:00Z": due,
		"the backfill is not done yet; more is due now":                           {Next: now},
		"all that was due is done; more is due in 5 min, at 2026-03-04T12:05:00Z\n" +
			"on hold: 1,200 calls: the upstream counts fewer calls than are here\n" +
			"released when it counts them again, or: callvault mirror accept --company acme": {Next: due.Next, Backfilled: true, Held: busy().Held},
	} {
		if got := Outcome(o, now); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}

// A mirror that can read its upstream may still see nothing there.
func TestConnected(t *testing.T) {
	for want, s := range map[string]*mirror.Status{
		"yes":                         {Connected: true},
		"yes, but 0 calls visible":    {Connected: true, Reason: new("0 calls visible")},
		"no: the server answered 401": {Reason: new("the server answered 401")},
	} {
		if got := connected(s); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// The keys of the JSON are what scripts rely on.
func TestJSON(t *testing.T) {
	for _, tt := range []struct {
		status *mirror.Status
		want   string
	}{
		{busy(), `{"connected":true,"reason":null,"calls":234567,"upstream":234570,"newest":"2026-03-04T11:57:30Z",` +
			`"windows":[{"name":"hot","age":240,"period":300},{"name":"warm","age":null,"period":5400}],` +
			`"backfill":{"done":false,"from":"2025-09-04T12:00:00Z","calls":130,"total":200,"left":180000},` +
			`"rounds":[{"name":"young","began":"2026-03-04T12:00:00Z","pages":12,"total":12,"left":null,"period":21600,"running":false},` +
			`{"name":"mid","began":null,"pages":0,"total":0,"left":null,"period":86400,"running":false},` +
			`{"name":"old","began":"2026-03-04T12:00:00Z","pages":650,"total":2600,"left":64800,"period":3542400,"running":true}],` +
			`"requests":{"used":1234,"limit":5000,"purposes":{"by-id":0,"head":24,"hot":288,"mid":24,"old":900}},` +
			`"late":{"median":1260,"p95":10800,"worst":1040400},` +
			`"held":{"calls":1200,"reason":"the upstream counts fewer calls than are here","release":"when it counts them again, or: callvault mirror accept --company acme"}}`},
		{&mirror.Status{Reason: new(mirror.NothingRead), Windows: []mirror.Window{}, Rounds: []mirror.Round{}}, `{"connected":false,"reason":"nothing has been read yet","calls":0,"upstream":0,"newest":null,"windows":[],` +
			`"backfill":{"done":false,"from":null,"calls":0,"total":0,"left":null},"rounds":[],"requests":{"used":0,"limit":0,"purposes":null},` +
			`"late":{"median":null,"p95":null,"worst":null},"held":null}`},
	} {
		got, err := json.Marshal(tt.status)
		if err != nil || string(got) != tt.want {
			t.Errorf("got\n%s, %v\nwant\n%s", got, err, tt.want)
		}
	}
}

// What an operator is asked names the months of the calls that are known to be missing, and says
// of how many others they are not.
func TestDecision(t *testing.T) {
	months := []mirror.Month{{Name: "2026-01", Calls: 1100}, {Name: "2026-02", Calls: 90}}
	for _, tt := range []struct {
		decision       mirror.Decision
		what, question string
	}{
		{mirror.Decision{Held: busy().Held, Calls: 1200, Months: months}, "1,200 calls: the upstream counts fewer calls than are here; by month: 2026-01 1,100, 2026-02 90; the months of the other 10 are not known, because the upstream only counts calls", "Let the mirror delete up to 1,200 calls?"},
		{mirror.Decision{Held: busy().Held, Calls: 1200}, "1,200 calls: the upstream counts fewer calls than are here; their months are not known, because the upstream only counts calls", "Let the mirror delete up to 1,200 calls?"},
		{mirror.Decision{Own: mirror.KeepOwn, Calls: 1190, Months: months}, "1,190 calls from before the mirror, which the upstream does not list; by month: 2026-01 1,100, 2026-02 90", "Keep them beside those that it lists?"},
		{mirror.Decision{Own: mirror.DeleteOwn, Calls: 1, Months: months[:0]}, "1 call from before the mirror, which the upstream does not list; their months", "Delete them for good?"},
	} {
		if what, question := Decision(tt.decision); !strings.HasPrefix(what, tt.what) || question != tt.question {
			t.Errorf("got\n%s\n%s\nwant\n%s\n%s", what, question, tt.what, tt.question)
		}
	}
}

// A scrape shows the numbers of the status, or that it can't be read.
func TestMetrics(t *testing.T) {
	reads := func(s *mirror.Status, err error) *prometheus.Registry {
		registry := prometheus.NewRegistry()
		registry.MustRegister(Collector{func(context.Context) (*mirror.Status, error) { return s, err }})
		return registry
	}
	registry := reads(busy(), nil)
	if problems, err := testutil.GatherAndLint(registry); err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]float64)
	for _, family := range families {
		for _, m := range family.GetMetric() {
			name := strings.TrimPrefix(family.GetName(), "callvault_mirror_")
			for _, label := range m.GetLabel() {
				name += " " + label.GetValue()
			}
			got[name] = m.GetGauge().GetValue()
		}
	}
	for name, want := range map[string]float64{
		"up": 1, "connected": 1, "calls": 234567, "upstream_calls": 234570, "newest_call_timestamp_seconds": float64(now.Unix() - 150),
		"window_age_seconds hot": 240, "window_period_seconds hot": 300, "window_period_seconds warm": 5400, "backfill_ratio": 0.65,
		"round_ratio young": 1, "round_ratio mid": 0, "round_ratio old": 0.25, "round_period_seconds old": 41 * 24 * 3600,
		"requests hot": 288, "requests by-id": 0, "requests_limit": 5000, "late_seconds p95": 10800, "held_calls": 1200,
	} {
		if value, ok := got[name]; !ok || value != want {
			t.Errorf("%s is %v, want %v", name, value, want)
		}
	}
	if _, ok := got["window_age_seconds warm"]; ok {
		t.Error("a window that was not read has an age")
	}
	if n, err := testutil.GatherAndCount(reads(nil, errors.New("gone"))); err != nil || n != 1 {
		t.Errorf("%d metrics without a status, %v", n, err)
	}
}
