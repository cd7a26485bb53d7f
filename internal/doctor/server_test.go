package doctor

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestPanel(t *testing.T) {
	const replaced = "the store was replaced while it was open; start serve again\n"
	for _, tt := range []struct {
		name           string
		ours           bool
		has            string
		status         int
		body, identity string
		want           []Finding
	}{
		{"this store", true, "mine", 200, "ok\n", "mine", []Finding{{"server", OK, "the server at :9 has this store open", ""}}},
		{"another store", true, "other", 200, "ok\n", "mine", []Finding{{"server", Wrong, "the server at :9 has another store open", "run doctor with the --db of that serve; if it is the same, its file was replaced: start serve again"}}},
		{"not ready", true, "", 503, replaced, "mine", []Finding{{"server", Wrong, "the server at :9 is not ready: the store was replaced while it was open; start serve again", "its log says why"}}},
		{"not ready, no store", true, "", 503, replaced, "", []Finding{{"server", Wrong, "the server at :9 is not ready: the store was replaced while it was open", "put the store back in place, then start serve again"}}},
		{"ready, no store", true, "other", 200, "ok\n", "", []Finding{{"server", OK, "the server at :9 is ready; which store it has open can't be compared", ""}}},
		{"no callvault", false, "", 200, "ok\n", "mine", nil},
		{"no callvault, not ready", false, "", 503, "busy", "mine", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if tt.ours {
					w.Header().Set("Callvault-Store", tt.has)
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

func panel(url string) Panel { return Panel{URL: url, At: ":9"} }
