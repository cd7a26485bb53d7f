// Package doctor finds what keeps a callvault from working and says what to do.
//
// Each check looks at one thing and returns findings; it changes nothing. What only an
// engine knows of itself comes from the caller.
package doctor

import (
	"fmt"
	"strings"
)

// Status is how something is.
type Status string

// A warning works now, but perhaps not for long or not for everybody.
const (
	OK      Status = "ok"
	Warning Status = "warning"
	Wrong   Status = "wrong"
)

// Finding is how one thing is, and what to do about it.
type Finding struct {
	Check  string `json:"check"` // what was looked at, in one word
	Status Status `json:"status"`
	What   string `json:"what"`
	Do     string `json:"do,omitempty"` // empty if there is nothing to do
}

// String is the finding in one line.
func (f Finding) String() string {
	what := strings.Join(strings.Fields(f.What), " ")
	if f.Do != "" {
		what += "; " + f.Do
	}
	return fmt.Sprintf("%-8s %-8s %s", f.Status, f.Check, what)
}

// Unopened is why a store can't be opened. The advice is of its engine, and may be empty.
func Unopened(err error, advice string) Finding {
	what, do, advised := strings.Cut(err.Error(), "; ")
	switch {
	case advice != "":
		what, do = err.Error(), advice
	case !advised:
		do = "run this as the user of serve, name another store with --db, or restore a backup: callvault restore FILE"
	}
	return Finding{"store", Wrong, what, do}
}
