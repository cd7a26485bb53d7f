package api

import "context"

// gate is a mutex that one can stop waiting for.
type gate chan struct{}

func newGate() gate { return make(gate, 1) }

// enter waits for the gate. It returns an error, and has not entered, when the
// context is done first.
func (g gate) enter(ctx context.Context) error {
	if g.tryEnter() {
		return nil
	}
	select {
	case g <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// tryEnter enters if nobody else is in.
func (g gate) tryEnter() bool {
	select {
	case g <- struct{}{}:
		return true
	default:
		return false
	}
}

func (g gate) leave() { <-g }
