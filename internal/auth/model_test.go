package auth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/callvault/callvault"
)

// noon is when every test begins.
var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// room is a Keyring on a model with one key, "KEY", whose secret is "hush", and a clock
// that is moved by hand.
type room struct {
	*Keyring
	store *model
	clock *clock
}

func newRoom(t *testing.T) *room {
	r := &room{store: &model{}, clock: &clock{now: noon}}
	r.store.AddKey(t.Context(), testKey("KEY"))
	r.Keyring = New(r.store, r.clock.Now)
	return r
}

// testKey is a basic key of acme's with the secret "hush".
func testKey(id string) callvault.Key {
	return callvault.Key{ID: id, Kind: callvault.BasicKey, Company: "acme", Digest: sha256.Sum256([]byte("hush")), Created: noon}
}

// ask presents a key with the secret "hush".
func (r *room) ask(ctx context.Context, id string) (*callvault.Key, error) {
	return r.Authenticate(ctx, []string{"Basic " + base64.StdEncoding.EncodeToString([]byte(id+":hush"))})
}

// want holds what a key that is presented comes to. Nil is a way in.
func (r *room) want(t *testing.T, id string, want error) {
	t.Helper()
	key, err := r.ask(t.Context(), id)
	if !errors.Is(err, want) || err == nil && key.ID != id {
		t.Errorf("%s: got %v, %v, want %v", id, key, err, want)
	}
}

// clock is an instant that is moved by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

type keysRole = interface{ callvault.Keys }

// model is the keys of a store, too simple to be wrong.
type model struct {
	keysRole // nil: what is not asked panics

	mu      sync.Mutex
	keys    []callvault.Key
	version callvault.KeysVersion
	failure error                 // what reads return, unless nil
	stall   func(context.Context) // called at the beginning of a read, unless nil
	reads   int
	uses    []string                    // that were kept
	use     func(context.Context) error // in place of keeping a use, unless nil
}

func (m *model) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failure = err
}

func (m *model) AddKey(_ context.Context, key callvault.Key) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.keys, m.version = append(m.keys, key), callvault.NewKeysVersion()
	return nil
}

// revoke revokes every key.
func (m *model) revoke() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.version = callvault.NewKeysVersion()
	for i := range m.keys {
		m.keys[i].Revoked = noon
	}
}

// moment is the keys as they are now; backTo makes them so again, as a restore of
// the store does.
func (m *model) moment() (backTo func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	keys, version := slices.Clone(m.keys), m.version
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.keys, m.version = slices.Clone(keys), version
	}
}

// stalled makes reads wait for the returned function.
func (m *model) stalled() (goOn func()) {
	gate := make(chan struct{})
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stall = func(ctx context.Context) {
		select {
		case <-gate:
		case <-ctx.Done():
		}
	}
	return func() { close(gate) }
}

func (m *model) Keys(ctx context.Context, known callvault.KeysVersion) ([]callvault.Key, callvault.KeysVersion, error) {
	m.mu.Lock()
	m.reads++
	stall := m.stall
	m.mu.Unlock()
	if stall != nil {
		stall(ctx)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.failure; err != nil {
		return nil, callvault.KeysVersion{}, err
	}
	if known == m.version {
		return nil, m.version, ctx.Err()
	}
	return slices.Clone(m.keys), m.version, ctx.Err()
}
