package callvault

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
)

// Scope is a right that a key carries, such as "api:calls:read:basic".
type Scope string

// ScopeProfilesRead is the right to read the profiles of a server from another machine.
// They contain its memory: secrets, and calls of every company. No key has it by default.
const ScopeProfilesRead Scope = "callvault:profiles:read"

// JoinScopes is scopes as stores keep them, with spaces between.
func JoinScopes(scopes []Scope) string {
	texts := make([]string, len(scopes))
	for i, scope := range scopes {
		texts[i] = string(scope)
	}
	return strings.Join(texts, " ")
}

// SplitScopes is what JoinScopes was made of.
func SplitScopes(text string) (scopes []Scope) {
	for _, scope := range strings.Fields(text) {
		scopes = append(scopes, Scope(scope))
	}
	return scopes
}

// KeyKind is the way a key is presented.
type KeyKind string

// The kinds of keys there are.
const (
	BasicKey  KeyKind = "basic"  // HTTP Basic, access key and secret
	BearerKey KeyKind = "bearer" // HTTP Bearer, one token
)

// Key is a credential of a company. It can reach nothing of another company.
// The secret itself is never kept.
type Key struct {
	ID      string // the access key, or the first part of a bearer token
	Name    string // what it is for, in its owner's words; may be empty
	Kind    KeyKind
	Company string
	Scopes  []Scope
	Digest  [sha256.Size]byte // SHA-256 of the secret
	Created time.Time         // whole microseconds, UTC
	Expires time.Time         // zero: never
	Revoked time.Time         // zero: not revoked
	Used    time.Time         // midnight, UTC, of the last day it was used on; zero: never
}

// KeysVersion identifies a state of a store's keys. It is random and new with each change:
// after a failover or a restore, a counter would give two states the same version.
type KeysVersion [8]byte

// NewKeysVersion draws a version.
func NewKeysVersion() (v KeysVersion) {
	rand.Read(v[:]) // never fails: see crypto/rand
	return v
}

// NewKey makes a key, created now, and its secret of 256 random bits. The caller fills in
// the rest.
func NewKey(kind KeyKind) (key Key, secret string) {
	var id [15]byte
	var bits [32]byte
	rand.Read(id[:]) // never fails: see crypto/rand
	rand.Read(bits[:])
	secret = base64.RawURLEncoding.EncodeToString(bits[:])
	return Key{
		ID:      base32.StdEncoding.EncodeToString(id[:]),
		Kind:    kind,
		Digest:  sha256.Sum256([]byte(secret)),
		Created: time.Now().UTC().Truncate(time.Microsecond),
	}, secret
}

// Token is what the holder of a bearer key sends: the key's id, a dot, and
// the secret.
func (k *Key) Token(secret string) string { return k.ID + "." + secret }

// Matches tells in constant time whether secret is the key's.
func (k *Key) Matches(secret string) bool {
	digest := sha256.Sum256([]byte(secret))
	return subtle.ConstantTimeCompare(digest[:], k.Digest[:]) == 1
}

// ActiveAt tells whether the key is neither expired at an instant nor revoked
// at all: whose clock it was revoked by does not matter.
func (k *Key) ActiveAt(now time.Time) bool {
	return k.Revoked.IsZero() && (k.Expires.IsZero() || now.Before(k.Expires))
}

// Checksum is eight bytes over the key, but for the day of its last use, as stores keep
// them beside its row.
func (k *Key) Checksum() int64 {
	var d xxhash.Digest
	d.Reset()
	for _, text := range []string{k.ID, k.Name, string(k.Kind), k.Company, JoinScopes(k.Scopes), string(k.Digest[:])} {
		writeNumber(&d, int64(len(text))) // so that no two sequences of texts are the same bytes
		d.WriteString(text)
	}
	for _, at := range []time.Time{k.Created, k.Expires, k.Revoked} {
		if at.IsZero() {
			writeNumber(&d, math.MinInt64)
			continue
		}
		writeNumber(&d, at.UnixMicro())
	}
	return int64(d.Sum64())
}

// Verify compares the key with the checksum that was kept beside its row. It returns a
// *DamageError when they differ.
func (k *Key) Verify(kept int64) error {
	if k.Checksum() == kept {
		return nil
	}
	return &DamageError{Company: k.Company, Key: k.ID, Problem: "its checksum does not match"}
}

// Columns is the key as engines keep it: id, name, kind, company (as the engine has it), scopes,
// digest, times and checksum. Times are in microseconds, that of the last use in days; nil is
// the zero time.
func (k *Key) Columns(company any) []any {
	var expires, revoked, used any
	if !k.Expires.IsZero() {
		expires = k.Expires.UnixMicro()
	}
	if !k.Revoked.IsZero() {
		revoked = k.Revoked.UnixMicro()
	}
	if !k.Used.IsZero() {
		used = DayOf(k.Used)
	}
	return []any{k.ID, k.Name, string(k.Kind), company, JoinScopes(k.Scopes), k.Digest[:],
		k.Created.UnixMicro(), expires, revoked, used, k.Checksum()}
}

// SetTimes sets the times from their columns.
func (k *Key) SetTimes(created int64, expires, revoked, used *int64) {
	k.Created = Time(created).UTC()
	if expires != nil {
		k.Expires = Time(*expires).UTC()
	}
	if revoked != nil {
		k.Revoked = Time(*revoked).UTC()
	}
	if used != nil {
		k.Used = Midnight(int(*used))
	}
}

// Allows tells whether the key carries a scope.
func (k *Key) Allows(scope Scope) bool { return slices.Contains(k.Scopes, scope) }
