package api

import (
	"context"
	"slices"

	"github.com/callvault/callvault"
)

// changed gives a change the next number of its company.
func (m *model) changed(company string, r callvault.Record) {
	if m.lines[company] == nil {
		m.lines[company] = []callvault.Timeline{{ID: [8]byte{1}}}
	}
	r.Number = int64(len(m.changes[company]) + 1)
	m.changes[company] = append(m.changes[company], r)
}

// lag takes changes back, as a standby does that has not received them.
func (m *model) lag(company string, number int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.changes[company] = slices.Clip(m.changes[company][:number])
}

// fork begins a timeline, as a restored backup does.
func (m *model) fork(company string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lines[company] = append(m.lines[company], callvault.Timeline{ID: [8]byte{byte(len(m.lines[company]) + 1)}, From: int64(len(m.changes[company]))})
}

// modelSnapshot is a model at one moment.
type modelSnapshot struct {
	callvault.Snapshot
	changes map[string][]callvault.Record
	lines   map[string][]callvault.Timeline
}

func (m *model) Snapshot(ctx context.Context, f func(callvault.Snapshot) error) error {
	if err := m.asked(ctx); err != nil {
		return err
	}
	m.mu.Lock()
	s := &modelSnapshot{changes: make(map[string][]callvault.Record), lines: make(map[string][]callvault.Timeline)}
	for company := range m.changes {
		s.changes[company], s.lines[company] = slices.Clip(m.changes[company]), slices.Clone(m.lines[company])
	}
	m.mu.Unlock()
	return f(s)
}

func (s *modelSnapshot) Calls(company string) callvault.Reads {
	return modelReads{changes: s.changes[company], lines: s.lines[company]}
}

type modelReads struct {
	callvault.Reads
	changes []callvault.Record
	lines   []callvault.Timeline
}

func (r modelReads) Timelines(context.Context) ([]callvault.Timeline, error) { return r.lines, nil }

func (r modelReads) Latest(context.Context) (int64, error) { return int64(len(r.changes)), nil }

func (r modelReads) Changes(_ context.Context, after int64, limit int, visit func(callvault.Record) error) error {
	for i, change := range r.changes {
		superseded := slices.ContainsFunc(r.changes[i+1:], func(later callvault.Record) bool { return later.ID == change.ID })
		if change.Number <= after || superseded || limit == 0 {
			continue
		}
		limit--
		change.Document = slices.Clone(change.Document) // which is spoilt afterwards
		if err := visit(change); err != nil {
			return err
		}
		clear(change.Document)
	}
	return nil
}

func (c *modelCalls) Latest(ctx context.Context) (int64, error) {
	if err := c.model.asked(ctx); err != nil {
		return 0, err
	}
	c.model.mu.Lock()
	defer c.model.mu.Unlock()
	return int64(len(c.model.changes[c.company])), nil
}
