package auth

import (
	"context"
	"math"
	"time"
)

const (
	day = 24 * time.Hour

	// useAgain is the pause after the store failed to keep a use: an import may hold the
	// store, or its disk may be full.
	useAgain = time.Minute
)

// remember stores the day of a key's use, once a day. It neither delays nor fails the
// request; if the store fails, a later request tries again.
func (k *Keyring) remember(key *known, now time.Time) {
	next := key.use.Load()
	if now.Unix() < next || !key.use.CompareAndSwap(next, math.MaxInt64) {
		return
	}
	go func() {
		k.using <- struct{}{} // one at a time: requests need the store more
		defer func() { <-k.using }()
		ctx, cancel := context.WithTimeout(context.Background(), storeWithin)
		defer cancel()
		again := now.Truncate(day).Add(day) // midnight, UTC
		if k.store.UseKey(ctx, key.Company, key.ID, now) != nil {
			again = k.now().Add(useAgain)
		}
		key.use.Store(again.Unix())
	}()
}
