package upstream

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/screen"
	"github.com/callvault/callvault/internal/where"
)

// A server is asked for users and workspaces only where a term may name one. One that does not
// show them can be searched by ids.
func TestFindOnServer(t *testing.T) {
	var asked []string
	refuse := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.RequestURI())
		switch {
		case r.URL.Path == gong.Path:
			io.WriteString(w, `{"requestId":"r","records":{"totalRecords":3},"calls":[`+
				`{"id":"1","started":"2026-01-01T00:00:00Z","primaryUserId":"7","title":"A"},`+
				`{"id":"2","started":"2026-01-01T00:00:00Z","primaryUserId":"8"},{"id":"3","started":"2026-01-01T00:00:00Z","primaryUserId":"Zoe Agent"}]}`)
		case refuse:
			w.WriteHeader(http.StatusForbidden)
			io.WriteString(w, `{"requestId":"r","errors":["not for this key"]}`)
		case r.URL.Path == gong.UsersPath && r.URL.Query().Get("cursor") == "":
			io.WriteString(w, `{"requestId":"r","records":{"totalRecords":2,"cursor":"next"},"users":[{"id":"8","firstName":"Ana"}]}`)
		case r.URL.Path == gong.UsersPath: // and it leads back
			io.WriteString(w, `{"requestId":"r","records":{"totalRecords":2,"cursor":"next"},"users":[{"id":"7","firstName":"Bo"}]}`)
		default:
			io.WriteString(w, `{"requestId":"r","workspaces":[{"id":"1","name":"Sales"}]}`)
		}
	}))
	defer server.Close()
	address, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		text         string
		refuse       bool
		asked, found string
		wrong        string // the end of the error, if any
	}{
		{text: "a", asked: "/v2/calls", found: "1"},
		{text: "host:7", asked: "/v2/calls", found: "1"},
		{text: "host:bo", asked: "/v2/users /v2/users?cursor=next /v2/calls", found: "1"},
		{text: "host:ana host:7", asked: "/v2/users /v2/users?cursor=next /v2/calls", found: "1 2"},
		{text: "host:agent", asked: "/v2/users /v2/users?cursor=next /v2/calls", found: "3"},
		{text: "workspace:sales", asked: "/v2/workspaces /v2/calls", found: ""},
		{text: "host:zed", asked: "/v2/users /v2/users?cursor=next /v2/calls", wrong: "host:zed: nobody here has this name; type the beginning of a first or last name, or an id"},
		{text: "workspace:zed", asked: "/v2/workspaces", wrong: "workspace:zed: no call here has this workspace; there are Sales"},
		{text: "host:9", asked: "/v2/calls", wrong: "host:9: nobody here has this name; type the beginning of a first or last name, or an id"},
		{text: "host:7", refuse: true, asked: "/v2/calls", found: "1"},
		{text: "host:bo", refuse: true, asked: "/v2/users", wrong: "host:bo: the server does not show its users (the server answered 403: not for this key (request r)); type an id"},
		{text: "host:bo workspace:sales", refuse: true, asked: "/v2/users /v2/workspaces", wrong: "host:bo: the server does not show its users (the server answered 403: not for this key (request r)); type an id"},
	} {
		asked, refuse = nil, tt.refuse
		w, err := where.Parse(tt.text)
		if err != nil {
			t.Fatal(err)
		}
		s := NewServer(address, gong.Credential{Token: "hushhush"}, "callvault/test", screen.NewProgress(io.Discard))
		var found []string
		err = s.Find(t.Context(), w)
		if err == nil {
			_, err = s.Walk(t.Context(), callvault.Query{Range: callvault.AllTime}, func(r callvault.Record) error {
				found = append(found, r.ID.String())
				return nil
			})
		}
		wrong := (*where.Error)(nil)
		if tt.wrong == "" != (err == nil) || err != nil && (!errors.As(err, &wrong) || !wrong.Missing || !strings.HasSuffix(err.Error(), tt.wrong)) {
			t.Errorf("%s: %v, want %s", tt.text, err, tt.wrong)
		}
		if got := strings.Join(found, " "); got != tt.found {
			t.Errorf("%s: found %s, want %s", tt.text, got, tt.found)
		}
		for i := range asked {
			if strings.HasPrefix(asked[i], gong.Path) {
				asked[i] = gong.Path
			}
		}
		if got := strings.Join(asked, " "); got != tt.asked {
			t.Errorf("%s: asked for %s, want %s", tt.text, got, tt.asked)
		}
	}
}

// A search in an incomplete list says how many calls are missing.
func TestFoundInShortList(t *testing.T) {
	w := Walked{Met: 5, Missing: 13}
	if got, want := w.String(), "5 calls (the server listed 13 fewer than it counted)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
