package upstreamtest

import (
	"context"

	"github.com/callvault/callvault"
)

// store shows a world to the API as a store with one company, so that all clients share its
// limit. It has what the routes that read ask for, and nothing else.
type store struct {
	callvault.Store
	server *Server
}

func (s *store) Calls(string) callvault.Calls         { return &calls{server: s.server} }
func (s *store) Directory(string) callvault.Directory { return &directory{server: s.server} }
func (s *store) Pool() callvault.Pool                 { return callvault.Pool{Max: 4} }

// CursorSecret is no secret: tests read the same bytes each time.
func (s *store) CursorSecret(context.Context) ([]byte, error) { return make([]byte, 32), nil }

// Keys are those that Server.Key has made. Their number is their version.
func (s *store) Keys(_ context.Context, known callvault.KeysVersion) ([]callvault.Key, callvault.KeysVersion, error) {
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	latest := callvault.KeysVersion{byte(len(s.server.keys)), 1}
	if known == latest {
		return nil, latest, nil
	}
	return append([]callvault.Key(nil), s.server.keys...), latest, nil
}

// calls are a world's calls.
type calls struct {
	callvault.Calls
	server *Server
}

// First has a total that may be larger than the list, because the upstream counts calls before
// it lists them.
func (c *calls) First(ctx context.Context, q callvault.Query, limit int, visit func(callvault.Record) error) (int, error) {
	return c.server.World.Total(q), c.Scan(ctx, q, q.Start(), limit, visit)
}

// Scan remembers what it shows. The last call of limit only tells that another page follows.
func (c *calls) Scan(_ context.Context, q callvault.Query, after callvault.Position, limit int, visit func(callvault.Record) error) error {
	return c.server.World.Scan(q, after, limit, func(call callvault.Call) error {
		if limit--; limit != 0 {
			c.server.listing = append(c.server.listing, call.ID)
		}
		return visit(callvault.Record{Call: call})
	})
}

func (c *calls) Get(_ context.Context, ids []callvault.ID, visit func(callvault.Record) error) error {
	for _, id := range callvault.SortIDs(ids) {
		if call, ok := c.server.World.Call(id); ok {
			c.server.listing = append(c.server.listing, id)
			if err := visit(callvault.Record{Call: call}); err != nil {
				return err
			}
		}
	}
	return nil
}

// Names are none: the directory has all users and workspaces.
func (c *calls) Names(context.Context, callvault.Field, func(callvault.Name) error) error { return nil }

// directory is the Server's.
type directory struct {
	callvault.Directory
	server *Server
}

func (d *directory) entries(kind callvault.Kind) []callvault.Entry {
	return callvault.SortEntries(d.server.Directory[kind])
}

func (d *directory) Count(_ context.Context, kind callvault.Kind) (int, error) {
	return len(d.entries(kind)), nil
}

func (d *directory) Get(_ context.Context, kind callvault.Kind, ids []callvault.ID, visit func(callvault.Entry) error) error {
	for _, e := range d.entries(kind) {
		for _, id := range callvault.SortIDs(ids) {
			if e.ID != id {
				continue
			}
			if err := visit(e); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *directory) Scan(_ context.Context, kind callvault.Kind, after callvault.ID, limit int, visit func(callvault.Entry) error) error {
	for _, e := range d.entries(kind) {
		if e.ID.Compare(after) <= 0 {
			continue
		}
		if limit == 0 {
			return nil
		}
		limit--
		if err := visit(e); err != nil {
			return err
		}
	}
	return nil
}
