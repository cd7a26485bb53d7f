package demo

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/callvault/callvault"
)

// Stage is a store whose default company is played by a World: what the world lists is in the
// store, and the totals of lists count what it does not list yet.
type Stage struct {
	callvault.Store

	mu      sync.RWMutex
	world   *World
	changed map[callvault.ID]bool // since the last step
}

// NewStage puts what a world lists, its users and its workspaces into an empty store.
func NewStage(ctx context.Context, store callvault.Store, w *World) (*Stage, error) {
	for _, kind := range callvault.Kinds() {
		if _, err := store.Directory(callvault.DefaultCompany).Put(ctx, kind, w.Entries(kind)); err != nil {
			return nil, err
		}
	}
	calls := slices.Collect(w.Calls())
	if _, err := store.Calls(callvault.DefaultCompany).Put(ctx, callvault.NewBatch(calls)); err != nil {
		return nil, err
	}
	s := &Stage{Store: store, world: w, changed: make(map[callvault.ID]bool)}
	w.Watch = func(c Change) { s.changed[c.ID] = true }
	return s, nil
}

// Calls hands out the calls of a company, those of the default company with totals that run
// ahead of the list.
func (s *Stage) Calls(company string) callvault.Calls {
	calls := s.Store.Calls(company)
	if company == callvault.DefaultCompany {
		return &staged{calls, s}
	}
	return calls
}

// Step plays the world up to a time and writes what changed. It tells when to step again;
// false if nothing will happen any more.
func (s *Stage) Step(ctx context.Context, now time.Time) (next time.Time, more bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.world.Advance(now)
	var put []callvault.Call
	var gone []callvault.ID
	for id := range s.changed {
		if call, ok := s.world.Call(id); ok {
			put = append(put, call)
		} else {
			gone = append(gone, id)
		}
	}
	calls := s.Store.Calls(callvault.DefaultCompany)
	if len(put) > 0 {
		_, err = calls.Put(ctx, callvault.NewBatch(put))
	}
	if len(gone) > 0 && err == nil {
		_, err = calls.Delete(ctx, gone)
	}
	if err != nil {
		return next, false, err
	}
	clear(s.changed)
	next, more = s.world.Next()
	return next, more, nil
}

// Run steps on the machine's clock until the context is done, nothing happens any more, or
// the store fails.
func (s *Stage) Run(ctx context.Context) error {
	for {
		next, more, err := s.Step(ctx, time.Now())
		if err != nil && ctx.Err() == nil {
			return err
		}
		if !more || ctx.Err() != nil {
			return nil
		}
		select {
		case <-time.After(time.Until(next)):
		case <-ctx.Done():
			return nil
		}
	}
}

// staged are the calls of a stage.
type staged struct {
	callvault.Calls
	stage *Stage
}

// First has the total of the world, of the same moment as its list.
func (c *staged) First(ctx context.Context, q callvault.Query, limit int, visit func(callvault.Record) error) (int, error) {
	c.stage.mu.RLock()
	defer c.stage.mu.RUnlock()
	listed, err := c.Calls.First(ctx, q, limit, visit)
	return listed + c.stage.world.Unlisted(q), err
}
