package upstreamtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/demo"
	"github.com/callvault/callvault/internal/limit"
)

var opens = time.Date(2026, 3, 4, 11, 20, 0, 0, time.UTC)

func script() demo.Script {
	s := demo.Usual(1, opens, 60)
	s.History, s.Tied, s.Workspaces = 20*24*time.Hour, 150, 3
	return s
}

// fixture is a Server at its clock, and a client with the name reader.
type fixture struct {
	*Server
	*Clock
	client *gong.Client
	read   func(path string) (int, http.Header, string)
}

func start(t *testing.T, c Config) *fixture {
	t.Helper()
	f := &fixture{Clock: NewClock(opens)}
	c.Now = f.Now
	f.Server = New(t, c)
	f.client = &gong.Client{BaseURL: URL, Credential: f.Key("reader"), HTTP: f.Client(), Retries: -1, Patience: -1}
	f.read = func(path string) (int, http.Header, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth(f.client.Credential.AccessKey, f.client.Credential.AccessKeySecret)
		response, err := f.client.HTTP.Do(r)
		if err != nil {
			return 0, nil, err.Error()
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			return response.StatusCode, response.Header, err.Error()
		}
		return response.StatusCode, response.Header, string(body)
	}
	return f
}

// A walk of an account at rest is its list, to the byte, and so it is through a socket; what
// was shown is remembered under the client's name.
func TestWalk(t *testing.T) {
	f := start(t, Config{Script: script()})
	var want [][]byte
	for c := range f.World.Calls() {
		want = append(want, c.Document)
	}
	socket := httptest.NewServer(f.Server)
	defer socket.Close()
	over := &gong.Client{BaseURL: socket.URL, HTTP: socket.Client(), Credential: f.Key("other")}
	for _, client := range []*gong.Client{f.client, over} {
		n := 0
		for c, err := range client.Calls(t.Context(), gong.ListCallsQuery{}) {
			if err != nil || n == len(want) || !bytes.Equal(c.AppendJSON(nil), want[n]) {
				t.Fatalf("call %d: %v, %v", n, err, c)
			}
			n++
		}
		if n != len(want) {
			t.Fatalf("%d calls, want %d", n, len(want))
		}
	}
	for _, client := range []string{"reader", "other"} {
		if shown := f.Shown(client); len(shown) != len(want) {
			t.Errorf("%s was shown %d calls, want %d", client, len(shown), len(want))
		}
	}
	if n := len(f.Shown("nobody")); n > 0 {
		t.Errorf("nobody was shown %d calls", n)
	}
}

