package mirrortest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/mirror"
	"github.com/callvault/callvault/internal/upstreamtest"
)

// someCalls are the ids of some calls that the upstream lists, every one of a step.
func (r *rig) someCalls(step int) (ids []callvault.ID) {
	i := 0
	for call := range r.server.World.Calls() {
		if i++; i%step == 0 {
			ids = append(ids, call.ID)
		}
	}
	return ids
}

// More calls than G are deleted upstream at once. They stay until an operator accepts it, and
// then they go.
func TestManyDeleted(t *testing.T) {
	r := newRig(t, options{script: small(6)})
	r.run(2*day, nil)
	gone := r.someCalls(7)
	for _, id := range gone {
		r.server.World.Purge(id)
	}
	r.run(3*day, nil)
	held := r.status().Held
	here := r.calls()
	if held == nil || held.Calls < len(gone)-3 || slices.ContainsFunc(gone, func(id callvault.ID) bool { return here[id] == "" }) {
		t.Fatalf("held is %+v after %d calls were deleted upstream", held, len(gone))
	}
	if err := (mirror.Decision{Held: held}).Order(t.Context(), r.store.Mirror(company)); err != nil {
		t.Fatal(err)
	}
	r.run(3*day, nil)
	here = r.calls()
	if slices.ContainsFunc(gone, func(id callvault.ID) bool { return here[id] != "" }) || r.status().Held != nil {
		t.Errorf("calls are left after their deletion was accepted; held is %+v", r.status().Held)
	}
}

// What an operator accepts is what they have seen: if more is held back by then, nothing goes.
func TestAcceptedIsSeen(t *testing.T) {
	r := newRig(t, options{script: small(6)})
	r.run(2*day, nil)
	if err := (mirror.Decision{Held: r.status().Held}).Order(t.Context(), r.store.Mirror(company)); err != mirror.ErrNothingHeld {
		t.Errorf("accepting nothing is %v", err)
	}
	gone := r.someCalls(7)
	for _, id := range gone {
		r.server.World.Purge(id)
	}
	r.run(3*time.Hour, nil)
	seen := r.status().Held
	for _, id := range r.someCalls(7) {
		r.server.World.Purge(id)
	}
	r.run(3*time.Hour, nil)
	if err := (mirror.Decision{Held: seen}).Order(t.Context(), r.store.Mirror(company)); err != nil {
		t.Fatal(err)
	}
	r.run(day, nil)
	here := r.calls()
	if held := r.status().Held; held == nil || slices.ContainsFunc(gone, func(id callvault.ID) bool { return here[id] == "" }) {
		t.Errorf("held is %+v after an older hold was accepted", held)
	}
}

// What an operator deletes here is never fetched again, and makes no total differ. When the
// upstream purges it, that makes no total differ either.
func TestDeletedHere(t *testing.T) {
	script := small(7)
	script.Rests = opens.Add(2 * day)
	r := newRig(t, options{script: script})
	r.run(3*day, nil)
	ids := r.someCalls(30)
	if _, err := r.store.Calls(company).Delete(t.Context(), ids); err != nil {
		t.Fatal(err)
	}
	r.run(3*day, nil)
	r.quiet("after calls were deleted here")
	here := r.calls()
	if slices.ContainsFunc(ids, func(id callvault.ID) bool { return here[id] != "" }) {
		t.Error("a call that was deleted here is here again")
	}
	for _, id := range ids[:len(ids)/2] {
		r.server.World.Purge(id)
	}
	r.run(3*day, nil)
	r.quiet("after they were purged upstream")
}

// quiet fails the test if the mirror still follows differences.
func (r *rig) quiet(when string) {
	r.Helper()
	before := r.status().Requests.Purposes["bisect"]
	r.run(26*time.Hour, nil)
	s := r.status()
	if asked := s.Requests.Purposes["bisect"] + s.Requests.Purposes["by-id"]; asked > 0 {
		r.Errorf("%s a day had %d requests for differences, and the one before %d\n%s", when, asked, before, r.log.String())
	}
	if s.Held != nil {
		r.Errorf("%s held is %+v", when, s.Held)
	}
}

