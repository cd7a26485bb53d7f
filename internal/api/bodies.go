package api

import (
	"runtime"

	"github.com/callvault/callvault/internal/web"
)

const (
	// maxHeld is how many bytes of pages may wait for their clients to take them
	// before no further page is read; those that are being read then come on top. A
	// page of usual calls fits the buffers of its connection and waits for nobody;
	// this is for pages of large documents and clients that do not read.
	maxHeld = 64 << 20

	// heldPart is which part of a small memory, such as a container's, they may have.
	heldPart = 8

	// Pages that are read at once, two to a processor within these bounds: what
	// they will weigh is known only when they have been read.
	leastBuilders = 4
	mostBuilders  = 16

	// builderShare is the room that allows one more page to be read at once.
	builderShare = maxHeld / mostBuilders
)

// heldWithin is how many bytes of pages a process may hold that has so many bytes of
// memory.
func heldWithin(memory int64) int { return int(min(maxHeld, memory/heldPart)) }

// newBodies makes places for the pages of a store with so many connections: who waits
// for one of those waits in no turn, so no more pages are read at once than it has.
func newBodies(limit, connections int) *web.Turns {
	return web.NewTurns(buildersWithin(limit, connections), limit)
}

func buildersWithin(limit, connections int) int {
	n := min(max(2*runtime.GOMAXPROCS(0), leastBuilders), mostBuilders, limit/builderShare)
	return max(1, min(n, connections))
}
