package mirrortest

import (
	"context"
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/mirror"
	"github.com/callvault/callvault/internal/upstream"
)

// An account at rest is here to the byte after one old round.
func TestRest(t *testing.T) {
	script := small(1)
	script.Rests = opens.Add(5 * day)
	r := newRig(t, options{script: script})
	last := time.Time{}
	r.run(8*day, func() {
		if r.now.Sub(last) > time.Hour {
			last = r.now
			r.kept()
		}
	})
	r.equal()
	if most := r.server.Most(day); most > 600 {
		t.Errorf("24 hours of a small account had %d requests", most)
	}
}

// shifting lists some calls with another time in their documents than that under which the
// upstream lists them.
type shifting struct{ mirror.Requests }

func (s shifting) List(ctx context.Context, ask upstream.Ask) (upstream.Page, error) {
	page, err := s.Requests.List(ctx, ask)
	for i := range page.Calls {
		page.Calls[i] = shifted(page.Calls[i])
	}
	return page, err
}

func (s shifting) Call(ctx context.Context, id callvault.ID) (upstream.Found, error) {
	found, err := s.Requests.Call(ctx, id)
	if found.There {
		found.Call = shifted(found.Call)
	}
	return found, err
}

// shifted moves one call of ten by days.
func shifted(call callvault.Call) callvault.Call {
	if call.ID[19] != '7' {
		return call
	}
	parsed, err := gong.ParseCall(call.Document)
	if err != nil {
		panic(err)
	}
	at := gong.TimeOf(call.Time.UTC().Add(-time.Duration(call.ID[18]-'0') * 20 * time.Hour))
	parsed.Scheduled, parsed.Started = &at, &at
	moved, err := callvault.AppendCall(nil, &parsed)
	if err != nil {
		panic(err)
	}
	return moved
}

// A call whose time the upstream takes from elsewhere counts where it is listed, so that no total
// differs for ever.
func TestListedElsewhere(t *testing.T) {
	script := small(4)
	script.Rests = opens.Add(day)
	r := newRig(t, options{script: script, closed: true})
	r.config.Requests = shifting{r.config.Requests}
	r.open()
	r.run(4*day, nil)
	r.quiet("with calls that are listed elsewhere")
	here := r.calls()
	for call := range r.server.World.Calls() {
		if want := shifted(call); here[call.ID] != string(want.Document) {
			t.Errorf("call %s is %q", call.ID, here[call.ID])
		}
		delete(here, call.ID)
	}
	if len(here) > 0 {
		t.Errorf("%d calls are here and not upstream", len(here))
	}
}

// A mirror that is to make every reading makes each page's once: also that of the last page
// before W, which has few calls.
func TestWhole(t *testing.T) {
	script := small(13)
	script.PerDay = 6
	r := newRig(t, options{script: script})
	r.run(20*time.Minute, nil)
	before := r.status().Requests.Purposes
	r.config.Whole = true
	r.restart()
	r.run(20*time.Minute, nil)
	after := r.status().Requests.Purposes
	for class, most := range map[string]int{"young": 6, "mid": 10, "old": 12} {
		if n := after[class] - before[class]; n < 1 || n > most {
			t.Errorf("%d requests were %s, want 1 to %d", n, class, most)
		}
	}
}
