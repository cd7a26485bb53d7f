package manage

import (
	"net/http"
	"net/http/pprof"
)

// addProfiles serves the profiles of the process, as `go tool pprof` reads them.
func addProfiles(routes *http.ServeMux) {
	routes.HandleFunc("GET /debug/pprof/", pprof.Index)
	routes.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	routes.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	routes.HandleFunc("POST /debug/pprof/symbol", pprof.Symbol)
	routes.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	// The command line is left out: it may name what is nobody else's business.
}
