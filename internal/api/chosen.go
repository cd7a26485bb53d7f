package api

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/callvault/callvault"
)

// chosen are the calls of a company with certain ids, certain primary users, or both.
type chosen struct {
	callvault.Reads
	ids   []callvault.ID  // nil: any
	users map[string]bool // as a document has them between its quotes; nil: any
}

// digest stands for the choice of a request's body in its cursors, so that one of them
// can't continue another walk. It is empty for a request without a body.
type digest string

func (c *chosen) digest() digest {
	if c == nil {
		return ""
	}
	sum := sha256.New()
	fmt.Fprintf(sum, "%q %q", c.ids, slices.Sorted(maps.Keys(c.users)))
	return digest(base64.RawURLEncoding.EncodeToString(sum.Sum(nil)[:9]))
}

func (c *chosen) hasIDs() bool { return c != nil && c.ids != nil }

// hasAll reports whether every call is chosen.
func (c *chosen) hasAll() bool { return c.ids == nil && c.users == nil }

// Scan is that of Reads, of the chosen calls, except that each part of a search is of a moment
// of its own.
func (c *chosen) Scan(ctx context.Context, q callvault.Query, after callvault.Position, limit int, visit func(callvault.Record) error) error {
	inOrder := func(visit func(callvault.Record) error) error {
		return inParts(visit, func(limit int, visit func(callvault.Record) error) error {
			return c.Reads.Scan(ctx, q, after, limit, func(r callvault.Record) error {
				after = r.Position()
				return visit(r)
			})
		})
	}
	err := c.each(ctx, q, after, inOrder, func(r callvault.Record) error {
		if err := visit(r); err != nil {
			return err
		}
		if limit--; limit == 0 {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// First is that of Reads, of the chosen calls.
func (c *chosen) First(ctx context.Context, q callvault.Query, limit int, visit func(callvault.Record) error) (total int, err error) {
	inOrder := func(visit func(callvault.Record) error) error { return c.Reads.Scan(ctx, q, q.Start(), -1, visit) }
	err = c.each(ctx, q, q.Start(), inOrder, func(r callvault.Record) error {
		if total++; total > limit {
			return nil
		}
		return visit(r)
	})
	return total, err
}

// each visits the chosen calls of q after a position, in order. Ids take one read, and
// users one through all these calls, which inOrder visits.
func (c *chosen) each(ctx context.Context, q callvault.Query, after callvault.Position, inOrder func(visit func(callvault.Record) error) error, visit func(callvault.Record) error) error {
	if c.ids == nil {
		return c.search(inOrder, visit)
	}
	var found []callvault.Record
	err := c.Get(ctx, c.ids, func(r callvault.Record) error {
		if q.Has(&r.Call) && r.Position().Compare(after) > 0 && c.hasUser(&r.Call) {
			r.Document = slices.Clone(r.Document)
			found = append(found, r)
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortFunc(found, func(a, b callvault.Record) int { return a.Position().Compare(b.Position()) })
	for _, r := range found {
		if err := visit(r); err != nil {
			return err
		}
	}
	return nil
}

// search visits the calls of the chosen users.
func (c *chosen) search(inOrder func(visit func(callvault.Record) error) error, visit func(callvault.Record) error) error {
	const many = 100_000 // a store that works reads more of them in time
	read := 0
	err := inOrder(func(r callvault.Record) error {
		if read++; !c.hasUser(&r.Call) {
			return nil
		}
		return visit(r)
	})
	if errors.Is(err, context.DeadlineExceeded) && read > many {
		return refuse(http.StatusBadRequest, "filter.primaryUserIds: the range has too many calls to search; send a shorter one", "the search took too long")
	}
	return err
}

// hasUser reports whether a call is of one of the users.
func (c *chosen) hasUser(call *callvault.Call) bool {
	if c.users == nil {
		return true
	}
	host := call.Host()
	return host != nil && c.users[string(host)]
}
