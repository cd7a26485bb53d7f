package api

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

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
	s.clock.advance(5 * time.Second)
	wantStatus(t, s.get(next), http.StatusUnauthorized, notAuthorized)
	wantStatus(t, s.getAs(basicAuth("SECOND", "hush2"), next), http.StatusOK)
}

// A new key reaches every route that reads, and no other: what writes is for keys whose
// owner says so.
func TestReadScopes(t *testing.T) {
	usual := ReadScopes()
	var served []callvault.Scope
	for _, route := range newServer(t, Config{}).routes {
		if route.scope != gong.ScopeCallsCreate && !slices.Contains(served, route.scope) {
			served = append(served, route.scope)
		}
	}
	if !slices.Equal(served, usual) {
		t.Errorf("routes that read need %q, a new key has %q", served, usual)
	}
}

// A missing scope is 401 on calls, and 403 on users and workspaces.
func TestNoPermission(t *testing.T) {
	for scope, status := range map[callvault.Scope]int{
		gong.ScopeCallsRead: 401, gong.ScopeCallsReadExtensive: 401, gong.ScopeCallsReadTranscript: 401, gong.ScopeCallsCreate: 401,
		gong.ScopeUsersRead: 403, gong.ScopeWorkspacesRead: 403,
	} {
		told := toClient(noPermission(scope))
		if told.status != status || told.texts[0] != "You don't have permission to use '"+string(scope)+"' in your app." {
			t.Errorf("%s: %d %q", scope, told.status, told.texts)
		}
		if _, challenge := told.header["Www-Authenticate"]; challenge != (status == 401) {
			t.Errorf("%s: header %v", scope, told.header)
		}
	}
}
