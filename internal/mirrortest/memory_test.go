package mirrortest

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/callvault/callvault"
)

// memory is a store of one company in memory, with what a mirror uses of a store. A simulation
// of months with millions of calls takes minutes on it, and hours on SQLite. It keeps the calls
// in chunks, in order.
type memory struct {
	callvault.Store
	chunks [][]callvault.Call
	times  map[callvault.ID]callvault.Time
	values map[string][]byte
	lease  callvault.Lease
}

// chunkSize is when a chunk is split.
const chunkSize = 512

func newMemory() *memory {
	return &memory{times: make(map[callvault.ID]callvault.Time), values: make(map[string][]byte)}
}

func (m *memory) Calls(string) callvault.Calls        { return memoryCalls{memory: m} }
func (m *memory) Mirror(string) callvault.MirrorState { return memoryState{memory: m} }

// seek finds the first call that stands at a position or after it.
func (m *memory) seek(p callvault.Position) (chunk, place int) {
	chunk = sort.Search(len(m.chunks), func(i int) bool {
		last := m.chunks[i][len(m.chunks[i])-1]
		return last.Position().Compare(p) >= 0
	})
	if chunk == len(m.chunks) {
		return chunk, 0
	}
	calls := m.chunks[chunk]
	return chunk, sort.Search(len(calls), func(i int) bool { return calls[i].Position().Compare(p) >= 0 })
}

// rank is how many calls stand before a position.
func (m *memory) rank(p callvault.Position) (n int) {
	chunk, place := m.seek(p)
	for _, before := range m.chunks[:chunk] {
		n += len(before)
	}
	return n + place
}

func (m *memory) put(call callvault.Call) callvault.PutResult {
	at, there := m.times[call.ID]
	if there {
		chunk, place := m.seek(callvault.Position{Time: at, ID: call.ID})
		if bytes.Equal(m.chunks[chunk][place].Document, call.Document) {
			return callvault.PutResult{Unchanged: 1}
		}
		m.remove(call.ID)
	}
	m.times[call.ID] = call.Time
	chunk, place := m.seek(call.Position())
	switch {
	case len(m.chunks) == 0:
		m.chunks = [][]callvault.Call{nil}
	case chunk == len(m.chunks):
		chunk--
		place = len(m.chunks[chunk])
	}
	calls := slices.Insert(m.chunks[chunk], place, call)
	if m.chunks[chunk] = calls; len(calls) > chunkSize {
		m.chunks[chunk] = slices.Clone(calls[:chunkSize/2])
		m.chunks = slices.Insert(m.chunks, chunk+1, slices.Clone(calls[chunkSize/2:]))
	}
	if there {
		return callvault.PutResult{Changed: 1}
	}
	return callvault.PutResult{Created: 1}
}

func (m *memory) remove(id callvault.ID) {
	at, there := m.times[id]
	if !there {
		return
	}
	delete(m.times, id)
	chunk, place := m.seek(callvault.Position{Time: at, ID: id})
	m.chunks[chunk] = slices.Delete(m.chunks[chunk], place, place+1)
	if len(m.chunks[chunk]) == 0 {
		m.chunks = slices.Delete(m.chunks, chunk, chunk+1)
	}
}

type memoryCalls struct {
	callvault.Calls
	*memory
}

func (m memoryCalls) Count(_ context.Context, q callvault.Query) (int, error) {
	return max(0, m.rank(q.End())-m.rank(q.Start())), nil
}

func (m memoryCalls) Get(_ context.Context, ids []callvault.ID, visit func(callvault.Record) error) error {
	for _, id := range callvault.SortIDs(ids) {
		if at, there := m.times[id]; there {
			chunk, place := m.seek(callvault.Position{Time: at, ID: id})
			if err := visit(callvault.Record{Call: m.chunks[chunk][place]}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m memoryCalls) Scan(_ context.Context, q callvault.Query, after callvault.Position, limit int, visit func(callvault.Record) error) error {
	chunk, place := m.seek(after)
	for ; chunk < len(m.chunks); chunk, place = chunk+1, 0 {
		for _, call := range m.chunks[chunk][place:] {
			if call.Time >= q.To || limit == 0 {
				return nil
			}
			if call.Position() == after {
				continue
			}
			if err := visit(callvault.Record{Call: call}); err != nil {
				return err
			}
			limit--
		}
	}
	return nil
}

func (m memoryCalls) ScanBack(_ context.Context, q callvault.Query, before callvault.Position, limit int, visit func(callvault.Record) error) error {
	chunk, place := m.seek(before)
	for ; limit != 0; limit-- {
		if place--; place < 0 {
			if chunk--; chunk < 0 {
				return nil
			}
			place = len(m.chunks[chunk]) - 1
		}
		call := m.chunks[chunk][place]
		if call.Time < q.From {
			return nil
		}
		if err := visit(callvault.Record{Call: call}); err != nil {
			return err
		}
	}
	return nil
}

// Workspaces are all one.
func (m memoryCalls) Workspaces(context.Context) ([]callvault.ID, error) {
	return []callvault.ID{m.chunks[0][0].Workspace}, nil
}

type memoryState struct {
	callvault.MirrorState
	*memory
}

func (m memoryState) Lease(context.Context) (callvault.Lease, error) { return m.lease, nil }

func (m memoryState) Take(_ context.Context, seen callvault.Lease, upstream, holder string) (callvault.Lease, error) {
	m.lease = callvault.Lease{Upstream: upstream, Holder: holder, Number: seen.Number + 1}
	return m.lease, nil
}

// Nothing stands apart.

func (m memoryState) Weight(context.Context, callvault.Range) (int, error) { return 0, nil }

func (m memoryState) CountApart(context.Context, callvault.Apartness) (int, error) { return 0, nil }

func (m memoryState) Apart(context.Context, callvault.Apartness, func(callvault.Apart) error) error {
	return nil
}

func (m memoryState) ApartIn(context.Context, callvault.Range, func(callvault.Apart) error) error {
	return nil
}

func (m memoryState) Values(_ context.Context, prefix string, visit func(string, []byte) error) error {
	if prefix == callvault.OrderPrefix {
		return nil // which are asked for before each request
	}
	for _, key := range slices.Sorted(maps.Keys(m.values)) {
		if strings.HasPrefix(key, prefix) {
			if err := visit(key, m.values[key]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m memoryState) Commit(_ context.Context, _ callvault.Lease, change callvault.MirrorChange) (result callvault.PutResult, err error) {
	for key, value := range change.Values {
		if m.values[key] = value; value == nil {
			delete(m.values, key)
		}
	}
	for _, call := range change.Calls.Calls() {
		result = result.Add(m.put(call))
	}
	for _, id := range change.Delete {
		m.remove(id)
	}
	return result, nil
}
