package sqlite

import (
	"context"
	"fmt"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/callvault/callvault"
)

const (
	setKeysVersionSQL = `UPDATE store SET keys_version = ?`
	keysVersionSQL    = `SELECT keys_version FROM store`
	cursorSecretSQL   = `SELECT cursor_secret FROM store`

	addKeySQL = `INSERT INTO keys (id, kind, company, scopes, digest, created, expires, revoked)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`

	findKeySQL   = `SELECT revoked IS NOT NULL FROM keys WHERE company = ? AND id = ?`
	revokeKeySQL = `UPDATE keys SET revoked = ?3 WHERE company = ?1 AND id = ?2`

	keysSQL = `SELECT id, kind, (SELECT name FROM companies AS c WHERE c.company = keys.company),
		scopes, digest, created, expires, revoked FROM keys ORDER BY id`
)

// AddKey keeps a new key.
func (s *Store) AddKey(ctx context.Context, key callvault.Key) error {
	if err := s.write(ctx, func(c *conn) error { return s.addKey(c, key) }); err != nil {
		return fmt.Errorf("add key %s: %w", key.ID, err)
	}
	return nil
}

func (s *Store) addKey(c *conn, key callvault.Key) error {
	scopes := make([]string, len(key.Scopes))
	for i, scope := range key.Scopes {
		scopes[i] = string(scope)
	}
	company, _, err := s.makeCompanyID(c, key.Company)
	if err != nil {
		return err
	}
	if err := c.drawKeysVersion(); err != nil {
		return err
	}
	return c.run(addKeySQL, key.ID, string(key.Kind), company, strings.Join(scopes, " "), key.Digest[:],
		key.Created.UnixMicro(), optional(key.Expires), optional(key.Revoked))
}

// RevokeKey marks a key as revoked.
func (s *Store) RevokeKey(ctx context.Context, company, id string, at time.Time) error {
	err := s.write(ctx, func(c *conn) error {
		companyID, _, err := s.companyID(c, company)
		if err != nil {
			return err
		}
		there, revoked := false, false
		err = c.each(func(st *sqlite.Stmt) error {
			there, revoked = true, st.ColumnBool(0)
			return nil
		}, findKeySQL, companyID, id)
		if err != nil || revoked {
			return err
		}
		if !there {
			return callvault.ErrNotFound
		}
		if err := c.drawKeysVersion(); err != nil {
			return err
		}
		return c.run(revokeKeySQL, companyID, id, at.UnixMicro())
	})
	if err != nil {
		return fmt.Errorf("revoke key %s of company %q: %w", id, company, err)
	}
	return nil
}

// drawKeysVersion is part of every change of keys.
func (c *conn) drawKeysVersion() error {
	version := callvault.NewKeysVersion()
	return c.run(setKeysVersionSQL, version[:])
}

// Keys returns all keys, unless the caller knows their version.
func (s *Store) Keys(ctx context.Context, known callvault.KeysVersion) (keys []callvault.Key, latest callvault.KeysVersion, err error) {
	err = s.read(ctx, func(c *conn) error {
		if err := s.held.checkWithin(c); err != nil {
			return err
		}
		err := c.each(func(st *sqlite.Stmt) error {
			st.ColumnBytes(0, latest[:])
			return nil
		}, keysVersionSQL)
		if err != nil || latest == known {
			return err
		}
		keys, err = c.keys()
		return err
	})
	if err != nil {
		return nil, callvault.KeysVersion{}, fmt.Errorf("read keys: %w", err)
	}
	return keys, latest, nil
}

// keys are all keys, by id.
func (c *conn) keys() (keys []callvault.Key, err error) {
	err = c.each(func(st *sqlite.Stmt) error {
		keys = append(keys, readKey(st))
		return nil
	}, keysSQL)
	return keys, err
}

func readKey(st *sqlite.Stmt) callvault.Key {
	key := callvault.Key{
		ID:      st.ColumnText(0),
		Kind:    callvault.KeyKind(st.ColumnText(1)),
		Company: st.ColumnText(2),
		Created: callvault.Time(st.ColumnInt64(5)).UTC(),
	}
	for _, scope := range strings.Fields(st.ColumnText(3)) {
		key.Scopes = append(key.Scopes, callvault.Scope(scope))
	}
	st.ColumnBytes(4, key.Digest[:])
	if !st.ColumnIsNull(6) {
		key.Expires = callvault.Time(st.ColumnInt64(6)).UTC()
	}
	if !st.ColumnIsNull(7) {
		key.Revoked = callvault.Time(st.ColumnInt64(7)).UTC()
	}
	return key
}

// optional is the time in microseconds, or NULL for the zero time.
func optional(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}

// CursorSecret is the secret that cursors are signed with.
func (s *Store) CursorSecret(ctx context.Context) (secret []byte, err error) {
	err = s.read(ctx, func(c *conn) error {
		return c.each(func(st *sqlite.Stmt) error {
			secret = append([]byte(nil), c.column(st, 0)...)
			return nil
		}, cursorSecretSQL)
	})
	if err != nil {
		return nil, fmt.Errorf("read the cursor secret: %w", err)
	}
	return secret, nil
}