// Calls that the upstream no longer has stay if that is wanted, and make no total differ. One
// that is listed again is an ordinary call again.
func TestKeepDeleted(t *testing.T) {
	script := small(8)
	script.Rests = opens.Add(2 * day)
	r := newRig(t, options{script: script, keep: true})
	r.run(3*day, nil)
	before := r.calls()
	for _, id := range r.someCalls(40) {
		r.server.World.Purge(id)
	}
	r.run(3*day, nil)
	r.quiet("after calls were purged upstream")
	if after := r.calls(); len(after) != len(before) {
		t.Errorf("%d calls are here, and before there were %d", len(after), len(before))
	}
}

// Calls that were here before the mirror are left out of totals until an operator decides.
func TestOwn(t *testing.T) {
	for _, own := range []mirror.Own{mirror.KeepOwn, mirror.DeleteOwn} {
		t.Run(string(own), func(t *testing.T) {
			script := small(9)
			script.Rests = opens.Add(2 * day)
			r := newRig(t, options{script: script, before: func(r *rig) { r.importOwn(50) }})
			r.run(3*day, nil)
			if n := r.status().Own; n != 50 {
				t.Errorf("%d calls are of before the mirror, want 50", n)
			}
			r.quiet("with calls of before")
			if err := (mirror.Decision{Own: own}).Order(t.Context(), r.store.Mirror(company)); err != nil {
				t.Fatal(err)
			}
			r.run(day, nil)
			r.quiet("after an operator decided")
			want := len(r.someCalls(1))
			if own == mirror.KeepOwn {
				want += 50
			}
			if n := len(r.calls()); n != want || r.status().Own != 0 {
				t.Errorf("%d calls are here, want %d; %d are undecided", n, want, r.status().Own)
			}
		})
	}
}

// importOwn writes calls that no upstream has.
func (r *rig) importOwn(n int) {
	r.Helper()
	var calls []callvault.Call
	for i := range n {
		id := callvault.SourceID("test", string(rune('a'+i)))
		text := `{"id":"` + id.String() + `","started":"` + opens.Add(-time.Duration(i)*19*time.Hour).Format(time.RFC3339) + `"}`
		call, err := callvault.ParseCall([]byte(text))
		if err != nil {
			r.Fatal(err)
		}
		calls = append(calls, call)
	}
	if _, err := r.store.Calls(company).Put(r.Context(), callvault.NewBatch(calls)); err != nil {
		r.Fatal(err)
	}
}

// While the key is refused, only the head asks, hourly, and nothing is deleted.
func TestRefused(t *testing.T) {
	for _, trouble := range []upstreamtest.Trouble{upstreamtest.Unauthorized, upstreamtest.Forbidden} {
		refused := false
		r := newRig(t, options{script: small(10)})
		r.handler = &upstreamtest.Troubles{Handler: r.server, Now: func() (upstreamtest.Trouble, bool) { return trouble, refused }}
		r.run(day, nil)
		calls := len(r.calls())
		refused = true
		r.run(30*time.Minute, nil)
		before := r.sent
		r.run(10*time.Hour, nil)
		if n := r.sent - before; n < 9 || n > 11 {
			t.Errorf("10 hours of %v had %d requests", trouble, n)
		}
		if s := r.status(); s.Connected || s.Reason == nil || !strings.Contains(*s.Reason, "40") {
			t.Errorf("the status is connected %v, %v", s.Connected, s.Reason)
		}
		refused = false
		r.run(2*time.Hour, nil)
		if s := r.status(); !s.Connected || s.Reason != nil || len(r.calls()) < calls {
			t.Errorf("after it the status is connected %v, %v; %d calls are here and %d were", s.Connected, s.Reason, len(r.calls()), calls)
		}
		r.kept()
	}
}
