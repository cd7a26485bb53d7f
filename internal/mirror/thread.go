package mirror

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/budget"
	"github.com/callvault/callvault/internal/upstream"
)

// activity is one rule at work.
type activity struct {
	name    string
	class   budget.Class        // of its first request
	open    func() bool         // whether it may send anything; nil is always
	due     func() time.Time    // by the upstream's clock
	run     func(*thread) error // written as if it were alone
	again   time.Time           // not before this, after a failure
	running *thread             // a run that waits for its request, or nil
}

// thread is a run of an activity. It stops at each request, so that others run between two
// requests: what it knew of the store before a request may be out of date after it. What it
// changes between two requests is committed at once.
type thread struct {
	*Mirror
	ctx   context.Context // of the Step under way
	want  *request        // nil when the run has ended
	err   error           // with which it ended
	next  func() (*request, bool)
	stop  func()
	yield func(*request) bool

	reading reading
}

// request is what a thread wants to send.
type request struct {
	class  budget.Class
	goesOn bool // it goes on with a walk, whose cursor would expire
	send   func(context.Context) (date time.Time, err error)
	err    error
	tries  int
}

// errEnded unwinds a thread that is ended.
var errEnded = errors.New("the activity was ended")

// begin starts a run, up to its first request.
func (a *activity) begin(ctx context.Context, m *Mirror) {
	t := &thread{Mirror: m}
	t.next, t.stop = iter.Pull(func(yield func(*request) bool) {
		t.yield = yield
		t.err = a.run(t)
	})
	a.running = t
	t.goOn(ctx)
}

// goOn runs the thread up to its next request, or to its end.
func (t *thread) goOn(ctx context.Context) {
	t.ctx = ctx
	t.want, _ = t.next()
}

// end ends a run that waits for its request.
func (a *activity) end() {
	if a.running != nil {
		a.running.stop()
		a.running.tellEnd(a.name)
		a.running = nil
	}
}

// ask sends a request and returns its error. It must not be called after it failed.
func (t *thread) ask(class budget.Class, send func(context.Context) (time.Time, error)) error {
	return t.put(&request{class: class, send: send})
}

// goOnWith sends a request that must not wait for what its class saves.
func (t *thread) goOnWith(class budget.Class, send func(context.Context) (time.Time, error)) error {
	return t.put(&request{class: class, send: send, goesOn: true})
}

func (t *thread) put(r *request) error {
	if !t.yield(r) {
		return errEnded
	}
	return r.err
}

// list asks for a page of calls.
func (t *thread) list(class budget.Class, ask upstream.Ask) (page upstream.Page, err error) {
	send := t.ask
	if ask.Cursor != "" {
		send = t.goOnWith
	}
	failed := send(class, func(ctx context.Context) (time.Time, error) {
		page, err = t.config.Requests.List(ctx, ask)
		return page.Date, err
	})
	t.cannotKeep(page.Skipped)
	return page, failed
}

// first asks for the first page of a range.
func (t *thread) first(class budget.Class, r callvault.Range) (upstream.Page, error) {
	return t.list(class, upstream.Ask{From: r.From.UTC(), To: r.To.UTC()})
}

// call asks for a call by its id.
func (t *thread) call(id callvault.ID) (found upstream.Found, err error) {
	failed := t.ask(budget.ByID, func(ctx context.Context) (time.Time, error) {
		found, err = t.config.Requests.Call(ctx, id)
		return found.Date, err
	})
	return found, failed
}
