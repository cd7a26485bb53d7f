package api

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"

	"github.com/callvault/callvault"
)

// Why a credential was refused: for the log, never for the client.
var (
	errNoCredentials = errors.New("no credentials")
	errCredentials   = errors.New("malformed Authorization")
	errUnknownKey    = errors.New("unknown key")
	errWrongSecret   = errors.New("wrong secret")
	errWrongKind     = errors.New("key presented by the wrong scheme")
	errKeyRevoked    = errors.New("key revoked")
	errKeyExpired    = errors.New("key expired")
)

// authenticate finds the key of a request and tells whether it opens the door.
// The key is noted on the exchange as soon as it is known, so that the log can
// name a key that was refused; an id that is not a key's is never logged,
// because people paste secrets into the wrong field.
func (h *Handler) authenticate(x *exchange, r *http.Request) (*callvault.Key, error) {
	presented, err := parseAuthorization(r.Header["Authorization"])
	if err != nil {
		return nil, refused(err)
	}
	key, err := h.keys.find(r.Context(), presented.id)
	if err != nil {
		return nil, err
	}
	x.key = key
	switch {
	// An unknown id costs a read of the store and a known one does not, so time
	// tells them apart; ids have 120 random bits and are no secret.
	case key == nil:
		return nil, refused(errUnknownKey)
	case key.Kind != presented.kind:
		return nil, refused(errWrongKind)
	case !key.Matches(presented.secret):
		return nil, refused(errWrongSecret)
	case !key.Revoked.IsZero():
		return nil, refused(errKeyRevoked)
	case !key.ActiveAt(x.start):
		return nil, refused(errKeyExpired)
	}
	return key, nil
}

// Key returns the valid key that a request presents, or nil if it presents none. The
// error says why that can't be known.
func (h *Handler) Key(r *http.Request) (*callvault.Key, error) {
	ctx, cancel := context.WithTimeout(r.Context(), storeWithin)
	defer cancel()
	key, err := h.authenticate(&exchange{start: h.now()}, r.WithContext(ctx))
	var refused *clientError
	if errors.As(err, &refused) {
		return nil, nil
	}
	return key, err
}

// credential is what a request presents.
type credential struct {
	kind       callvault.KeyKind
	id, secret string
}

// parseAuthorization takes the values of the header Authorization apart:
// "Basic", in any case, with id:secret in base64, or "Bearer" with id.secret.
func parseAuthorization(values []string) (credential, error) {
	if len(values) == 0 {
		return credential{}, errNoCredentials
	}
	if len(values) > 1 {
		return credential{}, errCredentials
	}
	var c credential
	var found bool
	scheme, rest, _ := strings.Cut(values[0], " ")
	rest = strings.Trim(rest, " ")
	switch {
	case isScheme(scheme, "Basic"):
		pair, err := base64.StdEncoding.Strict().DecodeString(rest)
		if err != nil || strings.ContainsAny(rest, "\r\n") { // which base64 passes over
			return credential{}, errCredentials
		}
		c.kind = callvault.BasicKey
		c.id, c.secret, found = strings.Cut(string(pair), ":")
	case isScheme(scheme, "Bearer"):
		c.kind = callvault.BearerKey
		c.id, c.secret, found = strings.Cut(rest, ".") // see callvault.Key.Token
	}
	if !found || c.id == "" || c.secret == "" {
		return credential{}, errCredentials
	}
	return c, nil
}

// isScheme compares without regard to case, in ASCII alone: a letter beyond it
// that folds to one of these is longer.
func isScheme(s, scheme string) bool {
	return len(s) == len(scheme) && strings.EqualFold(s, scheme)
}
