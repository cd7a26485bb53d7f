package manage

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// everyPath is a path of each kind that the listener has.
var everyPath = []string{"/livez", "/readyz", "/metrics", "/openapi.json", "/docs", "/", "/api/view", "/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/symbol"}

// unread is a body that must not be read.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body is read")
	return 0, io.EOF
}

// full is a handler that has something at every path.
func full(t *testing.T) *Handler {
	something := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.FormValue("x") // as handlers of others do
		w.Write([]byte("something"))
	})
	return start(t, here, Config{Metrics: prometheus.NewRegistry(), Description: something, Docs: something,
		Page: func(w http.ResponseWriter, r *http.Request, _ string) { something(w, r) }})
}

// Nothing on the listener takes another method, or reads a body, of whatever length
// and form.
func TestMethodsAndBodies(t *testing.T) {
	h := full(t)
	for _, path := range everyPath {
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"} {
			r := httptest.NewRequest(method, "http://127.0.0.1:8081"+path, unread{t})
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: %d, Allow %q", method, path, w.Code, w.Header().Get("Allow"))
			}
		}
		for _, length := range []int64{-1, 1, 1 << 40} {
			for _, contentType := range []string{"", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"} {
				r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1:8081"+path, unread{t})
				r.ContentLength = length
				r.Header.Set("Content-Type", contentType)
				r.Header.Set("Expect", "100-continue")
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "must have no body") {
					t.Errorf("%s with %d bytes of %q: %d %s", path, length, contentType, w.Code, w.Body)
				}
			}
		}
		if w := get(h, path, nil); w.Code != http.StatusOK {
			t.Errorf("GET %s: %d %s", path, w.Code, w.Body)
		}
	}
}
