// Package auth authenticates clients by their keys. Of HTTP it knows only the form of the
// header Authorization.
package auth

import (
	"context"
	"encoding/base64"
	"strings"

	"github.com/callvault/callvault"
)

// Refused is the error of a bad credential. Its text is for the log; the client only
// learns that the credential was refused.
type Refused string

func (r Refused) Error() string { return string(r) }

// Why a credential is refused.
const (
	NoCredentials Refused = "no credentials"
	Malformed     Refused = "malformed Authorization"
	UnknownKey    Refused = "unknown key"
	WrongScheme   Refused = "key presented by the wrong scheme"
	WrongSecret   Refused = "wrong secret"
	KeyRevoked    Refused = "key revoked"
	KeyExpired    Refused = "key expired"
)

// Authenticate returns the key that the values of a header Authorization present. Its
// error is Refused, or says why the keys can't be known. It also returns a refused key, so
// that a log can name it, but never an unknown id: people paste secrets into that field.
func (k *Keyring) Authenticate(ctx context.Context, authorization []string) (*callvault.Key, error) {
	presented, err := parse(authorization)
	if err != nil {
		return nil, err
	}
	now := k.now()
	key, err := k.find(ctx, presented.id, now)
	switch {
	case err != nil:
		return nil, err
	// An unknown id costs a read of the store and a known one does not, so time
	// tells them apart; ids have 120 random bits and are no secret.
	case key == nil:
		return nil, UnknownKey
	case key.Kind != presented.kind:
		return &key.Key, WrongScheme
	case !key.Matches(presented.secret):
		return &key.Key, WrongSecret
	case !key.Revoked.IsZero():
		return &key.Key, KeyRevoked
	case !key.ActiveAt(now):
		return &key.Key, KeyExpired
	}
	k.remember(key, now)
	return &key.Key, nil
}

type credential struct {
	kind       callvault.KeyKind
	id, secret string
}

// parse takes the values of a header apart: "Basic", in any case, with id:secret in
// base64, or "Bearer" with id.secret.
func parse(values []string) (credential, error) {
	if len(values) == 0 {
		return credential{}, NoCredentials
	}
	if len(values) > 1 {
		return credential{}, Malformed
	}
	var c credential
	var found bool
	scheme, rest, _ := strings.Cut(values[0], " ")
	rest = strings.Trim(rest, " ")
	switch {
	case isScheme(scheme, "Basic"):
		pair, err := base64.StdEncoding.Strict().DecodeString(rest)
		if err != nil || strings.ContainsAny(rest, "\r\n") { // which base64 passes over
			return credential{}, Malformed
		}
		c.kind = callvault.BasicKey
		c.id, c.secret, found = strings.Cut(string(pair), ":")
	case isScheme(scheme, "Bearer"):
		c.kind = callvault.BearerKey
		c.id, c.secret, found = strings.Cut(rest, ".") // see callvault.Key.Token
	}
	if !found || c.id == "" || c.secret == "" {
		return credential{}, Malformed
	}
	return c, nil
}

// isScheme compares without regard to case, in ASCII alone: a letter beyond it that folds
// to one of these is longer.
func isScheme(s, scheme string) bool {
	return len(s) == len(scheme) && strings.EqualFold(s, scheme)
}
