// Package changes follows a company's calls on a callvault server: which are new, which have
// changed, and which were deleted.
//
// A reader that applies all changes in their order has exactly the calls of the server. It
// keeps the token of the last answer that it has applied, and continues with it, also years
// later. A reader that was interrupted in the middle of an answer continues with the token
// before it: to apply a change again changes nothing.
//
// There is nothing but package gong and the standard library beneath it.
package changes

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/callvault/callvault/gong"
)

// The route, and its bounds.
const (
	Path = "/callvault/v1/changes"

	MaxLimit = 1000             // changes in an answer
	MaxWait  = 50 * time.Second // for the next change
)

// Change is what the latest change of a call left behind: its document, or that it was
// deleted. Changes that a later one has replaced are not sent.
type Change struct {
	Number  int64           // rises from change to change
	ID      string          // of the call
	Call    json.RawMessage // the document; nil if the call was deleted
	Deleted bool

	// Token is set on the last change of an answer, and only by Follow: whoever has
	// applied all changes up to this one continues with it.
	Token string
}

// AppendJSON appends the change as the server sends it. The Call is copied as it is.
func (c *Change) AppendJSON(dst []byte) []byte {
	dst = strconv.AppendInt(append(dst, `{"number":`...), c.Number, 10)
	dst = append(append(dst, `,"id":"`...), c.ID...) // digits
	if c.Deleted {
		return append(dst, `","deleted":true}`...)
	}
	dst = append(append(dst, `","call":`...), c.Call...)
	return append(dst, '}')
}

// Answer is a part of the changes after a token.
type Answer struct {
	Changes []Change
	Next    string // the token to continue with
	More    bool   // there are more; otherwise the changes so far give all calls of one moment
}

// Query says what to read.
type Query struct {
	After string        // a token; empty: from the beginning
	Limit int           // of changes, at most MaxLimit; 0 leaves it to the server
	Wait  time.Duration // how long the server may wait for a change if there is none: whole seconds, at most MaxWait
}

// ErrStartOver is the error of a token that can't be continued, because the store has gone back
// in time or was repaired. Load everything into an empty table, from the empty token on, and swap
// it for the old one.
var ErrStartOver = errors.New("changes: the store does not continue what this token has seen; start over, with an empty token and an empty table")

// Read requests one answer, with the pace, the waits and the retries of the client. Its errors
// are ErrStartOver and those of gong.Client.Fetch.
func Read(ctx context.Context, client *gong.Client, q Query) (*Answer, error) {
	values := make(url.Values)
	if q.After != "" {
		values.Set("after", q.After)
	}
	if q.Limit != 0 {
		values.Set("limit", strconv.Itoa(q.Limit))
	}
	if seconds := int(q.Wait / time.Second); seconds > 0 {
		values.Set("wait", strconv.Itoa(seconds))
	}
	got, err := client.Fetch(ctx, Path, values)
	if refusal := (*gong.Error)(nil); errors.As(err, &refusal) {
		switch refusal.Status {
		case http.StatusGone:
			return nil, fmt.Errorf("%w (%w)", ErrStartOver, err)
		case http.StatusNotFound, http.StatusMethodNotAllowed:
			return nil, fmt.Errorf("changes: this server has no feed of changes; it is not callvault, or an older one: %w", err)
		}
	}
	if err != nil {
		return nil, err
	}
	a, err := parse(got.Members)
	if err == nil {
		err = a.check(q.After)
	}
	if err != nil {
		return nil, &gong.AnswerError{Host: got.Host, Problem: err.Error(), Wanted: "an answer of changes"}
	}
	return a, nil
}

// parse reads the members of an answer.
func parse(members map[string]json.RawMessage) (*Answer, error) {
	var changes []struct {
		Number  int64           `json:"number"`
		ID      string          `json:"id"`
		Call    json.RawMessage `json:"call"`
		Deleted bool            `json:"deleted"`
	}
	a := new(Answer)
	for name, into := range map[string]any{"changes": &changes, "next": &a.Next, "more": &a.More} {
		value, found := members[name]
		if !found {
			return nil, fmt.Errorf("it has no %q", name)
		}
		if err := json.Unmarshal(value, into); err != nil {
			return nil, fmt.Errorf("its %q is malformed", name)
		}
	}
	for _, c := range changes {
		if bytes.IndexByte(c.Call, '\n') >= 0 { // a proxy has indented it
			var line bytes.Buffer
			_ = json.Compact(&line, c.Call) // it was parsed
			c.Call = line.Bytes()
		}
		a.Changes = append(a.Changes, Change{Number: c.Number, ID: c.ID, Call: c.Call, Deleted: c.Deleted})
	}
	return a, nil
}

// check refuses an answer that breaks the laws of the feed: to apply it would lose calls, or
// repeat itself for ever.
func (a *Answer) check(after string) error {
	last := int64(0)
	for _, c := range a.Changes {
		switch {
		case c.Number <= last:
			return fmt.Errorf("change %d comes after change %d", c.Number, last)
		case gong.ValidID(c.ID) != nil:
			return fmt.Errorf("change %d has no id of a call", c.Number)
		case c.Deleted == (c.Call != nil), c.Call != nil && c.Call[0] != '{':
			return fmt.Errorf("change %d must have either a call or a deletion", c.Number)
		}
		last = c.Number
	}
	switch {
	case a.Next == "":
		return errors.New(`its "next" is empty`)
	case a.Next == after && (a.More || len(a.Changes) > 0):
		return errors.New(`its "next" leads nowhere`)
	}
	return nil
}
