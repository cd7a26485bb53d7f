package manage

import "net/http"

// bounded lets through GET and HEAD without a body. Handlers of libraries read any body
// they find, some of them into memory or temporary files without a bound:
// http.Request.FormValue does, even of a GET.
func bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "this listener answers GET and HEAD alone", http.StatusMethodNotAllowed)
		case r.ContentLength != 0: // -1 means an unknown length
			w.Header().Set("Connection", "close")
			http.Error(w, "a request here must have no body", http.StatusBadRequest)
		default:
			next.ServeHTTP(w, r)
		}
	})
}
