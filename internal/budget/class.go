// Package budget decides when a mirror may send a request. It keeps the pace and the limit of
// any 24 hours through restarts, lets what can wait wait, and obeys refusals.
package budget

import "fmt"

// Class is what a request is for. Their order is that of the ladder: a request of an earlier
// class may still be sent when one of a later class no longer may.
type Class int

// The classes of requests.
const (
	Hot    Class = iota // the last hours
	Head                // the grand total, the horizon, and totals before a deletion
	ByID                // calls that were not listed
	Bisect              // totals that differ, and polls of known excess
	Warm                // the last days
	Young               // the rounds of the sweep
	Mid
	People       // users and workspaces
	Old          // the slow round of the sweep
	Backfill     // history that was never read
	classes  int = iota
)

// classNames are the purposes in the status, in metrics and in what is persisted.
var classNames = [classes]string{"hot", "head", "by-id", "bisect", "warm", "young", "mid", "people", "old", "backfill"}

// String is the name of the purpose.
func (c Class) String() string {
	if c < 0 || int(c) >= classes {
		return fmt.Sprintf("class %d", int(c))
	}
	return classNames[c]
}
