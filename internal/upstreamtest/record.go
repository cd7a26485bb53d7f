package upstreamtest

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/callvault/callvault"
)

// record is what a Server remembers of requests.
type record struct {
	serving  sync.Mutex     // while a request is answered
	listing  []callvault.ID // what its answer shows
	requests []time.Time
	shown    map[string]map[callvault.ID]time.Time // by client, when each call was listed first
}

// show remembers what an answer has shown to a client.
func (r *record) show(client string, now time.Time) {
	shown := r.shown[client]
	if shown == nil {
		shown = make(map[callvault.ID]time.Time)
		r.shown[client] = shown
	}
	for _, id := range r.listing {
		if _, ok := shown[id]; !ok {
			shown[id] = now
		}
	}
}

// Shown is when a client was first shown each call, in a list or by id.
func (s *Server) Shown(client string) map[callvault.ID]time.Time {
	s.serving.Lock()
	defer s.serving.Unlock()
	return maps.Clone(s.shown[client])
}

// Missing are the calls that a client was shown by a time, that are not purged, and that it
// does not have. A call is there though an outage hides it.
func (s *Server) Missing(client string, by time.Time, has func(callvault.ID) bool) (missing []callvault.ID) {
	s.serving.Lock()
	defer s.serving.Unlock()
	for id, at := range s.shown[client] {
		if !at.After(by) && s.World.Has(id) && !has(id) {
			missing = append(missing, id)
		}
	}
	slices.SortFunc(missing, callvault.ID.Compare)
	return missing
}

// Forget forgets what a client was shown first since a time: it died before it kept that.
func (s *Server) Forget(client string, since time.Time) {
	s.serving.Lock()
	defer s.serving.Unlock()
	maps.DeleteFunc(s.shown[client], func(_ callvault.ID, at time.Time) bool { return !at.Before(since) })
}

// Requests is how many requests came, refused ones included.
func (s *Server) Requests() int {
	s.serving.Lock()
	defer s.serving.Unlock()
	return len(s.requests)
}

// Most is the largest number of requests within any time of a length: a second, or 24 hours.
// Two that are exactly that far apart are not within it.
func (s *Server) Most(within time.Duration) (most int) {
	s.serving.Lock()
	defer s.serving.Unlock()
	first := 0
	for i, at := range s.requests {
		for at.Sub(s.requests[first]) >= within {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}
