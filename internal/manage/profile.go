package manage

import (
	"net/http"
	"net/http/pprof"
	"strconv"
	"time"
)

const (
	// profileWithin is the longest span of a profile or a trace.
	profileWithin = time.Minute

	// maxProfiles is how many are made at once: some stop the whole process, and each
	// stays in memory until it is sent.
	maxProfiles = 4
)

// newProfiles serves the profiles of the process, as `go tool pprof` reads them, but
// not the command line, which may name private things.
func newProfiles() http.Handler {
	routes := http.NewServeMux()
	routes.HandleFunc("/debug/pprof/", pprof.Index)
	routes.HandleFunc("/debug/pprof/profile", pprof.Profile)
	routes.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	routes.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return &profiles{routes, make(chan struct{}, maxProfiles)}
}

type profiles struct {
	routes *http.ServeMux
	making chan struct{} // has an element for each profile under way
}

// ServeHTTP makes a profile for GET alone: HEAD would cost as much.
func (p *profiles) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet)
		http.Error(w, "profiles answer only GET", http.StatusMethodNotAllowed)
		return
	}
	for _, seconds := range r.URL.Query()["seconds"] {
		n, err := strconv.Atoi(seconds)
		if err != nil || n < 1 || n > int(profileWithin/time.Second) {
			http.Error(w, "seconds must be a whole number from 1 to 60", http.StatusBadRequest)
			return
		}
	}
	select {
	case p.making <- struct{}{}:
		defer func() { <-p.making }()
	default:
		http.Error(w, "4 profiles are running; retry when one has ended", http.StatusServiceUnavailable)
		return
	}
	p.routes.ServeHTTP(w, r)
}
