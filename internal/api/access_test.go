package api

import (
	"fmt"
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

// TestACompanyReachesNothingElse tries every route with what a stranger with a good key of
// another company can know: ids and cursors. It learns what it would of ids that nobody has.
func TestACompanyReachesNothingElse(t *testing.T) {
	s := newServer(t, Config{PageSize: 1, OptionalDates: true})
	s.addKey(t, "evil", "EVIL", "mine", s.scopes()...)
	for i, id := range []string{"111", "222"} {
		c := call(t, id, i, "777")
		c.Document = []byte(`{"id":"` + id + `","title":"acme's","primaryUserId":"888"}`)
		s.put(t, "acme", c)
	}
	for kind, id := range map[callvault.Kind]string{callvault.Users: "999", callvault.Workspaces: "777"} {
		s.store.entries[directoryOf{"acme", kind}] = []callvault.Entry{{ID: mustID(t, id), Document: []byte(`{"id":"` + id + `","name":"acme's"}`)}}
	}
	asEvil := func(route *route, query, body string) string {
		r := post(strings.Replace(route.path, "{id}", query, 1), body)
		if r.Method = route.method; route.method == http.MethodGet {
			r.URL.RawQuery = query
		}
		r.Header.Set("Authorization", basicAuth("EVIL", "mine"))
		w := s.do(r)
		return fmt.Sprint(w.Code, " ", strings.Replace(w.Body.String(), w.Header().Get("X-Traceid"), "", 1))
	}
	nobodys := strings.NewReplacer("111", "113", "222", "224", "777", "775", "888", "886", "999", "997")
	cursors := []string{decode(t, s.get(everything)).Records.Cursor, decode(t, s.get("/v2/users")).Records.Cursor, decode(t, s.do(post(details, `{"filter":{}}`))).Records.Cursor}
	for i := range s.routes {
		route := &s.routes[i]
		for _, query := range []string{"111", "888", "999", "workspaceId=777"} {
			body := `{"filter":{"callIds":["111"],"primaryUserIds":["888"],"userIds":["888","999"]},"clientUniqueId":"` + query + `"}`
			got, want := asEvil(route, query, body), asEvil(route, nobodys.Replace(query), nobodys.Replace(body))
			if nobodys.Replace(got) != want || strings.Contains(got, "acme") {
				t.Errorf("%s %s %s:\n got %s\nwant %s", route.method, route.path, query, got, want)
			}
		}
		for _, cursor := range cursors {
			got := asEvil(route, "cursor="+cursor, `{"filter":{},"cursor":"`+cursor+`"}`)
			takesCursors := strings.HasPrefix(route.path, "/v2/") && route.path != gong.WorkspacesPath
			if cursor == "" || strings.Contains(got, "acme") || takesCursors && strings.HasPrefix(got, "200") {
				t.Errorf("%s %s with a cursor: %s", route.method, route.path, got)
			}
		}
	}

	// Nor does a cursor of its own lead there.
	s.put(t, "evil", call(t, "3", 0, "777"), call(t, "4", 3, "777"))
	own := decode(t, s.getAs(basicAuth("EVIL", "mine"), everything+"&workspaceId=777")).Records.Cursor
	a := decode(t, s.getAs(basicAuth("EVIL", "mine"), "/v2/calls?cursor="+own))
	if a.Records.TotalRecords != 2 || len(a.Calls) != 1 || !strings.Contains(string(a.Calls[0]), `"id":"4"`) {
		t.Errorf("got %+v", a)
	}
}

// A key without the scope of a route is refused there, whatever other scopes it has, and one
// with this scope alone is let in.
func TestScopesOfRoutes(t *testing.T) {
	s := newServer(t, Config{})
	for i := range s.routes {
		route := &s.routes[i]
		others := slices.DeleteFunc(s.scopes(), func(scope callvault.Scope) bool { return scope == route.scope })
		s.addKey(t, "acme", fmt.Sprint("OTHERS", i), "hush", others...)
		s.addKey(t, "acme", fmt.Sprint("ALONE", i), "hush", route.scope)
		s.clock.advance(5 * time.Second)
		for _, key := range []string{"OTHERS", "ALONE"} {
			r := post(strings.Replace(route.path, "{id}", "1", 1), "{}")
			r.Method = route.method
			r.Header.Set("Authorization", basicAuth(fmt.Sprint(key, i), "hush"))
			w := s.do(r)
			isRefused := strings.Contains(w.Body.String(), "You don't have permission to use '"+string(route.scope)+"' in your app.")
			if isRefused != (key == "OTHERS") || isRefused && w.Code != toClient(noPermission(route.scope)).status {
				t.Errorf("%s %s by %s: %d %s", route.method, route.path, key, w.Code, w.Body)
			}
		}
	}
}

// addKey adds a key with certain scopes.
func (s *server) addKey(t *testing.T, company, id, secret string, scopes ...callvault.Scope) {
	key := testKey(callvault.BasicKey, company, id, secret)
	key.Scopes = scopes
	if err := s.store.AddKey(t.Context(), key); err != nil {
		t.Fatal(err)
	}
}

// scopes are those of all routes.
func (s *server) scopes() (all []callvault.Scope) {
	for _, route := range s.routes {
		if !slices.Contains(all, route.scope) {
			all = append(all, route.scope)
		}
	}
	return all
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
