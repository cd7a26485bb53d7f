package mirror

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/callvault/callvault"
)

// The orders of an operator.
const (
	acceptKey = callvault.OrderPrefix + "accept"
	ownKey    = callvault.OrderPrefix + "own"
)

// Own says what becomes of the calls that were here before the mirror.
type Own string

// What becomes of them: they stay beside what the upstream lists, or they are deleted.
const (
	KeepOwn   Own = "keep"
	DeleteOwn Own = "delete"
)

func order(ctx context.Context, state callvault.MirrorState, key string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return state.Order(ctx, key, text)
}

// obey does what an operator ordered.
func (m *Mirror) obey(ctx context.Context) error {
	orders := make(map[string][]byte)
	err := m.state.Values(ctx, callvault.OrderPrefix, func(key string, value []byte) error {
		orders[key] = slices.Clone(value)
		return nil
	})
	if err != nil || len(orders) == 0 {
		return err
	}
	for key, value := range orders {
		switch key {
		case acceptKey:
			var seen hold
			if json.Unmarshal(value, &seen) == nil {
				m.accept(seen)
			}
		case ownKey:
			var own Own
			if json.Unmarshal(value, &own) == nil {
				err = m.acceptOwn(ctx, own)
			}
		}
		if err != nil {
			return err
		}
		m.forget(key) // when it is done, because it may take many commits
	}
	return m.commit(ctx)
}

// accept ends the hold that an operator has seen.
func (m *Mirror) accept(seen hold) {
	switch h := m.held; {
	case h == nil:
		return
	case h.Reason != seen.Reason || h.Calls > seen.Calls:
		m.log.Warn("more is held back now than was accepted", "reason", h.shown("").Reason, "calls", h.Calls, "accepted", seen.Calls)
		return
	case h.Reason == heldRetention:
		m.accepted.Horizon = h.Until
	case h.Reason == heldEmpty:
		m.accepted.Empty = true
	default:
		m.accepted.Calls = h.Calls
	}
	m.keep("accepted", m.accepted)
	m.release("an operator accepted it")
	m.head.At = time.Time{} // to see what is to go
}

// acceptOwn keeps or deletes the calls that were here before the mirror and that the upstream
// has not listed.
func (m *Mirror) acceptOwn(ctx context.Context, own Own) error {
	var ids []callvault.ID
	err := m.state.Apart(ctx, callvault.Own, func(a callvault.Apart) error {
		ids = append(ids, a.ID)
		return nil
	})
	if err != nil {
		return err
	}
	for part := range slices.Chunk(ids, removeAtOnce) {
		if own == DeleteOwn {
			m.draft.remove = part
		} else {
			m.draft.keep = part
		}
		m.says("decided about calls that were here before the mirror")
		if err := m.commit(ctx); err != nil {
			return err
		}
	}
	return nil
}
