package doctor

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestServer(t *testing.T) {
	for _, tt := range []struct {
		name, has string
		status    int
		body      string
		want      []string
	}{
		{"this store", "mine", 200, "ok\n", []string{"ok the server at HERE has this store open"}},
		{"another store", "other", 200, "ok\n", []string{"wrong the server at HERE has another store open: the file was replaced, or serve was started with another --db"}},
		{"not ready", "", 503, "the store was replaced while it was open; start serve again\n", []string{"wrong the server at HERE is not ready: the store was replaced while it was open; start serve again"}},
		{"no callvault", "none", 200, "ok\n", nil},
		{"no callvault, not ready", "none", 503, "busy", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if tt.has != "none" {
					w.Header().Set("Callvault-Store", tt.has)
				}
				w.WriteHeader(tt.status)
				io.WriteString(w, tt.body)
			}))
			defer server.Close()
			want(t, Server(t.Context(), server.Client(), server.URL, "HERE", "mine"), tt.want...)
		})
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	want(t, Server(t.Context(), gone.Client(), gone.URL, "HERE", "mine"))
}
