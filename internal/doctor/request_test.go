package doctor

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/callvault/callvault"
)

// A visitor's store has its key alone, and is asked nothing for it.
func TestVisitor(t *testing.T) {
	v := NewVisitor(nil, "acme")
	keys, version, err := v.Keys(context.Background(), callvault.KeysVersion{})
	if err != nil || len(keys) != 1 || keys[0].Company != "acme" || !keys[0].Matches(v.secret) || !keys[0].ActiveAt(noon) {
		t.Errorf("got %+v, %v", keys, err)
	}
	if keys, latest, err := v.Keys(context.Background(), version); len(keys) != 0 || latest != version || err != nil {
		t.Errorf("got %+v, %x, %v", keys, latest, err)
	}
	var _ callvault.Store = v
}

func TestAsk(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
		body   string
		want   string
	}{
		{"a page", 200, `{"requestId":"x","records":{"totalRecords":0,"currentPageSize":0,"currentPageNumber":0},"calls":[]}`, `ok a test request found 0 calls of company "acme" in `},
		{"no calls", 404, `{"requestId":"x","errors":["No calls found corresponding to the provided filters"]}`, "ok a test request found 0 calls"},
		{"fails", 500, `{"requestId":"x","errors":["Internal error"]}`, `wrong a test request for calls of company "acme" failed: gong: the server answered 500`},
		{"refused", 401, `{"requestId":"x","errors":["no"]}`, "wrong the server answered 401"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := NewVisitor(nil, "acme")
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if id, secret, _ := r.BasicAuth(); id != v.key.ID || secret != v.secret {
					t.Error("the key was not sent")
				}
				w.WriteHeader(tt.status)
				io.WriteString(w, tt.body)
			}))
			defer server.Close()
			want(t, []Finding{v.Ask(t.Context(), server.URL, server.Client())}, tt.want)
		})
	}
}
