// Package status shows people and machines how a company's mirror stands: as lines of text, on
// the page, as metrics, and in the words of commands. A mirror.Status is the one value that all
// of them come from, and its JSON.
package status

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/callvault/callvault/internal/mirror"
	"github.com/callvault/callvault/internal/screen"
)

// State is how a mirror stands, in a word.
type State string

// The states of a mirror.
const (
	Current State = "current"
	Busy    State = "busy"    // it has not read all of history yet, or the last hours are read seldom
	Trouble State = "trouble" // an operator should look
)

const (
	fresh = 15 * time.Minute // since the last look at the hot window
	grace = 15 * time.Minute // that a look may come later than usual
)

// Shown is a mirror as the page shows it.
type Shown struct {
	State    State  `json:"state"`
	Headline string `json:"headline"`
	Lines    []Line `json:"lines"`
}

// Show is what the page shows of a status.
func Show(s *mirror.Status) Shown {
	state, text := summary(s)
	_, host, _ := strings.Cut(s.URL, "://")
	return Shown{state, "Mirror of " + screen.Clean(host) + ": " + text, lines(s)}
}

// summary says in one line how the mirror stands, first what matters most.
func summary(s *mirror.Status) (State, string) {
	reason := mirror.NothingRead
	if s.Reason != nil {
		reason, _, _ = strings.Cut(screen.Clean(*s.Reason), "; ") // the lines say what to do
	}
	last := s.Windows[0].Last
	isOverdue := last != nil && time.Duration(*last) > 2*time.Duration(s.Windows[0].Period)+grace
	switch {
	case last == nil && reason == mirror.NothingRead:
		return Busy, reason
	case !s.Connected:
		return Trouble, "not connected: " + reason
	case s.Reason != nil:
		return Trouble, reason
	case isOverdue && s.Holder == "":
		return Trouble, "no process keeps it, last read " + about(*last) + " ago"
	case isOverdue:
		return Trouble, "overdue, last read " + about(*last) + " ago"
	case s.Held != nil:
		return Trouble, "on hold: " + screen.Count(s.Held.Calls, "call") + " not deleted"
	case !s.Backfill.Done:
		return Busy, "backfill " + backfill(s).percent() + left(s.Backfill.Left)
	}
	state, text := Current, "current"
	if time.Duration(*last) > fresh {
		state, text = Busy, "last read "+about(*last)+" ago"
	}
	if s.Newest != nil && s.Newest.Before(s.Now) {
		text += ", newest call " + about(mirror.Seconds(s.Now.Sub(*s.Newest))) + " ago"
	}
	return state, text
}

// Text writes a status for a terminal.
func Text(w io.Writer, s *mirror.Status) error {
	if _, err := screen.Printf(w, "company %s is a mirror of %s\n\n", s.Company, s.URL); err != nil {
		return err
	}
	const cells = 20 // of a bar
	var rows [][]string
	for _, line := range slices.Insert(lines(s), 1, Line{Name: "kept by", Text: holder(s)}) {
		text := line.Text
		if line.Whole > 0 {
			full := line.Part * cells / line.Whole
			text = strings.Repeat("█", full) + strings.Repeat("░", cells-full) + " " + text
		}
		rows = append(rows, []string{line.Name, text})
	}
	return screen.Columns(w, rows)
}

// holder is the process that keeps the company, or how to start one.
func holder(s *mirror.Status) string {
	if s.Holder == "" {
		return "no process; start one: callvault mirror --url " + s.URL + s.Arguments
	}
	return screen.Clean(s.Holder)
}

// Outcome says how a company's mirror stands that did all that was due, in lines.
func Outcome(o mirror.Outcome, now time.Time) string {
	text := "all that was due is done"
	if !o.Backfilled {
		text = "the backfill is not done yet"
	}
	if wait := o.Next.Sub(now); wait < time.Second {
		text += "; more is due now"
	} else {
		text += "; more is due in " + length(mirror.Seconds(wait)) + ", at " + o.Next.UTC().Truncate(time.Second).Format(time.RFC3339)
	}
	if o.Held != nil {
		text += "\non hold: " + held(o.Held) + "\nreleased " + o.Held.Release
	}
	return text
}

// Decision says what an operator decides about, and asks.
func Decision(d mirror.Decision) (what, question string) {
	calls := screen.Count(d.Calls, "call")
	switch {
	case d.Held != nil:
		what, question = held(d.Held), "Let the mirror delete up to "+calls+"?"
	case d.Own == mirror.DeleteOwn:
		what, question = own(d.Calls), "Delete them for good?"
	default:
		what, question = own(d.Calls), "Keep them beside those that it lists?"
	}
	return what + months(d), question
}

func own(calls int) string {
	return screen.Count(calls, "call") + " from before the mirror, which the upstream does not list"
}

// months names the months of calls. An upstream counts those that it lacks, and does not name them.
func months(d mirror.Decision) string {
	var parts []string
	known := 0
	for _, month := range d.Months {
		known += month.Calls
		parts = append(parts, month.Name+" "+screen.Number(month.Calls))
	}
	list := strings.Join(parts, ", ")
	switch {
	case known == 0:
		return "; their months are not known, because the upstream only counts calls"
	case known < d.Calls:
		return fmt.Sprintf("; by month: %s; the months of the other %s are not known, because the upstream only counts calls", list, screen.Number(d.Calls-known))
	}
	return "; by month: " + list
}
