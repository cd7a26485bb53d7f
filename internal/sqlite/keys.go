package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/callvault/callvault"
)

const (
	setKeysVersionSQL = `UPDATE store SET keys_version = ?`
	keysVersionSQL    = `SELECT keys_version FROM store`
	cursorSecretSQL   = `SELECT cursor_secret FROM store`

	addKeySQL = `INSERT INTO keys (id, name, kind, company, scopes, digest, created, expires, revoked, used, checksum)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

	revokeKeySQL = `UPDATE keys SET revoked = ?2, checksum = ?3 WHERE id = ?1`
	useKeySQL    = `UPDATE keys SET used = ?3 WHERE company = ?1 AND id = ?2 AND coalesce(used < ?3, true)`

	keysSQL = `SELECT id, name, kind, (SELECT name FROM companies AS c WHERE c.company = keys.company),
		scopes, digest, created, expires, revoked, used, checksum FROM keys`
	allKeysSQL = keysSQL + ` ORDER BY id`
	findKeySQL = keysSQL + ` WHERE company = ? AND id = ?`
)

// AddKey keeps a new key.
func (s *Store) AddKey(ctx context.Context, key callvault.Key) error {
	return callvault.Doing(s.write(ctx, func(c *conn) error { return s.addKey(c, key) }), "add key %s", key.ID)
}

func (s *Store) addKey(c *conn, key callvault.Key) error {
	of, _, err := s.makeCompany(c, key.Company)
	if err != nil {
		return err
	}
	if err := c.drawKeysVersion(); err != nil {
		return err
	}
	return c.run(addKeySQL, key.Columns(of.id)...)
}

// RevokeKey marks a key as revoked.
func (s *Store) RevokeKey(ctx context.Context, company, id string, at time.Time) error {
	err := s.write(ctx, func(c *conn) error {
		of, _, err := s.companyOf(c, company)
		if err != nil {
			return err
		}
		found, err := c.keys(findKeySQL, of.id, id)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return callvault.ErrNotFound
		}
		key := found[0]
		if !key.Revoked.IsZero() {
			return nil
		}
		if err := c.drawKeysVersion(); err != nil {
			return err
		}
		key.Revoked = callvault.FloorTime(at).UTC()
		return c.run(revokeKeySQL, id, at.UnixMicro(), key.Checksum())
	})
	return callvault.Doing(err, "revoke key %s of company %q", id, company)
}

// UseKey remembers the day on which a key was used.
func (s *Store) UseKey(ctx context.Context, name, id string, at time.Time) error {
	err := s.writeIn(ctx, name, func(c *conn, of company) error {
		return c.run(useKeySQL, of.id, id, callvault.DayOf(at))
	})
	return callvault.Doing(err, "remember the use of key %s of company %q", id, name)
}

// drawKeysVersion is part of every change of keys.
func (c *conn) drawKeysVersion() error {
	version := callvault.NewKeysVersion()
	return c.run(setKeysVersionSQL, version[:])
}

// Keys returns all keys, unless the caller knows their version.
func (s view) Keys(ctx context.Context, known callvault.KeysVersion) (keys []callvault.Key, latest callvault.KeysVersion, err error) {
	err = s.read(ctx, func(c *conn) error {
		if err := s.store.held.checkWithin(c); err != nil {
			return err
		}
		err := c.each(func(st *stmt) error {
			st.ColumnBytes(0, latest[:])
			return nil
		}, keysVersionSQL)
		if err != nil || latest == known {
			return err
		}
		keys, err = c.keys(allKeysSQL)
		return err
	})
	if err != nil {
		return nil, callvault.KeysVersion{}, fmt.Errorf("read keys: %w", err)
	}
	return keys, latest, nil
}

// keys are the verified keys of a query, which selects what keysSQL does.
func (c *conn) keys(query string, args ...any) (keys []callvault.Key, err error) {
	err = c.each(func(st *stmt) error {
		key := readKey(st)
		keys = append(keys, key)
		return key.Verify(st.ColumnInt64(keyChecksum))
	}, query, args...)
	return keys, err
}

func (c *conn) damagedKeys() (damaged []*callvault.DamageError, err error) {
	err = c.each(func(st *stmt) error {
		key := readKey(st)
		if damage := (*callvault.DamageError)(nil); errors.As(key.Verify(st.ColumnInt64(keyChecksum)), &damage) {
			damaged = append(damaged, damage)
		}
		return nil
	}, allKeysSQL)
	return damaged, err
}

// keyChecksum is the column of a key's checksum in keysSQL.
const keyChecksum = 10

func readKey(st *stmt) callvault.Key {
	key := callvault.Key{
		ID:      st.ColumnText(0),
		Name:    st.ColumnText(1),
		Kind:    callvault.KeyKind(st.ColumnText(2)),
		Company: st.ColumnText(3),
		Scopes:  callvault.SplitScopes(st.ColumnText(4)),
	}
	st.ColumnBytes(5, key.Digest[:])
	key.SetTimes(st.ColumnInt64(6), optional(st, 7), optional(st, 8), optional(st, 9))
	return key
}

// optional is an integer that may be NULL.
func optional(st *stmt, i int) *int64 {
	if st.ColumnIsNull(i) {
		return nil
	}
	return new(st.ColumnInt64(i))
}

// CursorSecret is the secret that cursors are signed with.
func (s view) CursorSecret(ctx context.Context) (secret []byte, err error) {
	err = s.read(ctx, func(c *conn) error {
		return c.each(func(st *stmt) error {
			secret = append([]byte(nil), c.column(st, 0)...)
			return nil
		}, cursorSecretSQL)
	})
	return secret, callvault.Doing(err, "read the cursor secret")
}
