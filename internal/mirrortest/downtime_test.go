package mirrortest

import (
	"net/http"
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/budget"
	"github.com/callvault/callvault/internal/upstream"
)

// What came while no mirror ran is read by the warm window, and not hunted as differences.
func TestDowntime(t *testing.T) {
	script := small(20)
	script.PerDay, script.Rests = 60, opens.Add(10*day)
	r := newRig(t, options{script: script})
	r.run(3*day, nil)
	r.now = r.now.Add(8 * day)
	before := len(r.calls())
	r.restart()
	r.run(30*time.Minute, nil)
	r.kept()
	if n := len(r.calls()) - before; n < 250 {
		t.Errorf("%d calls came in half an hour after 8 days", n)
	}
	if asked := r.status().Requests.Purposes["bisect"]; asked > 60 {
		t.Errorf("%d requests were for differences", asked)
	}
	r.run(52*time.Hour, nil)
	r.equal()
}

// Users and workspaces are read at the first run and daily. A key that may not read a kind is a
// note, and what is here of that kind stays.
func TestPeople(t *testing.T) {
	script := small(21)
	script.History, script.Workspaces = 3*day, 3
	r := newRig(t, options{script: script})
	r.run(time.Hour, nil)
	r.samePeople()
	r.server.Directory[callvault.Users] = r.server.Directory[callvault.Users][2:]
	r.run(25*time.Hour, nil)
	r.samePeople()

	r = newRig(t, options{script: script, scopes: []callvault.Scope{gong.ScopeCallsRead, gong.ScopeWorkspacesRead}})
	r.run(time.Hour, nil)
	s := r.status()
	if !s.Connected || s.Notes["users"] == "" || s.Notes["workspaces"] != "" {
		t.Errorf("without a right the status is connected %v, %v, with the notes %v", s.Connected, s.Reason, s.Notes)
	}
	r.kept()
}

// samePeople fails the test unless the users and workspaces here are those upstream.
func (r *rig) samePeople() {
	r.Helper()
	for _, kind := range callvault.Kinds() {
		var here []callvault.Entry
		err := r.store.Directory(company).Scan(r.Context(), kind, callvault.ID{}, -1, func(e callvault.Entry) error {
			here = append(here, callvault.Entry{ID: e.ID, Document: append([]byte(nil), e.Document...)})
			return nil
		})
		if err != nil {
			r.Fatal(err)
		}
		want := callvault.SortEntries(r.server.Directory[kind])
		if len(here) != len(want) {
			r.Errorf("%d %s are here, and %d upstream", len(here), kind, len(want))
			continue
		}
		for i := range want {
			if string(here[i].Document) != string(want[i].Document) {
				r.Errorf("%s here is %s, and upstream %s", kind.One(), here[i].Document, want[i].Document)
			}
		}
	}
}

// A page that the upstream can't answer holds up no other, and no round.
func TestUnreadablePage(t *testing.T) {
	script := small(22)
	script.PerDay, script.Rests = 40, opens.Add(time.Minute)
	r := newRig(t, options{script: script})
	r.run(2*day, nil)
	from := make(map[string]bool) // of the old pages, as requests have it
	err := r.store.Mirror(company).Values(t.Context(), "span/", func(key string, _ []byte) error {
		at, err := time.Parse("span/2006-01-02T15:04:05.000000Z", key)
		from[at.Format(time.RFC3339Nano)] = len(from) == 3
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	handler := r.handler
	failed := 0
	r.handler = http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if from[request.URL.Query().Get("fromDateTime")] {
			failed++
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		handler.ServeHTTP(w, request)
	})
	for _, id := range r.someCalls(1) {
		r.server.World.Edit(id)
	}
	r.run(50*time.Hour, nil)
	different := 0
	here := r.calls()
	for call := range r.server.World.Calls() {
		if here[call.ID] != string(call.Document) {
			different++
		}
	}
	if failed == 0 || different > 100 {
		t.Errorf("%d requests failed, and %d calls are different", failed, different)
	}
	if s := r.status(); !s.Connected || s.Rounds[2].Began.Before(r.now.Add(-25*time.Hour)) {
		t.Errorf("connected is %v, %v; the old round began at %v, and now it is %v", s.Connected, s.Reason, s.Rounds[2].Began, r.now)
	}
}

// refusals counts the requests that an upstream refuses.
type refusals struct {
	http.ResponseWriter
	n *int
}

func (r refusals) WriteHeader(status int) {
	if status == http.StatusBadRequest {
		*r.n++
	}
	r.ResponseWriter.WriteHeader(status)
}

// A walk that takes longer than the upstream's cursors live goes on by the place of its last
// call before they end, and no request is refused. A cursor is sent with the beginning that its
// walk was asked for with: nobody knows whether the live service takes another one.
func TestWalkOutlivesItsCursors(t *testing.T) {
	script := small(39)
	script.PerDay, script.Rests = 100, opens.Add(time.Minute)
	r := newRig(t, options{script: script, limits: budget.Limits{Pace: 1.0 / 120, Daily: 5000, Saved: 3 * time.Hour}, closed: true})
	handler, refused := r.handler, 0
	r.handler = http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		handler.ServeHTTP(refusals{w, &refused}, request)
	})
	begins := make(map[string]time.Time) // by cursor
	r.lies().list = func(ask upstream.Ask, page *upstream.Page) error {
		if from, known := begins[ask.Cursor]; known && !from.Equal(ask.From) {
			t.Errorf("the cursor of a walk from %v was sent with %v", from, ask.From)
		}
		if page.Cursor != "" {
			begins[page.Cursor] = ask.From
		}
		return nil
	}
	r.open()
	r.run(12*time.Hour, nil)
	if refused > 0 {
		t.Errorf("%d requests were refused", refused)
	}
	r.kept()
}
