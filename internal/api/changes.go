package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/changes"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/feed"
	"github.com/callvault/callvault/internal/web"
)

// The parameters of changes, in the order in which errors list them.
const (
	limitParameter = iota
	waitParameter
	afterParameter = cursorParameter
)

var changesNames = [parameterCount]string{limitParameter: "limit", waitParameter: "wait", afterParameter: "after"}

// usualChanges is how many changes an answer has unless the client says otherwise.
const usualChanges = gong.PageSize

// startOver is the text for a token that the store can't continue.
const startOver = "after: the store does not continue what this token has seen; start over: leave out after, and load into an empty table"

// asked is what a reader of changes asks for.
type asked struct {
	from  feed.Place
	limit int
	wait  time.Duration
}

// listChanges is GET /callvault/v1/changes: the changes after a token. If there are none it
// may wait for the next. Meanwhile it holds no turn and nothing of the store.
func (h *Handler) listChanges(ctx context.Context, x *exchange) error {
	q, err := h.readAsked(x)
	if err != nil {
		return err
	}
	until := time.Now().Add(q.wait)
	answer, sent, err := h.sendChanges(ctx, x, &q)
	for err == nil && !sent {
		var isNew bool
		if isNew, err = h.await(x, answer.Next, until); err != nil {
			return err
		}
		if !isNew {
			return x.send(http.StatusOK, []byte(`{"requestId":"`+x.id+beforeChanges+h.behindChanges(x, answer)))
		}
		answer, sent, err = h.sendLater(x, &q)
	}
	return err
}

// sendLater is sendChanges after a wait. A key that was revoked meanwhile opens nothing more.
func (h *Handler) sendLater(x *exchange, q *asked) (answer feed.Answer, sent bool, err error) {
	ctx, cancel := context.WithTimeout(x.request.Context(), storeWithin)
	defer cancel()
	if x.key, err = h.keys.Authenticate(ctx, x.request.Header["Authorization"]); err != nil {
		return answer, false, err
	}
	return h.sendChanges(ctx, x, q)
}

// sendChanges answers with changes, unless there are none and the reader may wait for them.
func (h *Handler) sendChanges(ctx context.Context, x *exchange, q *asked) (answer feed.Answer, sent bool, err error) {
	body, err := h.newPageBody(ctx, x, h.document)
	if err != nil {
		return answer, false, err
	}
	defer body.release()
	const ends = 1 << 10 // more than is before and behind the changes
	answer, err = h.feed.Read(ctx, x.key.Company, q.from, q.limit, func(r callvault.Record) error {
		before := len(body.calls)
		if before > 0 {
			body.calls = append(body.calls, ',')
		}
		body.calls = feed.AppendChange(body.calls, &r, h.document)
		if before > 0 && len(body.calls) > feed.MaxBytes-ends {
			body.calls = body.calls[:before]
			return feed.ErrFull
		}
		return nil
	})
	switch {
	case errors.Is(err, feed.ErrBehind) && h.config.ReadOnly:
		behind := refuse(http.StatusServiceUnavailable, "after: the store of this server is behind what this token has seen; ask again", err.Error())
		behind.header = http.Header{"Retry-After": {"1"}}
		return answer, false, behind
	case errors.Is(err, feed.ErrGone):
		return answer, false, refuse(http.StatusGone, startOver, "the store does not continue what the token has seen")
	case err != nil:
		return answer, false, err
	case len(body.calls) == 0 && q.wait > 0:
		return answer, false, nil
	}
	return answer, true, body.send(x, beforeChanges, h.behindChanges(x, answer))
}

const beforeChanges = `","changes":[`

// behindChanges is what follows the changes.
func (h *Handler) behindChanges(x *exchange, answer feed.Answer) string {
	return fmt.Sprintf(`],"next":"%s","more":%t}`, h.feed.Token(x.key.Company, answer.Next), answer.More)
}

// await waits until there may be changes after a place, and tells whether there are. The wait also
// ends when its time is over, the server stops, or the client has closed its half of the
// connection, which is all that the server sees of a client that has gone.
func (h *Handler) await(x *exchange, at feed.Place, until time.Time) (isNew bool, err error) {
	ctx, cancel := context.WithDeadline(x.request.Context(), until)
	defer cancel()
	defer context.AfterFunc(h.stopping, cancel)()
	defer context.AfterFunc(web.Patient(ctx, x.ResponseWriter, until), cancel)()
	switch err := h.feed.Wait(ctx, x.key.Company, at); {
	case err == nil:
		return true, nil
	case errors.Is(err, feed.ErrCrowded):
		return false, tooMany(time.Second, "too many readers of the company wait")
	}
	return false, x.request.Context().Err()
}

// readAsked reads the parameters of changes.
func (h *Handler) readAsked(x *exchange) (q asked, err error) {
	p := parameters{names: &changesNames}
	p.parse(x.request.URL.RawQuery)
	q.limit = usualChanges
	if n, sent := read(&p, limitParameter, within(1, changes.MaxLimit)); sent {
		q.limit = n
	}
	if n, sent := read(&p, waitParameter, within(0, int(changes.MaxWait/time.Second))); sent {
		q.wait = time.Duration(n) * time.Second
	}
	if p.problems[afterParameter] == "" {
		if q.from, err = h.feed.Open(x.key.Company, p.values[afterParameter]); err != nil {
			p.refuse(afterParameter, "after: is not a token of this company's changes; send the next of an answer, or leave it out to start over")
			p.cause = " (" + err.Error() + ")"
		}
	}
	return q, p.err()
}

// within reads a whole number of a range.
func within(least, most int) func(string) (int, error) {
	return func(text string) (int, error) {
		n, err := strconv.Atoi(text)
		if err != nil || n < least || n > most {
			return 0, fmt.Errorf("%.*q must be a whole number from %d to %d", maxEcho, text, least, most)
		}
		return n, nil
	}
}
