package doctor

import (
	"fmt"
	"time"

	"github.com/callvault/callvault"
)

// What clocks may differ by. Processes on one store agree on when a key expires and
// when a day begins as far as their clocks do.
const (
	apartALittle = 2 * time.Second
	apartFar     = time.Minute
)

// madeIn is a year before which no clock that is right has been since this was
// written.
const madeIn = 2026

// Clock tells whether this machine's clock can be right: it is not before what it
// has written itself. Calls say nothing of it, since they are scheduled ahead.
func Clock(now time.Time, keys []callvault.Key, written time.Time) Finding {
	latest, of := written, "the store's file was written"
	for i := range keys {
		if keys[i].Created.After(latest) {
			latest, of = keys[i].Created, "the key "+keys[i].ID+" was made"
		}
	}
	shown := now.UTC().Format(time.RFC3339)
	const set = "set the clock, and keep it right with NTP"
	switch {
	case now.Year() < madeIn:
		return Finding{"clock", Wrong, "this machine's clock says " + shown, set}
	case latest.Sub(now) > apartFar:
		return Finding{"clock", Wrong, fmt.Sprintf("this machine's clock says %s, which is before %s, at %s", shown, of, latest.UTC().Format(time.RFC3339)), set}
	}
	return Finding{"clock", OK, shown, ""}
}

// Clocks tells how far a database server's clock is ahead of this machine's, which
// is known to half of the time that asking took.
func Clocks(ahead, asking time.Duration) Finding {
	apart := ahead.Abs().Round(time.Millisecond)
	if sure := ahead.Abs() - asking/2; sure < apartALittle {
		return Finding{"clocks", OK, fmt.Sprintf("the server's and this machine's are at most %v apart", (ahead.Abs() + asking/2).Round(time.Millisecond)), ""}
	}
	f := Finding{"clocks", Warning, fmt.Sprintf("the server's is %v ahead of this machine's", apart), "keep both right with NTP: limits, and the ends of keys and cursors, are told from them"}
	if ahead < 0 {
		f.What = fmt.Sprintf("the server's is %v behind this machine's", apart)
	}
	if apart >= apartFar {
		f.Status = Wrong
	}
	return f
}
