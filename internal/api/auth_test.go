package api

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/callvault/callvault"
)

// FuzzAuthorization compares the reading of Basic with that of net/http, and
// checks what is promised of every credential.
func FuzzAuthorization(f *testing.F) {
	f.Add("Basic S0VZOnNlY3JldA==")
	f.Add("basic  S0VZOnNlY3JldDphOmI= ")
	f.Add("Bearer ID.secret.more")
	f.Add("bEARER .")
	f.Add("Ba\u017fic S0VZOnNlY3JldA==")
	f.Add("Basic")
	f.Add("Basic OmF=")
	f.Add("Basic OmE=")
	f.Add("Basic S0VZOg==")
	f.Add("Basic S0VZOmF=")
	f.Add("Bearer ID.")
	f.Add("BAsiC 0006000\r0")
	f.Fuzz(func(t *testing.T, value string) {
		c, err := parseAuthorization([]string{value})
		scheme, rest, _ := strings.Cut(value, " ")
		id, secret, isBasic := (&http.Request{Header: http.Header{"Authorization": {scheme + " " + strings.Trim(rest, " ")}}}).BasicAuth()
		canonical := base64.StdEncoding.EncodeToString([]byte(id+":"+secret)) == strings.Trim(rest, " ")
		if err != nil {
			if isBasic && id != "" && secret != "" && canonical {
				t.Errorf("%q is refused", value)
			}
			return
		}
		if c.id == "" || c.secret == "" {
			t.Errorf("%q has an empty part: %+v", value, c)
		}
		switch c.kind {
		case callvault.BasicKey:
			if !isBasic || !canonical || c.id != id || c.secret != secret {
				t.Errorf("%q: got %+v, want %q and %q", value, c, id, secret)
			}
		case callvault.BearerKey:
			if !strings.EqualFold(scheme, "bearer") || strings.Contains(c.id, ".") || c.id+"."+c.secret != strings.Trim(rest, " ") {
				t.Errorf("%q: got %+v", value, c)
			}
		default:
			t.Errorf("%q: got kind %q", value, c.kind)
		}
	})
}

// TestKeysOfTheVocabulary lets in what callvault.NewKey makes.
func TestKeysOfTheVocabulary(t *testing.T) {
	s := newServer(t, Config{})
	s.put(t, "acme", call(t, "1", 1, ""))
	for _, kind := range []callvault.KeyKind{callvault.BasicKey, callvault.BearerKey} {
		key, secret := callvault.NewKey(kind)
		made := testKey(kind, "acme", key.ID, secret)
		s.store.AddKey(t.Context(), made)
		authorization := map[callvault.KeyKind]string{
			callvault.BasicKey:  basicAuth(key.ID, secret),
			callvault.BearerKey: "Bearer " + key.Token(secret),
		}
		for presented, value := range authorization {
			want := http.StatusOK
			if presented != kind {
				want = http.StatusUnauthorized
			}
			wantStatus(t, s.getAs(value, everything), want)
		}
	}
}

// TestACompanyReachesNothingElse tries what a stranger with a good key of
// another company can.
func TestACompanyReachesNothingElse(t *testing.T) {
	s := newServer(t, Config{PageSize: 1})
	s.store.AddKey(t.Context(), testKey(callvault.BasicKey, "evil", "EVIL", "mine"))
	s.put(t, "acme", call(t, "1", 1, "7"), call(t, "2", 2, "7"))
	evil := basicAuth("EVIL", "mine")
	cursor := decode(t, s.get(everything+"&workspaceId=7")).Records.Cursor

	const notFound = "No calls found corresponding to the provided filters"
	wantStatus(t, s.getAs(evil, everything), http.StatusNotFound, notFound)
	wantStatus(t, s.getAs(evil, everything+"&workspaceId=7"), http.StatusNotFound, notFound)
	wantStatus(t, s.getAs(evil, "/v2/calls?cursor="+cursor), http.StatusBadRequest, "Failed to verify cursor")
	wantStatus(t, s.getAs(evil, everything+"&workspaceId=7&cursor="+cursor), http.StatusBadRequest, "Failed to verify cursor")

	// Nor does a cursor of its own lead there.
	s.put(t, "evil", call(t, "3", 0, "7"), call(t, "4", 3, "7"))
	own := decode(t, s.getAs(evil, everything+"&workspaceId=7")).Records.Cursor
	a := decode(t, s.getAs(evil, "/v2/calls?cursor="+own))
	if a.Records.TotalRecords != 2 || len(a.Calls) != 1 || !strings.Contains(string(a.Calls[0]), `"id":"4"`) {
		t.Errorf("got %+v", a)
	}
}

// TestACursorOutlivesItsKey goes on with a walk under another key of the
// company after the one that began it is revoked.
func TestACursorOutlivesItsKey(t *testing.T) {
	s := newServer(t, Config{PageSize: 1})
	s.store.AddKey(t.Context(), testKey(callvault.BasicKey, "acme", "SECOND", "hush2"))
	s.put(t, "acme", call(t, "1", 1, ""), call(t, "2", 2, ""))
	next := "/v2/calls?cursor=" + decode(t, s.get(everything)).Records.Cursor
	s.store.change("KEY", func(k *callvault.Key) { k.Revoked = noon })
	s.clock.advance(staleAfter)
	wantStatus(t, s.get(next), http.StatusUnauthorized, notAuthorized)
	wantStatus(t, s.getAs(basicAuth("SECOND", "hush2"), next), http.StatusOK)
}
