package mirror

import (
	"context"
	"time"
)

// allowance is what the rules need of the budget. All waits are by the machine's clock.
type allowance interface {
	// Wait is how long it takes until a request of a class may be sent, 0 if it may be sent
	// now. It changes nothing and reads no store, so that the rules can ask for each class. It
	// looks at what the class has saved, too: the rules ask before they begin a walk or read
	// a page of a round.
	Wait(class Class) time.Duration

	// Reserve counts one request of a class in the store, before it is sent. If the wait is
	// not 0, nothing was counted, and the request must not be sent before that. It does not
	// look at what the class has saved, so that a walk that has begun comes to its end before
	// its cursor expires.
	Reserve(ctx context.Context, class Class) (wait time.Duration, err error)

	// Heard tells how a request that was reserved ended: nil, or the error that it got. It
	// obeys a 429 and a Retry-After, and keeps them in the store.
	Heard(ctx context.Context, class Class, err error) error
}

var _ allowance = (*Budget)(nil)
