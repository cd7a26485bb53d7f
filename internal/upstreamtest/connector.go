package upstreamtest

import (
	"context"
	"errors"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// Connector is the usual client of the API: each time it runs it lists the calls of the last
// days, keeps what it lists, and removes nothing.
type Connector struct {
	Client *gong.Client
	Back   time.Duration // how far back it lists; usually 7 days
	Ledger *Ledger
}

// Run lists once, to the page without a cursor, whatever the total says. An error ends it.
func (c *Connector) Run(ctx context.Context, now time.Time) error {
	for call, err := range c.Client.Calls(ctx, gong.ListCallsQuery{From: now.Add(-c.Back), To: now}) {
		if short := (*gong.ShortError)(nil); errors.As(err, &short) && short.Err == nil {
			return nil
		}
		if err != nil {
			return err
		}
		id, err := callvault.ParseID(call.ID)
		if err != nil {
			return err
		}
		c.Ledger.Has(id, call.AppendJSON(nil), now)
	}
	return nil
}
