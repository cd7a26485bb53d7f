package doctor

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestPanel(t *testing.T) {
	const replaced = "the store was replaced while it was open; start serve again\n"
	for _, tt := range []struct {
		name, api, has string
		status         int
		body, identity string
		want           []Finding
	}{
		{"this store", ":1", "mine", 200, "ok\n", "mine", []Finding{{"server", OK, "the server at :9 has this store open", ""}}},
		{"another store", ":1", "other", 200, "ok\n", "mine", []Finding{{"server", Wrong, "the server at :9 (its API is at :1) has another store open", "run doctor with the --db and --listen of that serve; if they are these, its file was replaced: start serve again"}}},
		{"not ready", ":1", "", 503, replaced, "mine", []Finding{{"server", Wrong, "the server at :9 is not ready: the store was replaced while it was open; start serve again", "its log says why"}}},
		{"not ready, no store", ":1", "", 503, replaced, "", []Finding{{"server", Wrong, "the server at :9 is not ready: the store was replaced while it was open", "put the store back in place, then start serve again"}}},
		{"ready, no store", ":1", "other", 200, "ok\n", "", []Finding{{"server", OK, "the server at :9 is ready; which store it has open can't be compared", ""}}},
		{"another serve", ":2", "other", 200, "ok\n", "mine", []Finding{{"server", Warning, ":9 belongs to another serve (its API is at :2); the one at :1 has no operator's listener", "start it with another --manage"}}},
		{"another serve, not ready", ":2", "", 503, replaced, "", []Finding{{"server", Warning, ":9 belongs to another serve (its API is at :2); the one at :1 has no operator's listener", "start it with another --manage"}}},
		{"no callvault", "", "", 200, "ok\n", "mine", nil},
		{"no callvault, not ready", "", "", 503, "busy", "mine", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				for name, value := range map[string]string{"Callvault-Listen": tt.api, "Callvault-Store": tt.has} {
					if value != "" {
						w.Header().Set(name, value)
					}
				}
				w.WriteHeader(tt.status)
				io.WriteString(w, tt.body)
			}))
			defer server.Close()
			got := panel(server.URL).Look(t.Context(), server.Client(), tt.identity)
			if len(got) != len(tt.want) || len(got) == 1 && got[0] != tt.want[0] {
				t.Errorf("found %+v, want %+v", got, tt.want)
			}
		})
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	want(t, panel(gone.URL).Look(t.Context(), gone.Client(), "mine"))
}

// panel is that of the server whose API is at :1.
func panel(url string) Panel {
	return Panel{URL: url, At: ":9", Listen: ":1", IsAnother: func(_ context.Context, api string) bool { return api != ":1" }}
}
