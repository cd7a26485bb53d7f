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
		{"keys are followed by their version", keysAreFollowed},
		{"stores share no version of keys", storesShareNoVersion},
		{"a key is revoked once", keyIsRevokedOnce},
		{"a key is revoked by its company", keyIsRevokedByItsCompany},
		{"an id is one key's", idIsOneKeys},
		{"a key's last use is kept", lastUseIsKept},
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
	version callvault.KeysVersion
}

// expect asks for the keys: these are all there are, and they have changed since it
// asked last.
func (f *follower) expect(t testing.TB, want ...callvault.Key) {
	t.Helper()
	keys, version := f.ask(t)
	slices.SortFunc(want, func(a, b callvault.Key) int { return strings.Compare(a.ID, b.ID) })
	same(t, "keys", keys, want)
	if version == f.version || version == (callvault.KeysVersion{}) {
		t.Errorf("the version is %x although the keys have changed", version)
	}
	f.version = version
}

// expectNothing asks for the keys, which have not changed since it asked last.
func (f *follower) expectNothing(t testing.TB) {
	t.Helper()
	if keys, version := f.ask(t); len(keys) > 0 || version != f.version {
		t.Errorf("the version went from %x to %x with %d keys", f.version, version, len(keys))
	}
}

func (f *follower) ask(t testing.TB) (keys []callvault.Key, version callvault.KeysVersion) {
	t.Helper()
	keys, version, err := f.store.Keys(t.Context(), f.version)
	if err != nil {
		t.Fatal(err)
	}
	return keys, version
}

// A key comes back as it was added: its kind, company, scopes in their order,
// digest, and times to the microsecond, in UTC; a time that is not set stays so.
func everyFieldOfKeyRoundTrips(t *testing.T, open Open) {
	store := open(t)
	plain := key("PLAIN", acme)
	full := callvault.Key{
		ID: "FULL", Name: "nightly \"ETL\", Zürich", Kind: callvault.BearerKey, Company: other,
		Scopes:  []callvault.Scope{"api:calls:read:extensive", "api:calls:create", "api:calls:read:basic"},
		Digest:  sha256.Sum256([]byte("another secret")),
		Created: (day + 1).UTC(), Expires: (day + 90*24*hour + 999_999).UTC(), Revoked: (day + hour + 7).UTC(),
		Used: callvault.Midnight(20_000),
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

// Keys returns all keys, in the order of ids, when any has changed since the version
// that is known, and none when nothing has.
func keysAreFollowed(t *testing.T, open Open) {
	store := open(t)
	begun, second := &follower{store: store}, &follower{store: open(t)}
	begun.expect(t)
	begun.expectNothing(t)
	keys := []callvault.Key{key("B", acme), key("A", acme), key("C", other), key("b", acme), key("10", acme), key("9", other)}
	addKeys(t, store, keys[0])
	begun.expect(t, keys[0])
	begun.expectNothing(t)
	addKeys(t, store, keys[1:]...)
	begun.expect(t, slices.Clone(keys)...)
	second.expect(t, slices.Clone(keys)...)
	begun.expectNothing(t)

	revoke(t, store, other, "C", day+2*hour)
	keys[2].Revoked = (day + 2*hour).UTC()
	begun.expect(t, slices.Clone(keys)...)
	revoke(t, second.store, acme, "A", day+hour)
	keys[1].Revoked = (day + hour).UTC()
	begun.expect(t, slices.Clone(keys)...)
	second.expect(t, slices.Clone(keys)...)
	begun.expectNothing(t)
	(&follower{store: store}).expect(t, slices.Clone(keys)...)
	if _, err := store.MakeCompany(t.Context(), "new"); err != nil {
		t.Error(err)
	}
	put(t, store.Calls(acme), Sample{ID: "1", Time: day}.Call(t))
	begun.expectNothing(t)
}

// A version is never that of another state, not even after as many changes: who
// followed a store that went back in time, or another one, learns of it.
func storesShareNoVersion(t *testing.T, open Open) {
	store := open(t)
	f := &follower{store: store}
	seen := make(map[callvault.KeysVersion]bool)
	for i, id := range []string{"A", "B", "C", "D"} {
		if _, f.version = f.ask(t); seen[f.version] {
			t.Errorf("after %d changes the version was there before", i)
		}
		seen[f.version] = true
		addKeys(t, store, key(id, acme))
	}
	(&follower{store: store, version: callvault.NewKeysVersion()}).expect(t, key("A", acme), key("B", acme), key("C", acme), key("D", acme))
}

// A key that was revoked keeps its first instant, whichever is told later, and
// revoking it again changes nothing.
func keyIsRevokedOnce(t *testing.T, open Open) {
	store := open(t)
	f := &follower{store: store}
	k, still := key("K", acme), key("L", acme)
	addKeys(t, store, k, still)
	f.expect(t, k, still)
	k.Revoked = (day + hour).UTC()
	revoke(t, store, acme, "K", day+hour)
	f.expect(t, k, still)
	for _, at := range []callvault.Time{day + 2*hour, day, day + hour} {
		revoke(t, store, acme, "K", at)
		f.expectNothing(t)
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
		f.expectNothing(t)
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
		f.expectNothing(t)
	}
	(&follower{store: store}).expect(t, first)
	same(t, "companies", names(t, store), []string{acme})
}

// The day of a key's last use is kept, of the latest one that was told, on both sides of 1970.
// It does not change the version of the keys. A key that is not there is passed over.
func lastUseIsKept(t *testing.T, open Open) {
	store := open(t)
	f := &follower{store: store}
	k, unused := key("K", acme), key("L", acme)
	addKeys(t, store, k, unused)
	f.expect(t, k, unused)
	for _, tt := range []struct {
		at   callvault.Time
		want int
	}{
		{-1, -1}, {-24 * hour, -1}, {-36 * hour, -1}, {24*hour - 1, 0}, {24 * hour, 1}, {day, callvault.DayOf(day.UTC())}, {day - 24*hour, callvault.DayOf(day.UTC())},
	} {
		if err := store.UseKey(t.Context(), acme, "K", tt.at.UTC()); err != nil {
			t.Fatal(err)
		}
		f.expectNothing(t)
		k.Used = callvault.Midnight(tt.want)
		(&follower{store: open(t)}).expect(t, k, unused)
	}
	for _, no := range []struct{ company, id string }{{other, "L"}, {acme, "M"}, {"nobody", "L"}} {
		if err := store.UseKey(t.Context(), no.company, no.id, day.UTC()); err != nil {
			t.Error(err)
		}
	}
	(&follower{store: store}).expect(t, k, unused)
	wantSound(t, store)
}
