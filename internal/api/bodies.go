package api

import (
	"runtime"

	"github.com/callvault/callvault/internal/web"
)

const (
	// maxHeld is how many bytes of pages may wait for their clients before no further
	// page is read, and heldPart the part of a small memory, such as a container's. A page
	// of usual calls fits the buffers of its connection: this is for clients that do not read.
	maxHeld  = 64 << 20
	heldPart = 8

	// Pages read at once: two to a processor within these bounds. Their size is known
	// only when they have been read.
	leastBuilders = 4
	mostBuilders  = 16
)

// newBodies makes the turns in which pages are read. No more are read at once than the
// store has connections, because requests wait for a connection without turns.
func newBodies(memory int64, connections int) *web.Turns {
	held := int(min(maxHeld, memory/heldPart))
	return web.NewTurns(buildersWithin(held, connections), held)
}

func buildersWithin(held, connections int) int {
	n := max(2*runtime.GOMAXPROCS(0), leastBuilders)
	return max(1, min(n, mostBuilders, held/(maxHeld/mostBuilders), connections))
}
