package budget

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

const (
	// Pauses after a 429 that does not say when to come again: they double.
	firstPause   = 5 * time.Second
	longestPause = 5 * time.Minute

	// longestWait is for a Retry-After of a server that counts by the day.
	longestWait = day

	// halvedFor is how long half of the limits apply after a 429. The mirror keeps its own
	// limits, so a 429 means that somebody else uses the account, too.
	halvedFor = time.Hour
)

// span is a time by the machine's clock.
type span struct {
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
}

// left is how long it still lasts. When the clock was set back, it begins again.
func (s *span) left(at time.Time) time.Duration {
	if at.Before(s.From) {
		s.From, s.Until = at, at.Add(s.Until.Sub(s.From))
	}
	return max(0, s.Until.Sub(at))
}

// Heard tells how a request that was reserved ended: nil, or the error that it got. It obeys
// a 429 and a Retry-After, and keeps them in the store.
func (b *Budget) Heard(ctx context.Context, err error) error {
	refusal := (*gong.Error)(nil)
	if !errors.As(err, &refusal) || refusal.Status < http.StatusInternalServerError && refusal.Status != http.StatusTooManyRequests {
		b.streak = 0
		return nil
	}
	at, wait := b.now(), min(refusal.RetryAfter, longestWait)
	isLimit := refusal.Status == http.StatusTooManyRequests
	if wait == 0 && isLimit {
		wait = min(firstPause<<b.streak, longestPause)
		b.streak = min(b.streak+1, 10)
	}
	if wait == 0 {
		return nil
	}
	change := callvault.MirrorChange{Values: make(map[string][]byte)}
	if wait > b.pause.left(at) {
		b.pause = span{at, at.Add(wait)}
		if err := keep(change, pauseKey, b.pause); err != nil {
			return err
		}
	}
	if isLimit {
		b.halved = span{at, at.Add(halvedFor)}
		if err := keep(change, halvedKey, b.halved); err != nil {
			return err
		}
	}
	return b.commit(ctx, change)
}

// keep adds a value to a change.
func keep(change callvault.MirrorChange, key string, value any) (err error) {
	change.Values[key], err = json.Marshal(value)
	return err
}
