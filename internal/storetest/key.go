package storetest

import (
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault"
)

func keyLaws() []law {
	return []law{
		{"every field of a key round-trips", everyFieldOfKeyRoundTrips},
		{"keys since a version", keysSinceAVersion},
		{"a key is revoked once", keyIsRevokedOnce},
		{"a key is revoked by its company", keyIsRevokedByItsCompany},
		{"an id is one key's", idIsOneKeys},
	}
}

// key is a key with an id, of a company.
func key(id, company string) callvault.Key {
	return callvault.Key{
		ID: id, Kind: callvault.BasicKey, Company: company, Scopes: []callvault.Scope{"api:calls:read:basic"},
		Digest: sha256.Sum256([]byte(id)), Created: day.UTC(),
	}
}

func addKeys(t testing.TB, store callvault.Store, keys ...callvault.Key) {
	t.Helper()
	for _, k := range keys {
		if err := store.AddKey(t.Context(), k); err != nil {
			t.Fatal(err)
		}
	}
}

func revoke(t testing.TB, store callvault.Store, company, id string, at callvault.Time) {
	t.Helper()
	if err := store.RevokeKey(t.Context(), company, id, at.UTC()); err != nil {
		t.Fatal(err)
	}
}

// follower asks for keys as a process does that follows them.
type follower struct {
	store   callvault.Store
	version int64
}

// expect asks what changed since it asked last.
func (f *follower) expect(t testing.TB, want ...callvault.Key) {
	t.Helper()
	keys, version, err := f.store.KeysSince(t.Context(), f.version)
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(want, func(a, b callvault.Key) int { return strings.Compare(a.ID, b.ID) })
	same(t, "keys", keys, want)
	if version < f.version || version == f.version && len(want) > 0 {
		t.Errorf("the version went from %d to %d with %d changes", f.version, version, len(want))
	}
	f.version = version
}

// A key comes back as it was added: its kind, company, scopes in their order,
// digest, and times to the microsecond, in UTC; a time that is not set stays so.
func everyFieldOfKeyRoundTrips(t *testing.T, open Open) {
	store := open(t)
	plain := key("PLAIN", acme)
	full := callvault.Key{
		ID: "FULL", Kind: callvault.BearerKey, Company: other,
		Scopes:  []callvault.Scope{"api:calls:read:extensive", "api:calls:create", "api:calls:read:basic"},
		Digest:  sha256.Sum256([]byte("another secret")),
		Created: (day + 1).UTC(), Expires: (day + 90*24*hour + 999_999).UTC(), Revoked: (day + hour + 7).UTC(),
	}
	none := callvault.Key{ID: "NONE", Kind: callvault.BasicKey, Company: acme, Created: callvault.Time(-1).UTC(), Expires: callvault.Time(0).UTC()}
	made, secret := callvault.NewKey(callvault.BearerKey)
	made.Company, made.Created = acme, day.UTC()
	made.Digest[0], made.Digest[31] = 0, 0
	zone := key("ZONE", acme)
	zone.Created = zone.Created.In(time.FixedZone("", 5*60*60))
	addKeys(t, store, plain, full, none, made, zone)
	zone.Created = zone.Created.UTC()
	for _, s := range []callvault.Store{store, open(t)} {
		(&follower{store: s}).expect(t, plain, full, none, made, zone)
	}
	if made.Matches(secret) {
		t.Error("the sample's digest is still that of its secret")
	}
}

// KeysSince returns what changed after a version, in the order of ids, and the
// version that has it; 0 asks for all keys, and nothing comes twice.
func keysSinceAVersion(t *testing.T, open Open) {
	store := open(t)
	begun, second := &follower{store: store}, &follower{store: open(t)}
	begun.expect(t)
	begun.expect(t)
	keys := []callvault.Key{key("B", acme), key("A", acme), key("C", other), key("b", acme), key("10", acme), key("9", other)}
	addKeys(t, store, keys[0])
	begun.expect(t, keys[0])
	begun.expect(t)
	addKeys(t, store, keys[1:]...)
	begun.expect(t, keys[1:]...)
	second.expect(t, keys...)
	begun.expect(t)

	a, c := key("A", acme), key("C", other)
	a.Revoked, c.Revoked = (day + hour).UTC(), (day + 2*hour).UTC()
	revoke(t, store, other, "C", day+2*hour)
	begun.expect(t, c)
	revoke(t, second.store, acme, "A", day+hour)
	begun.expect(t, a)
	second.expect(t, a, c)
	begun.expect(t)
	(&follower{store: store}).expect(t, key("10", acme), key("9", other), a, key("B", acme), c, key("b", acme))
	if _, made := store.MakeCompany(t.Context(), "new"); made != nil {
		t.Error(made)
	}
	put(t, store.Calls(acme), Sample{ID: "1", Time: day}.Call(t))
	begun.expect(t)
}

// A key that was revoked keeps its first instant, whichever is told later, and
// to revoke it again is no change of it.
func keyIsRevokedOnce(t *testing.T, open Open) {
	store := open(t)
	f := &follower{store: store}
	k, still := key("K", acme), key("L", acme)
	addKeys(t, store, k, still)
	f.expect(t, k, still)
	k.Revoked = (day + hour).UTC()
	revoke(t, store, acme, "K", day+hour)
	f.expect(t, k)
	for _, at := range []callvault.Time{day + 2*hour, day, day + hour} {
		revoke(t, store, acme, "K", at)
		f.expect(t)
	}
	(&follower{store: open(t)}).expect(t, k, still)
}

// A key can be revoked by its own company only; ErrNotFound tells that there
// is no such key, and nothing changed.
func keyIsRevokedByItsCompany(t *testing.T, open Open) {
	store := open(t)
	f := &follower{store: store}
	k, theirs := key("K", acme), key("L", other)
	addKeys(t, store, k, theirs)
	f.expect(t, k, theirs)
	for _, no := range []struct{ company, id string }{
		{other, "K"}, {acme, "L"}, {acme, "k"}, {acme, ""}, {acme, "%"}, {"ACME", "K"}, {"nobody", "K"}, {"", "K"},
	} {
		if err := store.RevokeKey(t.Context(), no.company, no.id, day.UTC()); !errors.Is(err, callvault.ErrNotFound) {
			t.Errorf("RevokeKey(%q, %q): %v, want %v", no.company, no.id, err, callvault.ErrNotFound)
		}
		f.expect(t)
	}
	(&follower{store: store}).expect(t, k, theirs)
	same(t, "companies", names(t, store), []string{acme, other})
}

// An id is one key's in all companies, because it is what a request names; a
// key with an id that is taken is refused and leaves the first as it is.
func idIsOneKeys(t *testing.T, open Open) {
	store := open(t)
	f := &follower{store: store}
	first := key("K", acme)
	addKeys(t, store, first)
	f.expect(t, first)
	for _, company := range []string{acme, other} {
		again := key("K", company)
		again.Kind, again.Digest = callvault.BearerKey, sha256.Sum256([]byte("stolen"))
		if err := store.AddKey(t.Context(), again); err == nil {
			t.Errorf("company %q added a key whose id was taken", company)
		}
		f.expect(t)
	}
	(&follower{store: store}).expect(t, first)
	same(t, "companies", names(t, store), []string{acme})
}
