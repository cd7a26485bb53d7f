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

// Reader returns one answer, as Read does.
type Reader func(context.Context, Query) (*Answer, error)

// NewReader makes a Reader that requests answers from a server.
func NewReader(client *gong.Client) Reader {
	return func(ctx context.Context, q Query) (*Answer, error) { return Read(ctx, client, q) }
}

// Answers yields the answers to a query and then to those that continue it, for ever, for
// programs that keep whole answers. It ends with its first error: the context's, or one of
// the Reader.
func (r Reader) Answers(ctx context.Context, q Query) iter.Seq2[*Answer, error] {
	return func(yield func(*Answer, error) bool) {
		for {
			asked := time.Now()
			a, err := r(ctx, q)
			if ctx.Err() != nil {
				err = ctx.Err()
			}
			if !yield(a, err) || err != nil {
				return
			}
			if q.After = a.Next; len(a.Changes) > 0 {
				continue
			}
			select {
			case <-time.After(leastWait - time.Since(asked)):
			case <-ctx.Done():
			}
		}
	}
}

// Follow yields the changes after a token as they are committed, for ever; the empty token is
// the beginning. It waits for the next one at the server, and retries as the fields of the
// client say.
//
// Keep the Token of a Change, if it has one, once you have applied all changes up to it.
// Follow ends with its first error: ErrStartOver, the context's, or one of Read.
func Follow(ctx context.Context, client *gong.Client, token string) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		for a, err := range NewReader(client).Answers(ctx, Query{After: token, Limit: MaxLimit, Wait: MaxWait}) {
			if err != nil {
				yield(Change{}, err)
				return
			}
			for i, change := range a.Changes {
				if i == len(a.Changes)-1 {
					change.Token = a.Next
				}
				if !yield(change, nil) {
					return
				}
			}
		}
	}
}