// While a list changes, a walk is what the contract's cursors make of it: calls behind the
// position are not met, those before it are, none twice, and the total is the first page's.
func TestChangesInMidWalk(t *testing.T) {
	f := start(t, Config{Script: script()})
	first, err := f.client.ListCalls(t.Context(), gong.ListCallsQuery{}, "")
	if err != nil {
		t.Fatal(err)
	}
	id := func(c gong.Call) callvault.ID {
		id, err := callvault.ParseID(c.ID)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	var purged callvault.ID
	for c := range f.World.Calls() {
		purged = c.ID
	}
	f.World.Purge(purged)
	behind := f.World.Add(first.Calls[50].Date().Instant().Add(time.Millisecond))
	before := f.World.Add(opens)
	f.World.Move(id(first.Calls[99]), opens.Add(-time.Minute))
	f.World.Edit(id(first.Calls[98]))
	seen := make(map[callvault.ID]int)
	page := first
	for pages := 0; ; pages++ {
		if page.Records.TotalRecords != first.Records.TotalRecords || page.Records.CurrentPageNumber != pages {
			t.Fatalf("page %d has %+v", pages, page.Records)
		}
		for _, c := range page.Calls {
			seen[id(c)]++
		}
		if page.Records.Cursor == "" {
			break
		}
		f.Advance(time.Second)
		if page, err = f.client.ListCalls(t.Context(), gong.ListCallsQuery{}, page.Records.Cursor); err != nil {
			t.Fatal(err)
		}
	}
	if seen[behind] != 0 || seen[before] != 1 || seen[purged] != 0 || seen[id(first.Calls[99])] != 2 || seen[id(first.Calls[98])] != 1 {
		t.Errorf("behind %d, before %d, purged %d, moved %d times", seen[behind], seen[before], seen[purged], seen[id(first.Calls[99])])
	}
	if missing := f.Missing("reader", f.Now(), func(id callvault.ID) bool { return seen[id] > 0 }); len(missing) > 0 {
		t.Errorf("missing %v", missing)
	}
	if missing := f.Missing("reader", f.Now(), func(id callvault.ID) bool { return id != before }); !slices.Equal(missing, []callvault.ID{before}) {
		t.Errorf("missing %v, want %v", missing, before)
	}
	if missing := f.Missing("reader", opens.Add(-1), func(callvault.ID) bool { return false }); len(missing) > 0 {
		t.Errorf("missing before anything was shown: %v", missing)
	}
}

// What is counted and not listed is in the total: also where nothing is listed, which is then
// an empty page and not the 404.
func TestCounted(t *testing.T) {
	f := start(t, Config{Script: demo.Script{Opens: opens}})
	if status, _, body := f.read("/v2/calls"); status != http.StatusNotFound || !strings.Contains(body, `"errors":["`+gong.NoCallsFound+`"]`) {
		t.Errorf("nothing is %d %s", status, body)
	}
	id := f.World.AddCounted(opens)
	if status, _, body := f.read("/v2/calls"); status != http.StatusOK || !strings.Contains(body, `"records":{"totalRecords":1,"currentPageSize":0,"currentPageNumber":0},"calls":[]`) {
		t.Errorf("a counted call is %d %s", status, body)
	}
	if status, _, body := f.read("/v2/calls/" + id.String()); status != http.StatusNotFound || !strings.Contains(body, `"errors":["`+gong.CallNotFound(id.String())+`"]`) {
		t.Errorf("by id it is %d %s", status, body)
	}
	f.World.List(id)
	if status, _, body := f.read("/v2/calls"); status != http.StatusOK || !strings.Contains(body, `"totalRecords":1,"currentPageSize":1,`) {
		t.Errorf("a listed call is %d %s", status, body)
	}
	if status, _, body := f.read("/v2/calls/" + id.String()); status != http.StatusOK || !strings.Contains(body, `"call":{"id":"`+id.String()) {
		t.Errorf("by id it is %d %s", status, body)
	}
	f.World.Hide(1)
	if status, _, body := f.read("/v2/calls"); status != http.StatusNotFound || !strings.Contains(body, gong.NoCallsFound) {
		t.Errorf("without rights it is %d %s", status, body)
	}
	if status, _, body := f.read("/v2/calls/" + id.String()); status != http.StatusNotFound || !strings.Contains(body, gong.CallNotFound(id.String())) || !f.World.Has(id) {
		t.Errorf("by id without rights it is %d %s", status, body)
	}
}

// Answers carry the upstream's time, and a cursor ends an hour after the first page of its
// walk.
func TestClock(t *testing.T) {
	f := start(t, Config{Script: script()})
	_, header, body := f.read("/v2/calls")
	if got := header.Get("Date"); got != opens.Format(http.TimeFormat) {
		t.Errorf("the date is %q", got)
	}
	for _, tt := range []struct {
		after  time.Duration
		status int
	}{{30 * time.Minute, http.StatusOK}, {29*time.Minute + 59*time.Second, http.StatusOK}, {time.Second, http.StatusBadRequest}} {
		var page gong.ListCallsResponse
		if err := json.Unmarshal([]byte(body), &page); err != nil {
			t.Fatal(err)
		}
		f.Advance(tt.after)
		status, header, answer := f.read("/v2/calls?cursor=" + page.Records.Cursor)
		if status != tt.status || header.Get("Date") != f.Now().Format(http.TimeFormat) {
			t.Errorf("after another %v: %d %s", tt.after, status, answer)
		}
		body = answer
	}
	if !strings.Contains(body, "ursor has expired") {
		t.Errorf("the last answer is %s", body)
	}
}

// All clients share the limit, and requests are counted.
func TestLimit(t *testing.T) {
	f := start(t, Config{Script: script(), Limit: limit.Limit{PerSecond: 3, PerDay: 10}})
	other := &gong.Client{BaseURL: URL, Credential: f.Key("other"), HTTP: f.Client(), Retries: -1, Patience: -1}
	refused := 0
	for i := range 20 {
		client := f.client
		if i%2 == 1 {
			client = other
		}
		_, err := client.ListCalls(t.Context(), gong.ListCallsQuery{}, "")
		if refusal := (*gong.Error)(nil); errors.As(err, &refusal) {
			if refused++; refusal.Status != http.StatusTooManyRequests || refusal.RetryAfter <= 0 {
				t.Fatalf("request %d: %v", i, err)
			}
			if i == 19 && refusal.RetryAfter < 12*time.Hour {
				t.Errorf("the day is used up, and the answer is %v", err)
			}
		}
		f.Advance(250 * time.Millisecond)
	}
	if refused != 10 || f.Requests() != 20 || f.Most(time.Second) != 4 || f.Most(24*time.Hour) != 20 || f.Most(750*time.Millisecond) != 3 {
		t.Errorf("%d refused of %d; %d in a second, %d in a day", refused, f.Requests(), f.Most(time.Second), f.Most(24*time.Hour))
	}
}

// Users and workspaces are served to a key that may read them, and are what the calls name.
func TestDirectory(t *testing.T) {
	f := start(t, Config{Script: script()})
	for path, want := range map[string]int{gong.UsersPath: 40, gong.WorkspacesPath: 3} {
		if status, _, body := f.read(path); status != http.StatusOK || strings.Count(body, `{"id":`) != want {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	known := make(map[string]bool)
	for _, kind := range callvault.Kinds() {
		for _, e := range f.World.Entries(kind) {
			known[e.ID.String()] = true
		}
	}
	for c := range f.World.Calls() {
		document, err := gong.ParseCall(c.Document)
		if err != nil || document.PrimaryUserID != nil && !known[*document.PrimaryUserID] || !known[*document.WorkspaceID] {
			t.Fatalf("%v: %s", err, c.Document)
		}
	}
	f.client.Credential = f.Key("calls only", gong.ScopeCallsRead)
	if status, _, body := f.read(gong.UsersPath); status != http.StatusForbidden {
		t.Errorf("without the scope: %d %s", status, body)
	}
	f.client.Credential.AccessKeySecret = "wrong"
	if status, _, body := f.read(gong.Path); status != http.StatusUnauthorized {
		t.Errorf("with a wrong secret: %d %s", status, body)
	}
}

// Each trouble is what its name says, and comes at its rate.
func TestTroubles(t *testing.T) {
	f := start(t, Config{Script: script()})
	now := Reset
	troubles := &Troubles{Handler: f.Server, Now: func() (Trouble, bool) { return now, true }, RetryAfter: time.Hour}
	f.client.HTTP = &http.Client{Transport: Transport{troubles}}
	for _, tt := range []struct {
		trouble Trouble
		status  int
		want    string
	}{
		{Reset, 0, "connection reset"},
		{Cut, 200, "unexpected EOF"},
		{Failed, 500, gong.InternalError},
		{Gateway, 502, "<html>"},
		{Strange, 200, `"errors":[`},
		{TooMany, 429, gong.LimitExceeded},
		{Empty, 404, gong.NoCallsFound},
		{Unauthorized, 401, "not valid"},
		{Forbidden, 403, "Forbidden"},
	} {
		now = tt.trouble
		status, header, body := f.read("/v2/calls")
		if status != tt.status || !strings.Contains(body, tt.want) || tt.status == 429 && header.Get("Retry-After") != "3600" {
			t.Errorf("trouble %d: %d %v %s", tt.trouble, status, header, body)
		}
		if n := troubles.Count(tt.trouble); n != 1 {
			t.Errorf("trouble %d is counted %d times", tt.trouble, n)
		}
	}
	if n := len(f.Shown("reader")); n > 0 {
		t.Errorf("%d calls count as shown by an answer that was cut", n)
	}
	draw := func(seed uint64) (drawn []Trouble) {
		troubles := &Troubles{Seed: seed, Shares: Usual()}
		for range 5000 {
			trouble, has := troubles.draw()
			if !has {
				trouble = -1
			}
			drawn = append(drawn, trouble)
		}
		if n := troubles.Count(Reset); n < 25 || n > 100 || troubles.Count(Empty) > 0 {
			t.Errorf("%d resets of 5000, %d empty", n, troubles.Count(Empty))
		}
		return drawn
	}
	if !slices.Equal(draw(1), draw(1)) || slices.Equal(draw(1), draw(2)) {
		t.Error("the seed does not decide")
	}
}

// The transport gives up when the request's context does, and breaks a body that is shorter
// than its header says.
func TestTransport(t *testing.T) {
	client := &http.Client{Transport: Transport{http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "10")
		_, _ = io.WriteString(w, "12345")
	})}}
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); string(body) != "12345" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%q, %v", body, err)
	}
	cancel()
	if _, err := client.Do(r); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
}

// Scripts of many seeds come to rest, and everything happens in some of them.
func TestScript(t *testing.T) {
	happened := make(map[demo.Kind]int)
	most, ahead := 0, 0
	for seed := range uint64(25) {
		s := Script(seed, opens)
		w := demo.NewWorld(s)
		changes := 0
		w.Watch = func(c demo.Change) { happened[c.Kind]++; changes++ }
		w.Advance(s.Rests)
		if _, more := w.Next(); more || changes == 0 {
			t.Errorf("seed %d: %d changes, and more to come: %v", seed, changes, more)
		}
		ahead += w.Unlisted(callvault.Query{Range: callvault.AllTime})
		most = max(most, w.Total(callvault.Query{Range: callvault.AllTime}))
	}
	for _, kind := range []demo.Kind{demo.Listed, demo.Edited, demo.Moved, demo.Purged, demo.Expired} {
		if happened[kind] < 100 {
			t.Errorf("%s: %d times", kind, happened[kind])
		}
	}
	if ahead == 0 || most > 20_000 {
		t.Errorf("%d calls stay unlisted, the largest account has %d", ahead, most)
	}
}
