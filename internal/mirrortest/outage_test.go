package mirrortest

import (
	"flag"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/demo"
	"github.com/callvault/callvault/internal/mirror"
)

var full = flag.Bool("full", false, "larger accounts and more of them, too")

// medium is an account of which 0.3 % is more than G.
func medium(seed uint64) demo.Script {
	s := demo.Usual(seed, opens, 300)
	s.Retention, s.Bare = 0, true
	return s
}

// While a key can't see more calls than G, nothing is deleted that the upstream still has, for
// however long. What is still visible goes on arriving, and when the rights are back the hold
// ends by itself. Of fewer calls, G a day go at most, and they come back.
func TestRightsLost(t *testing.T) {
	type outage struct {
		script func(uint64) demo.Script
		share  float64
		length time.Duration
	}
	outages := map[string]outage{
		"a single call":  {small, 0.003, 10 * time.Hour},
		"fewer than G":   {small, 0.05, 3 * day},
		"more than G":    {small, 0.3, 3 * day},
		"all":            {small, 1, 3 * day},
		"all, for hours": {small, 1, 10 * time.Hour},
	}
	if *full {
		for _, share := range []float64{0.0002, 0.003, 0.05, 1} {
			for _, length := range []time.Duration{10 * time.Hour, 3 * day} {
				outages[fmt.Sprintf("%g %% of a medium account for %v", share*100, length)] = outage{medium, share, length}
			}
		}
	}
	for name, o := range outages {
		t.Run(name, func(t *testing.T) {
			s := o.script(uint64(o.share*1000) + 3)
			settled := 2 * day
			s.Outages = []demo.Outage{{From: opens.Add(settled + 20*time.Minute), For: o.length, Share: o.share}}
			s.Rests = opens.Add(settled + o.length + 12*time.Hour)
			w := &watch{}
			of := options{script: s, before: w.watched}
			if s.Bare {
				of.store, of.before = newMemory(), func(r *rig) { w.watched(r); r.listDirectly() }
			}
			rightsLost(t, newRig(t, of), w, settled, o.length)
		})
	}
}

func rightsLost(t *testing.T, r *rig, w *watch, settled, length time.Duration) {
	r.run(settled, nil)
	before := len(r.calls())
	most := max(50, before/2000)
	hidden := before
	r.run(30*time.Minute, nil)
	for range r.server.World.Calls() {
		hidden--
	}
	newest := *r.status().Newest
	r.run(length-time.Hour, nil)
	s := r.status()
	days := int(length/day) + 1
	switch {
	case hidden > most && w.wrong > 0:
		t.Errorf("%d calls were deleted while %d were hidden, and G is %d", w.wrong, hidden, most)
	case w.wrong > min(hidden, most*days)+5:
		t.Errorf("%d calls were deleted while %d were hidden in %d days, and G is %d", w.wrong, hidden, days, most)
	}
	if held := s.Held != nil; held != (hidden > most) {
		t.Errorf("held is %+v while %d calls are hidden, and G is %d", s.Held, hidden, most)
	}
	if hidden < before-most && length >= 3*day && !s.Newest.After(newest) {
		t.Errorf("no call arrived while some were hidden")
	}
	r.run(2*day+18*time.Hour, nil)
	if held := r.status().Held; held != nil {
		t.Errorf("the hold did not end: %+v", held)
	}
	r.kept()
	r.equal()
	t.Logf("%d calls, %d hidden, %d deleted meanwhile", before, hidden, w.wrong)
}

// A retention policy that is switched on, and then purges daily. The first purge is a hold that
// an operator accepts, because the horizon moves further than time does. The daily ones are
// deleted within the hour, without a request for each call.
func TestRetention(t *testing.T) {
	s := small(4)
	s.PerDay = 40
	s.Retention, s.RetentionFrom = 30*day, opens.Add(3*day)
	s.Rests = opens.Add(8 * day)
	r := newRig(t, options{script: s})
	r.run(3*day, nil)
	r.kept()
	r.run(day, nil)
	held := r.status().Held
	if held == nil || held.Calls < 500 || !strings.Contains(held.Reason, "retention") {
		t.Fatalf("held is %+v", held)
	}
	before := len(r.calls())
	if err := (mirror.Decision{Held: held}).Order(t.Context(), r.store.Mirror(company)); err != nil {
		t.Fatal(err)
	}
	r.run(2*time.Hour, nil)
	if left := r.status(); left.Held != nil || len(r.calls()) > before-500 {
		t.Fatalf("%d calls of %d are here after the hold was accepted, and held is %+v", len(r.calls()), before, left.Held)
	}
	checked := r.now
	r.run(3*day, func() {
		if hour := r.now.UTC().Hour(); hour == 4 && r.now.Sub(checked) > 2*time.Hour {
			checked = r.now
			r.equalBefore(r.now.Add(-20 * day))
		}
	})
	if asked := r.status().Requests.Purposes["by-id"]; asked > 20 {
		t.Errorf("a day of retention asked for %d calls by id", asked)
	}
	r.run(3*day, nil)
	r.equal()
}

