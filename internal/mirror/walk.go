package mirror

import (
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/budget"
	"github.com/callvault/callvault/internal/upstream"
)

// cursorAge is how old a walk's cursors may become. An upstream ends them after an hour from
// the first page.
const cursorAge = 50 * time.Minute

// errNoProgress is the error of a walk whose page has a cursor and no call to go on from.
var errNoProgress = &gong.AnswerError{Host: "the upstream", Problem: "it has a cursor and no calls to go on from"}

// walk reads a range page by page. It goes on by the upstream's cursors, and by the place of
// the last call where a cursor is too old or refused.
type walk struct {
	t     *thread
	class budget.Class
	asked callvault.Range

	at     callvault.Position // where it stands
	cursor string
	from   callvault.Time // where the cursor's walk began: an upstream may refuse the cursor of another
	since  time.Time      // when that was, by the machine's clock
	pages  int
	ended  bool

	total  int                   // of the first page
	listed int                   // calls that are kept
	ids    map[callvault.ID]bool // of what was listed, for a leaf; nil for others
}

// walk begins to read a range.
func (t *thread) walk(class budget.Class, r callvault.Range) *walk {
	return &walk{t: t, class: class, asked: r, at: r.Start()}
}

// next reads a page and takes it in.
func (w *walk) next() error {
	page, err := w.ask()
	if err != nil {
		return err
	}
	if w.pages == 0 {
		w.total = page.Total
	}
	asked := w.asked
	asked.From = max(asked.From, w.at.Time)
	before := w.at
	taken, err := w.t.takeIn(w.t.ctx, answer{w.class, callvault.Query{Range: asked}, w.at, page})
	if err != nil {
		return err
	}
	w.pages++
	w.at, w.cursor = taken.last, page.Cursor
	w.listed += taken.listed
	if w.ids != nil {
		for _, call := range page.Calls {
			w.ids[call.ID] = true
		}
	}
	w.ended = page.Cursor == ""
	if !w.ended && w.at == before {
		return errNoProgress
	}
	w.t.reads(before.Time, w.at.Time)
	return nil
}

// ask asks for the next page.
func (w *walk) ask() (upstream.Page, error) {
	if w.cursor != "" && w.t.config.Now().Sub(w.since) < cursorAge {
		page, err := w.list(w.cursor)
		if err == nil || kindOf(err) != refusedOne {
			return page, err
		}
	}
	w.from, w.since = max(w.asked.From, w.at.Time), w.t.config.Now()
	page, err := w.list("")
	if err != nil || w.pages == 0 {
		return page, err
	}
	// The calls of the last instant come again.
	fresh := page.Calls[:0:0]
	for _, call := range page.Calls {
		if call.Position().Compare(w.at) > 0 || call.Time < w.at.Time {
			fresh = append(fresh, call)
		}
	}
	if len(fresh) == 0 && page.Cursor != "" {
		return w.list(page.Cursor)
	}
	page.Calls = fresh
	return page, nil
}

// list asks for the page that a cursor leads to, or for the first one.
func (w *walk) list(cursor string) (upstream.Page, error) {
	return w.t.list(w.class, upstream.Ask{From: w.from.UTC(), To: w.asked.To.UTC(), Cursor: cursor})
}

// through reads on until a time is reached.
func (w *walk) through(to callvault.Time) error {
	for !w.ended && w.at.Time < to {
		if err := w.next(); err != nil {
			return err
		}
	}
	return nil
}

// whole reads on to the end, and returns how many calls more the upstream counted than it
// listed.
func (w *walk) whole() (excess int, err error) {
	for !w.ended {
		if err := w.next(); err != nil {
			return 0, err
		}
	}
	return max(0, w.total-w.listed), nil
}
