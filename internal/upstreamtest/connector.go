package upstreamtest

import (
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// Connector is the usual client of the API: each time it runs it lists the calls of the last
// days, keeps what it lists, and removes nothing. It lists the world without HTTP, because it
// lists most calls hundreds of times.
type Connector struct {
	Server *Server
	Back   time.Duration // how far back it lists; usually 7 days
	Ledger *Ledger
}

// Run lists once, and returns how many requests that takes.
func (c *Connector) Run(now time.Time) (requests int) {
	world := c.Server.World
	world.Advance(now)
	q := callvault.Query{Range: callvault.Range{From: callvault.FloorTime(now.Add(-c.Back)), To: callvault.FloorTime(now)}}
	calls := 0
	_ = world.Scan(q, q.Start(), -1, func(call callvault.Call) error {
		calls++
		c.Ledger.Has(call.ID, call.Document, now)
		return nil
	})
	return max(1, (calls+gong.PageSize-1)/gong.PageSize)
}