// equalBefore fails the test unless as many calls are here before a time as upstream.
func (r *rig) equalBefore(end time.Time) {
	r.Helper()
	q := callvault.Query{Range: callvault.Range{From: callvault.MinTime, To: callvault.FloorTime(end)}}
	here, err := r.store.Calls(company).Count(r.Context(), q)
	if err != nil {
		r.Fatal(err)
	}
	if upstream := r.server.World.Total(q); here != upstream {
		r.Errorf("at %v there are %d calls here before %v, and %d upstream", r.now, here, end, upstream)
	}
}

// An account that is emptied to its last call is a hold. Once an operator has accepted it, the
// calls go: those of the last 36 hours when the head counts them, without another question.
func TestEmptied(t *testing.T) {
	s := small(5)
	s.History, s.PerDay = 10*day, 4
	s.Rests = opens.Add(day)
	r := newRig(t, options{script: s})
	r.run(4*day, nil)
	r.equal()
	const recent = 3
	for i := range recent {
		r.server.World.Add(r.now.Add(-time.Duration(i+1) * time.Hour))
	}
	r.run(20*time.Minute, nil)
	before := len(r.calls())
	for id := range r.calls() {
		r.server.World.Purge(id)
	}
	r.run(3*time.Hour, nil)
	held := r.status().Held
	if held == nil || len(r.calls()) != before || held.Calls != before-recent {
		t.Fatalf("%d of %d calls are here, and held is %+v", len(r.calls()), before, held)
	}
	if err := (mirror.Decision{Held: held}).Order(t.Context(), r.store.Mirror(company)); err != nil {
		t.Fatal(err)
	}
	r.run(2*time.Hour, nil)
	if n := len(r.calls()); n != recent {
		t.Errorf("%d calls are left, and held is %+v", n, r.status().Held)
	}
	r.run(2*day, nil)
	if n := len(r.calls()); n != 0 || r.status().Held != nil {
		t.Errorf("%d calls are left, and held is %+v", n, r.status().Held)
	}
}

// blind answers as if there were no calls, but for the head.
type blind struct {
	handler http.Handler
	isBlind *bool
}

func (b blind) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id, byID := strings.CutPrefix(r.URL.Path, gong.Path+"/")
	text := gong.NoCallsFound
	if byID {
		text = gong.CallNotFound(id)
	}
	isHead := strings.HasPrefix(r.URL.Query().Get("fromDateTime"), "1970")
	if !*b.isBlind || isHead || r.URL.Path != gong.Path && !byID {
		b.handler.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusNotFound)
	fmt.Fprintf(w, `{"requestId":"1","errors":[%q]}`, text)
}

// A call whose 404 by id has no witness, which is another call of ours that is listed in the
// same minute, is not deleted: the upstream may answer so about every call.
func TestWitness(t *testing.T) {
	script := small(19)
	script.Rests = opens.Add(day)
	r := newRig(t, options{script: script})
	isBlind := false
	r.handler = blind{r.handler, &isBlind}
	r.run(day, nil)
	isBlind = true
	r.run(3*time.Hour, nil)
	if s := r.status(); s.Absent == 0 || s.Requests.Purposes["by-id"] == 0 {
		t.Errorf("%d calls are absent, and %d requests were by id", s.Absent, s.Requests.Purposes["by-id"])
	}
	r.kept()
	isBlind = false
	r.run(2*time.Hour, nil)
	if s := r.status(); s.Absent > 0 || s.Held != nil {
		t.Errorf("after it %d calls are absent, and held is %+v", s.Absent, s.Held)
	}
	r.kept()
}
