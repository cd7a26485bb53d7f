package changes

import (
	"context"
	"iter"
	"time"

	"github.com/callvault/callvault/gong"
)

// leastWait is the least time between two requests of a follower that brought nothing: a
// server that stops, or has too many readers, answers before the wait is over.
const leastWait = time.Second

// Follow yields the changes after a token as they are committed, for ever; the empty token is
// the beginning. It waits for the next one at the server, and retries as the fields of the
// client say.
//
// Keep the Token of a Change, if it has one, once you have applied all changes up to it.
// Follow ends with its first error: ErrStartOver, the context's, or one of Read.
func Follow(ctx context.Context, client *gong.Client, token string) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		for {
			asked := time.Now()
			a, err := Read(ctx, client, Query{After: token, Limit: MaxLimit, Wait: MaxWait})
			if ctx.Err() != nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(Change{}, err)
				return
			}
			for i := range a.Changes {
				if i == len(a.Changes)-1 {
					a.Changes[i].Token = a.Next
				}
				if !yield(a.Changes[i], nil) {
					return
				}
			}
			token = a.Next
			if len(a.Changes) == 0 {
				pause(ctx, leastWait-time.Since(asked))
			}
		}
	}
}

// pause waits, unless the context is done before.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
