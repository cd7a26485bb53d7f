package doctor

import (
	"fmt"
	"time"

	"github.com/callvault/callvault"
)

// What clocks may differ by. Keys and limits are only as exact.
const (
	apartALittle = 2 * time.Second
	apartFar     = time.Minute
)

// Clock tells whether this machine's clock can be right: it must not be before what it
// has written. Calls say nothing about it, because they are scheduled ahead.
func Clock(now time.Time, keys []callvault.Key, written time.Time) Finding {
	latest, of := written, "the store's file was written"
	for i := range keys {
		if keys[i].Created.After(latest) {
			latest, of = keys[i].Created, "the key "+keys[i].ID+" was made"
		}
	}
	shown := now.UTC().Format(time.RFC3339)
	if latest.Sub(now) > apartFar {
		return Finding{"clock", Wrong, fmt.Sprintf("the clock of this machine shows %s, but %s at %s", shown, of, latest.UTC().Format(time.RFC3339)), "set the clock, and use NTP"}
	}
	return Finding{"clock", OK, shown, ""}
}

// Clocks tells how far a database server's clock is ahead of this machine's. That is
// known to half of the time that asking took.
func Clocks(ahead, asking time.Duration) Finding {
	apart := ahead.Abs().Round(time.Millisecond)
	if ahead.Abs()-asking/2 < apartALittle {
		return Finding{"clocks", OK, fmt.Sprintf("the clocks of the server and this machine differ by at most %v", (ahead.Abs() + asking/2).Round(time.Millisecond)), ""}
	}
	f := Finding{"clocks", Warning, fmt.Sprintf("the server's clock is %v ahead of this machine's", apart), "use NTP on both: limits, keys and cursors depend on them"}
	if ahead < 0 {
		f.What = fmt.Sprintf("the server's clock is %v behind this machine's", apart)
	}
	if apart >= apartFar {
		f.Status = Wrong
	}
	return f
}
