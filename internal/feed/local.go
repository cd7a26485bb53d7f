package feed

import (
	"bytes"
	"context"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/changes"
)

// Of makes a Reader of a company's changes that reads the store itself. A wait lasts until the
// next change.
func (f *Feed) Of(company string) changes.Reader {
	return func(ctx context.Context, q changes.Query) (*changes.Answer, error) {
		from, err := f.Open(company, q.After)
		if err != nil {
			return nil, err
		}
		for {
			a, size := new(changes.Answer), 0
			answer, err := f.Read(ctx, company, from, q.Limit, func(r callvault.Record) error {
				if size += len(r.Document); size > MaxBytes && len(a.Changes) > 0 {
					return ErrFull
				}
				change := changeOf(&r)
				change.Call = bytes.Clone(r.Document)
				a.Changes = append(a.Changes, change)
				return nil
			})
			if err != nil {
				return nil, err
			}
			a.Next, a.More = f.Token(company, answer.Next), answer.More
			if len(a.Changes) > 0 || q.Wait == 0 {
				return a, nil
			}
			if err := f.Wait(ctx, company, answer.Next); err != nil {
				return nil, err
			}
		}
	}
}
