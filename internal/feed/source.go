package feed

import (
	"context"
	"errors"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/changes"
	"github.com/callvault/callvault/gong"
)

// Source is where a Reader reads changes: the store itself, or a server. Both take the same
// tokens.
type Source interface {
	// Next reads the changes after a token; the empty one is the beginning. If there are
	// none it waits for the next for a while, if it may. It returns changes.ErrStartOver
	// for a token that can't be continued.
	Next(ctx context.Context, token string, mayWait bool) (Batch, error)
}

// Batch is an answer as lines.
type Batch struct {
	Lines   []byte // one of JSON for each change
	Changes int
	Next    string // token
	More    bool
}

// Local is the changes of a company in a store.
type Local struct {
	Feed    *Feed
	Company string
}

// Next reads from the store.
func (l Local) Next(ctx context.Context, token string, mayWait bool) (b Batch, err error) {
	from, err := l.Feed.Open(l.Company, token)
	if err != nil {
		return b, err
	}
	for {
		answer, err := l.Feed.Read(ctx, l.Company, from, changes.MaxLimit, func(r callvault.Record) error {
			before := len(b.Lines)
			b.Lines = append(AppendChange(b.Lines, &r, func(dst, document []byte) []byte { return append(dst, document...) }), '\n')
			if before > 0 && len(b.Lines) > MaxBytes {
				b.Lines = b.Lines[:before]
				return ErrFull
			}
			b.Changes++
			return nil
		})
		if errors.Is(err, ErrGone) {
			return b, changes.ErrStartOver
		}
		if err != nil {
			return b, err
		}
		b.Next, b.More = l.Feed.Token(l.Company, answer.Next), answer.More
		if b.Changes > 0 || !mayWait {
			return b, nil
		}
		if err := l.Feed.Wait(ctx, l.Company, answer.Next); err != nil {
			return b, err
		}
	}
}

// Remote is the changes that a server lists.
type Remote struct {
	Client *gong.Client
}

// Next asks the server.
func (r Remote) Next(ctx context.Context, token string, mayWait bool) (b Batch, err error) {
	q := changes.Query{After: token, Limit: changes.MaxLimit}
	if mayWait {
		q.Wait = changes.MaxWait
	}
	a, err := changes.Read(ctx, r.Client, q)
	if err != nil {
		return b, err
	}
	for i := range a.Changes {
		b.Lines = append(a.Changes[i].AppendJSON(b.Lines), '\n')
	}
	b.Changes, b.Next, b.More = len(a.Changes), a.Next, a.More
	return b, nil
}
