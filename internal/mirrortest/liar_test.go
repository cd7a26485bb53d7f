package mirrortest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/mirror"
	"github.com/callvault/callvault/internal/upstream"
)

// liar changes what an upstream answers.
type liar struct {
	mirror.Requests
	list  func(ask upstream.Ask, page *upstream.Page) error
	call  func(id callvault.ID) error
	users func(page *upstream.Entries)
}

func (l *liar) List(ctx context.Context, ask upstream.Ask) (upstream.Page, error) {
	page, err := l.Requests.List(ctx, ask)
	if err == nil && l.list != nil {
		err = l.list(ask, &page)
	}
	return page, err
}

func (l *liar) Call(ctx context.Context, id callvault.ID) (upstream.Found, error) {
	found, err := l.Requests.Call(ctx, id)
	if err == nil && l.call != nil {
		err = l.call(id)
	}
	return found, err
}

func (l *liar) Users(ctx context.Context, cursor string) (upstream.Entries, error) {
	if l.users != nil {
		cursor = ""
	}
	page, err := l.Requests.Users(ctx, cursor)
	if err == nil && l.users != nil {
		l.users(&page)
	}
	return page, err
}

// lies puts a liar between a rig's mirror, which is not open yet, and its upstream.
func (r *rig) lies() *liar {
	l := &liar{Requests: r.config.Requests}
	r.config.Requests = l
	return l
}

// A key that is refused while absent calls are settled is said to be refused.
func TestRefusedWhileSettling(t *testing.T) {
	r := newRig(t, options{script: small(23), closed: true})
	heads, since := false, time.Time{}
	r.lies().list = func(ask upstream.Ask, _ *upstream.Page) error {
		if ask.From.Unix() == 0 && ask.To.Before(r.now) {
			if heads && r.now.Sub(since) < 30*time.Minute {
				return &gong.Error{Status: 401, Errors: []string{"The key is not valid"}}
			}
			since = r.now
		}
		return nil
	}
	r.open()
	r.run(2*day, nil)
	for _, id := range r.someCalls(200) {
		r.server.World.Purge(id)
	}
	heads = true
	told := ""
	r.run(day, func() {
		if told == "" {
			if reason := r.status().Reason; reason != nil {
				told = *reason
			}
		}
	})
	if want := upstream.Text(&gong.Error{Status: 401, Errors: []string{"The key is not valid"}}); !strings.HasPrefix(told, want+"; check the access key") {
		t.Errorf("the upstream can't be read because %q, want %q", told, want)
	}
}

// A list of users that never ends costs no more than its first pages, and what is here stays. It
// costs a thousand requests a day if each page has new ones.
func TestEndlessUsers(t *testing.T) {
	for name, most := range map[string]int{"the same": 20, "new ones": 1000} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, options{script: small(24), closed: true})
			asked := 0
			r.lies().users = func(page *upstream.Entries) {
				asked++
				page.Cursor = "again"
				if name == "new ones" {
					page.Entries = []callvault.Entry{someUser(t, asked)}
				}
			}
			r.open()
			r.run(6*time.Hour, nil)
			if asked == 0 || asked > most {
				t.Errorf("users were asked for %d times in six hours", asked)
			}
			if want := "it has a cursor, and the list does not end"; !strings.Contains(r.status().Notes["users"], want) {
				t.Errorf("the notes are %q", r.status().Notes)
			}
		})
	}
}

// someUser is a user by a number.
func someUser(t *testing.T, n int) callvault.Entry {
	user, err := callvault.ParseEntry(callvault.Users, fmt.Appendf(nil, `{"id":"%d"}`, n))
	if err != nil {
		t.Fatal(err)
	}
	return user
}

// The log says once which documents are listed and can't be kept.
func TestUnkeptDocuments(t *testing.T) {
	r := newRig(t, options{script: small(27), closed: true})
	asked, id := 0, someUser(t, 77).ID
	r.lies().list = func(_ upstream.Ask, page *upstream.Page) error {
		asked++
		page.Skipped = append(page.Skipped, &upstream.SkippedError{ID: id, Err: errors.New("started: is missing")})
		return nil
	}
	r.open()
	r.run(6*time.Hour, nil)
	const line = `level=WARN msg="the upstream lists a document that can't be kept" document="77: started: is missing"`
	if said := strings.Count(r.log.String(), line); asked < 10 || said != 1 {
		t.Errorf("of %d pages with the document the log says so %d times", asked, said)
	}
}

// An upstream that refuses each cursor, with more calls of one instant than are on a page, is
// not asked for them without end.
func TestRefusedCursors(t *testing.T) {
	script := small(26)
	script.Tied, script.History = 400, 10*day
	r := newRig(t, options{script: script, closed: true})
	r.lies().list = func(ask upstream.Ask, _ *upstream.Page) error {
		if ask.Cursor != "" {
			return &gong.Error{Status: 400, Errors: []string{"The cursor is not valid"}}
		}
		return nil
	}
	r.open()
	r.run(2*time.Hour, nil)
	if r.sent < 20 || r.sent > 200 {
		t.Errorf("%d requests were sent in two hours", r.sent)
	}
}

// The backfill ends where the upstream counts a call before all others and never lists it, and
// where the first call that it lists has a time of its own behind the range.
func TestBackfillOfStrangeBeginnings(t *testing.T) {
	early := time.Date(1985, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, first := range map[string]bool{"counted": false, "listed": true} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, options{script: small(25), closed: true})
			var strange callvault.Call
			r.lies().list = func(ask upstream.Ask, page *upstream.Page) error {
				if ask.From.After(early) || !ask.To.After(early) || ask.Cursor != "" {
					return nil
				}
				page.Total++
				if first {
					page.Calls = append([]callvault.Call{strange}, page.Calls...)
				}
				return nil
			}
			r.server.World.Advance(r.now)
			for call := range r.server.World.Calls() {
				strange = call
			}
			strange = renamed(t, strange)
			r.open()
			r.run(3*day, nil)
			if b := r.status().Backfill; !b.Done {
				t.Errorf("the backfill has not ended: %+v", b)
			}
			r.kept()
		})
	}
}

// renamed is a call under another id.
func renamed(t *testing.T, call callvault.Call) callvault.Call {
	document := append([]byte(`{"id":"77",`), call.Document[len(`{"id":"`)+len(call.ID.String())+len(`",`):]...)
	renamed, err := callvault.ParseCall(document)
	if err != nil {
		t.Fatal(err)
	}
	return renamed
}

// An upstream whose totals of workspaces never agree does not cost the budget: a difference that
// was followed and stays is not followed again.
func TestWorkspacesThatNeverAgree(t *testing.T) {
	script := small(38)
	script.PerDay, script.Workspaces, script.Rests = 60, 5, opens.Add(time.Minute)
	r := newRig(t, options{script: script, closed: true})
	r.listDirectly()
	r.lies().list = func(ask upstream.Ask, page *upstream.Page) error {
		if !ask.Workspace.IsZero() {
			page.Total /= 2
		}
		return nil
	}
	r.open()
	asked := func() int { return r.status().Requests.Purposes["bisect"] }
	r.run(day, nil)
	if asked() == 0 {
		t.Error("no difference of a workspace was followed")
	}
	r.run(2*day, nil)
	if n := asked(); n > 50 {
		t.Errorf("the third day had %d requests for differences", n)
	}
	r.kept()
}
