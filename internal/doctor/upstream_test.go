package doctor

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/upstream"
)

// answers are what a server says at its routes: a status and a body.
type answers map[string]func(w http.ResponseWriter)

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	w.Header().Set("Date", time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC).Format(http.TimeFormat))
	a[r.URL.Path](w)
	return w.Result(), nil
}

func says(status int, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

const (
	seven      = `{"records":{"totalRecords":1234567},"calls":[]}`
	users      = `{"records":{"totalRecords":0},"users":[]}`
	workspaces = `{"workspaces":[]}`
)

// lookUpstream is what doctor finds of an upstream, a line each.
func lookUpstream(t *testing.T, host string, a answers) string {
	t.Helper()
	if a[gong.UsersPath] == nil {
		a[gong.UsersPath] = says(200, users)
	}
	if a[gong.WorkspacesPath] == nil {
		a[gong.WorkspacesPath] = says(200, workspaces)
	}
	address := &url.URL{Scheme: "https", Host: host}
	u := Upstream{Address: address, Requests: upstream.NewRequests(address, gong.Credential{Token: "hushhush"}, "", &http.Client{Transport: a}), Company: "acme"}
	var lines []string
	for _, f := range u.Look(t.Context(), Store{}, time.Date(2026, 3, 4, 5, 6, 0, 0, time.UTC)) {
		lines = append(lines, f.String())
	}
	return strings.Join(lines, "\n")
}

// Doctor says why a mirror would see nothing, and what to do about it.
func TestUpstream(t *testing.T) {
	const clocks = "\nok       clocks   the upstream's clock and this machine's differ by less than a minute"
	for _, tt := range []struct {
		host string
		a    answers
		want string
	}{
		{"us-1.api.gong.io", answers{gong.Path: says(200, seven)}, "ok       upstream 1,234,567 calls visible at https://us-1.api.gong.io" + clocks},
		{"us-1.api.gong.io", answers{gong.Path: says(404, `{"errors":["No calls found corresponding to the provided filters"]}`)}, "warning  upstream 0 calls visible at https://us-1.api.gong.io; the key's user may see none: give that user access to the company's calls"},
		{"api.gong.io", answers{gong.Path: says(401, `{"errors":["no"]}`)}, "wrong    upstream the server answered 401: no; use your company's own host in place of api.gong.io: Gong shows it where it shows the key, such as https://us-12345.api.gong.io"},
		{"us-1.api.gong.io", answers{gong.Path: says(401, `{"errors":["no"]}`)}, "wrong    upstream the server answered 401: no; check the access key and its secret, and that they belong to this host"},
		{"api.gong.io", answers{gong.Path: says(401, `{"errors":["You don't have permission to use 'api:calls:read:basic' in your app."]}`)}, "give the key the scope api:calls:read:basic"},
		{"us-1.api.gong.io", answers{gong.Path: says(403, ``)}, "wrong    upstream the server answered 403; give the key the scope api:calls:read:basic, and allow this machine's address"},
		{"us-1.api.gong.io", answers{gong.Path: says(404, `<html>`)}, "wrong    upstream the server answered 404; check the URL: it must be that of the API, without a path of its own"},
		{"us-1.api.gong.io", answers{gong.Path: says(200, `<html>`)}, "check --mirror"},
		{"us-1.api.gong.io", answers{gong.Path: says(429, ``)}, "warning  upstream the server answered 429; others use up the account's requests"},
		{"us-1.api.gong.io", answers{gong.Path: says(502, `<html>`)}, "warning  upstream the server answered 502; the mirror will try again"},
		{"us-1.api.gong.io", answers{gong.Path: says(200, seven), gong.UsersPath: says(403, `{"errors":["no"]}`)}, clocks + "\nwarning  upstream the key may not read users (the server answered 403: no), so calls are shown with ids in place of names; give it the scope api:users:read"},
		{"us-1.api.gong.io", answers{gong.Path: says(200, seven), gong.WorkspacesPath: says(401, ``)}, "give it the scope api:workspaces:read"},
		{"us-1.api.gong.io", answers{gong.Path: func(w http.ResponseWriter) {
			w.Header().Set("Date", time.Date(2026, 3, 4, 4, 0, 0, 0, time.UTC).Format(http.TimeFormat))
			io.WriteString(w, seven)
		}}, "warning  clocks   the upstream's clock is 1h6m0s from this machine's; use NTP"},
	} {
		if got := lookUpstream(t, tt.host, tt.a); !strings.Contains(got, tt.want) || strings.Contains(got, "hush") {
			t.Errorf("got\n%s\nwant\n%s", got, tt.want)
		}
	}
}
