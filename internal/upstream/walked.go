package upstream

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/screen"
)

// Walked counts what a walk has visited, even if it failed.
type Walked struct {
	Total   int            // calls that were counted when it began; 0 where nobody knows
	Met     int            // calls that were visited
	Last    callvault.Time // the time of the last of them
	Skipped int            // calls that break the contract
	Missing int            // calls that a server counted but did not list, in a whole walk

	Kind callvault.Kind // if they are no calls
}

// Came is what came of the walk, for those who have one.
func (w Walked) Came() Walked { return w }

// Count is how many were visited, in words.
func (w Walked) Count() string { return screen.Count(w.Met, w.Kind.One()) }

// String is the number of calls of a whole list. A server may have counted more.
func (w Walked) String() string {
	text := w.Count()
	switch {
	case w.Missing > 0 && w.Total == 0: // of a search
		text += fmt.Sprintf(" (the server listed %s fewer than it counted)", screen.Number(w.Missing))
	case w.Missing > 0:
		text = fmt.Sprintf("%s of %s (all that the server listed)", screen.Number(w.Met), screen.Count(w.Total, "call"))
	case w.Met == 0 && w.Skipped == 0:
		text = "no " + w.Kind.One() + "s"
	}
	if w.Skipped > 0 {
		text += fmt.Sprintf(", %s skipped", screen.Number(w.Skipped))
	}
	return text
}

// EndedEarly is the error of a walk that ended early: why, how many calls came, where they
// are (empty if they are nowhere), and with which --from to go on.
func (w Walked) EndedEarly(cause error, where string, zone *time.Location) error {
	why := Text(cause)
	if short := (*gong.ShortError)(nil); errors.As(cause, &short) {
		why = fmt.Sprintf("the server's list ended early (%s)", short.Reason)
	}
	if w.Met == 0 || where == "" {
		return fmt.Errorf("%s; nothing was written", why)
	}
	count := w.Count()
	if w.Kind != "" {
		return fmt.Errorf("%s: %s are %s", why, count, where)
	}
	if w.Total > 0 {
		count = fmt.Sprintf("%s of %s", screen.Number(w.Met), screen.Count(max(w.Total, w.Met), "call"))
	}
	return fmt.Errorf("%s: %s are %s; go on with --from %s", why, count, where, w.Last.UTC().In(zone).Format(time.RFC3339Nano))
}

// pageNotFound is what the web page of callvault answers to a request of the API.
const pageNotFound = "Page not found."

// Text is an error of a source in the words of the command line, on one line.
func Text(err error) string {
	if refusal := (*gong.Error)(nil); errors.As(err, &refusal) && slices.Contains(refusal.Errors, pageNotFound) {
		return "this is the address of the web page; use that of the API, which callvault serve prints"
	}
	return screen.Clean(strings.ReplaceAll(strings.TrimPrefix(err.Error(), "gong: "), "the base URL", "--url"))
}
