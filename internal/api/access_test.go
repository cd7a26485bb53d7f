package api

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault"
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
