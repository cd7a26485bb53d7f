package mirrortest

import (
	"errors"
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/mirror"
)

var errKilled = errors.New("killed")

// mortal is a rig's store whose mirror dies when so many commits are done.
func (r *rig) mortal(left *int) hooked {
	return hooked{Store: r.store, after: func(callvault.MirrorChange) error {
		if *left--; *left <= 0 {
			return errKilled
		}
		return nil
	}}
}

// A mirror that is killed after any of its first commits, also between two commits of one
// step, goes on where it was.
func TestKilledAfterACommit(t *testing.T) {
	for commits := 2; commits <= 60; commits++ {
		script := small(21)
		script.History, script.Rests = 30*day, opens.Add(time.Minute)
		r := newRig(t, options{script: script, closed: true})
		left := commits
		r.config.Store = r.mortal(&left)
		r.open()
		for left > 0 {
			next, err := r.mirror.Step(t.Context())
			if err != nil && !errors.Is(err, errKilled) {
				t.Fatal(err)
			}
			if err == nil && next.After(r.now) {
				r.now = next
			}
		}
		r.kept()
		r.config.Store = r.store
		r.restart()
		r.run(10*time.Minute, nil)
		if s := r.status(); !s.Backfill.Done {
			t.Errorf("killed after %d commits, the mirror has not read all of history after 10 minutes: %+v", commits, s.Backfill)
		}
		r.equal()
		if t.Failed() {
			return
		}
	}
}

// A mirror that is killed while it obeys an operator, between the commits that it takes, obeys
// to the end when it begins again.
func TestKilledWhileItObeys(t *testing.T) {
	for _, own := range []mirror.Own{mirror.KeepOwn, mirror.DeleteOwn} {
		script := small(22)
		script.History, script.Rests = 2*day, opens.Add(time.Minute)
		r := newRig(t, options{script: script, closed: true})
		r.importOwn(2500)
		r.open()
		r.run(time.Hour, nil)
		if err := (mirror.Decision{Own: own}).Order(t.Context(), r.store.Mirror(company)); err != nil {
			t.Fatal(err)
		}
		for left := r.status().Own; left > 0; {
			commits := 9
			r.config.Store = r.mortal(&commits)
			r.restart()
			commits = 1
			if _, err := r.mirror.Step(t.Context()); !errors.Is(err, errKilled) {
				t.Fatal(err)
			}
			before := left
			if left = r.status().Own; left == before {
				t.Fatalf("%d of %d calls are undecided", left, before)
			}
		}
		r.config.Store = r.store
		r.restart()
		r.run(time.Minute, nil)
		n := 0
		err := r.store.Mirror(company).Values(t.Context(), callvault.OrderPrefix, func(string, []byte) error { n++; return nil })
		want := len(r.someCalls(1))
		if own == mirror.KeepOwn {
			want += 2500
		}
		if here := len(r.calls()); err != nil || n > 0 || here != want {
			t.Errorf("%s: %d orders are left, and %d calls are here, want %d, %v", own, n, here, want, err)
		}
	}
}
