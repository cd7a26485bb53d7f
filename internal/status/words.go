package status

import (
	"fmt"
	"strings"
	"time"

	"github.com/callvault/callvault/internal/mirror"
	"github.com/callvault/callvault/internal/screen"
)

// Outcome says how a company's mirror stands that did all that was due, in lines.
func Outcome(o mirror.Outcome, company string, now time.Time) string {
	text := "all that was due is done"
	if !o.Backfilled {
		text = "the backfill is not done yet"
	}
	if wait := o.Next.Sub(now); wait < time.Second {
		text += "; more is due by now"
	} else {
		text += "; more is due in " + length(mirror.Seconds(wait)) + ", at " + o.Next.UTC().Truncate(time.Second).Format(time.RFC3339)
	}
	if o.Held != nil {
		text += "\non hold: " + held(o.Held) + "\nreleased " + o.Held.Release + companyFlag(company)
	}
	return text
}

// Decision says what an operator decides about, and asks.
func Decision(d mirror.Decision) (what, question string) {
	calls := screen.Count(d.Calls, "call")
	if d.Held == nil {
		what = calls + " from before the mirror, which the upstream does not list"
		question = "Keep them beside those that it lists?"
		if d.Own == mirror.DeleteOwn {
			question = "Delete them for good?"
		}
	} else {
		what = held(d.Held)
		question = fmt.Sprintf("Let the mirror delete up to %s?", calls)
	}
	return what + months(d), question
}

// months names the months of calls.
func months(d mirror.Decision) string {
	var parts []string
	known := 0
	for _, month := range d.Months {
		known += month.Calls
		parts = append(parts, month.Name+" "+screen.Number(month.Calls))
	}
	switch {
	case known == 0:
		return "; which months they are of is not known: the upstream only counts them"
	case known < d.Calls:
		parts = append(parts, "others "+screen.Number(d.Calls-known))
	}
	return "; by month: " + strings.Join(parts, ", ")
}
