package gong

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// Neither the credential nor the address with its cursor goes to another origin.
func TestRedirects(t *testing.T) {
	const elsewhere = ", and the credential is not sent there; if that is the server, use it as the base URL"
	for _, tt := range []struct {
		location string
		want     string // empty: it is followed
		requests int
	}{
		{"/v2/calls/?from=there", "", 2},
		{"https://calls.example.com/elsewhere", "", 2},
		{"https://CALLS.example.com:443/elsewhere", "", 2},
		{"https://calls.example.com:8443/v2/calls", "https://calls.example.com:8443" + elsewhere, 1},
		{"http://calls.example.com/v2/calls?cursor=hush", "http://calls.example.com" + elsewhere, 1},
		{"http://calls.example.com:443/v2/calls", "http://calls.example.com:443" + elsewhere, 1},
		{"//eu.calls.example.com/v2/calls", "https://eu.calls.example.com" + elsewhere, 1},
		{"https://example.com/v2/calls", "https://example.com" + elsewhere, 1},
		{"https://calls.example.com.evil.test/", "https://calls.example.com.evil.test" + elsewhere, 1},
		{"https://calls.example.com@evil.test/", "https://evil.test" + elsewhere, 1},
		{"https://me:hush@calls.example.com/", "https://calls.example.com, with a user in the address, which is not sent", 1},
		{"https://[::1]:8443/", "https://[::1]:8443" + elsewhere, 1},
		{"ftp://calls.example.com/", "ftp://calls.example.com" + elsewhere, 1},
		{"/v2/calls", "https://calls.example.com, and did so 10 times; use the address of the API itself", 10},
	} {
		f := &fake{t: t, calls: made(1, everyMinute), size: 10}
		f.refuse = func(n int, w http.ResponseWriter) bool {
			if n > 1 && tt.location != "/v2/calls" {
				return false
			}
			w.Header().Set("Location", tt.location)
			w.WriteHeader(http.StatusTemporaryRedirect)
			return true
		}
		c := f.client()
		c.HTTP.CheckRedirect = func(*http.Request, []*http.Request) error { return errors.New("not asked") }
		_, err := c.ListCalls(t.Context(), ListCallsQuery{}, "hush")
		redirect := (*NoAnswerError)(nil)
		if tt.want == "" && err != nil || tt.want != "" && (!errors.As(err, &redirect) || err.Error() != "gong: calls.example.com redirects to "+tt.want) || len(f.requests) != tt.requests {
			t.Errorf("%s: %v after %d requests", tt.location, err, len(f.requests))
		}
		if strings.Contains(fmt.Sprint(err), "hush") {
			t.Error(err)
		}
		for i, r := range f.requests {
			if r.Header.Get("Authorization") == "" || r.Header.Get("Referer") != "" || r.Method != http.MethodGet {
				t.Errorf("%s: request %d has the header %v", tt.location, i+1, r.Header)
			}
		}
	}
}

// Get follows no redirect: it would be a request that its caller does not count.
func TestGetFollowsNoRedirect(t *testing.T) {
	for location, want := range map[string]string{
		"/gong/v2/calls?cursor=hush":              "https://calls.example.com/gong/v2/calls, which is not followed; use https://calls.example.com/gong as the base URL",
		"/v2/calls/?from=hush":                    "https://calls.example.com/v2/calls/, which is not followed; use the address of the API itself as the base URL",
		"https://calls.example.com:8443/v2/calls": "https://calls.example.com:8443, and the credential is not sent there; if that is the server, use it as the base URL",
		"http://calls.example.com/v2/calls":       "http://calls.example.com, and the credential is not sent there; if that is the server, use it as the base URL",
		"https://me:hush@calls.example.com/":      "https://calls.example.com, with a user in the address, which is not sent",
	} {
		f := &fake{t: t, refuse: func(_ int, w http.ResponseWriter) bool {
			w.Header().Set("Location", location)
			w.WriteHeader(http.StatusFound)
			return true
		}}
		_, err := f.client().Get(t.Context(), Path, nil)
		if redirect := (*NoAnswerError)(nil); !errors.As(err, &redirect) || err.Error() != "gong: calls.example.com redirects to "+want || len(f.requests) != 1 {
			t.Errorf("%s: %v after %d requests", location, err, len(f.requests))
		}
	}
}
