package upstreamtest

import (
	"math/rand/v2"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/demo"
)

// Tests of the built program know calls by the contract alone. These are for them: an id is
// its text.

// Lacks is Missing for a client that has the calls with some ids.
func (s *Server) Lacks(client string, by time.Time, has map[string]bool) (lacks []string) {
	for _, id := range s.Missing(client, by, func(id callvault.ID) bool { return has[id.String()] }) {
		lacks = append(lacks, id.String())
	}
	return lacks
}

// Add adds a call that happened at a time, and lists it.
func (s *Server) Add(at time.Time) (id string) {
	s.Do(func(w *demo.World) { id = w.Add(at).String() })
	return id
}

// Stir lets one thing happen to an account that has calls: usually a call is added that
// happened in the last month, else one is edited, moved or purged.
func (s *Server) Stir(chance *rand.Rand) {
	s.Do(func(w *demo.World) {
		var ids []callvault.ID
		for call := range w.Calls() {
			ids = append(ids, call.ID)
		}
		id := ids[chance.IntN(len(ids))]
		at := w.Now().Add(-time.Duration(chance.Int64N(int64(30 * day))))
		switch lot := chance.IntN(12); {
		case lot < 1:
			w.Purge(id)
		case lot < 3:
			w.Move(id, at)
		case lot < 6:
			w.Edit(id)
		default:
			w.Add(at)
		}
	})
}
