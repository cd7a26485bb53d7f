package status

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/callvault/callvault/internal/mirror"
	"github.com/callvault/callvault/internal/screen"
)

// Line is a line of a status. It may be about a part of a whole, which gets a bar.
type Line struct {
	Name  string `json:"name"` // the same as of the line before if it is empty
	Text  string `json:"text"`
	Part  int    `json:"part"`
	Whole int    `json:"whole"` // 0 if it is about no part
}

// lines tell an operator everything except which process runs the mirror. Times are those of the
// status's zone.
func lines(s *mirror.Status) []Line {
	lines := []Line{{Name: "connected", Text: connected(s)}, {Name: "calls", Text: calls(s)}}
	if s.Own > 0 {
		lines = append(lines, Line{Text: own(s.Own) + "; keep or delete them: callvault mirror accept" + s.Arguments + " --own keep"})
	}
	lines = append(lines, Line{Name: "newest call", Text: newest(s)})
	for _, window := range s.Windows {
		lines = append(lines, Line{Name: window.Name + " window", Text: windowText(window)})
	}
	lines = append(lines, backfill(s))
	for i := range s.Rounds {
		lines = append(lines, roundLine(&s.Rounds[i]))
	}
	if s.Suggest > 0 {
		lines = append(lines, Line{Text: fmt.Sprintf("--daily %d would make the old round 20 d", s.Suggest)})
	}
	if s.Hurry > 1 {
		lines = append(lines, Line{Text: fmt.Sprintf("--hurry %d divides every period", s.Hurry)})
	}
	lines = append(lines, requests(s), Line{Text: purposes(s.Requests.Purposes)}, Line{Text: slowed(s)}, Line{Name: "late", Text: late(s.Late)}, Line{Name: "held", Text: held(s.Held)})
	if s.Held != nil {
		lines = append(lines, Line{Text: "released " + s.Held.Release})
	}
	for _, kind := range slices.Sorted(maps.Keys(s.Notes)) {
		lines = append(lines, Line{Name: kind, Text: "not read: " + screen.Clean(s.Notes[kind])})
	}
	return slices.DeleteFunc(lines, func(l Line) bool { return l.Text == "" })
}

func connected(s *mirror.Status) string {
	text := "yes"
	if !s.Connected {
		text = "no"
	}
	switch {
	case s.Reason == nil:
		return text
	case s.Connected:
		text += ", but "
	default:
		text += ": "
	}
	return text + screen.Clean(*s.Reason)
}

func calls(s *mirror.Status) string {
	text := fmt.Sprintf("%s here, %s upstream", screen.Number(s.Calls), screen.Number(s.Upstream))
	if s.Excess > 0 {
		text += fmt.Sprintf(", of which %s not listed yet", screen.Number(s.Excess))
	}
	if s.Absent > 0 {
		text += fmt.Sprintf("; %s no longer listed, about to be looked up by id", screen.Number(s.Absent))
	}
	return text
}

// slowed says what the upstream has asked for.
func slowed(s *mirror.Status) string {
	var parts []string
	if until := s.Requests.Paused; !until.IsZero() {
		parts = append(parts, "none until "+at(s, until)+", as the upstream asked")
	}
	if until := s.Requests.Halved; !until.IsZero() {
		parts = append(parts, "half of the pace and the budget until "+at(s, until)+", because others use the account")
	}
	return strings.Join(parts, "; ")
}

func newest(s *mirror.Status) string {
	if s.Newest == nil {
		return "none"
	}
	text := at(s, *s.Newest)
	if past := s.Now.Sub(*s.Newest); past > 0 {
		text += ", " + length(mirror.Seconds(past)) + " ago"
	}
	return text
}

// at is a time by the clock of the zone.
func at(s *mirror.Status, t time.Time) string { return t.In(s.Now.Location()).Format(time.RFC3339) }

func windowText(w mirror.Window) string {
	text := "not read yet"
	if w.Age != nil {
		text = "read whole " + length(*w.Age) + " ago"
	}
	if w.Last != nil {
		text = "looked at " + length(*w.Last) + " ago, " + text
	}
	return text + ", every " + length(w.Period)
}

func backfill(s *mirror.Status) Line {
	line := Line{Name: "backfill"}
	switch b := &s.Backfill; {
	case b.Done:
		line.Text = "done"
	case b.From == nil:
		line.Text = "not begun"
	default:
		line.Part, line.Whole = part(b.Calls, b.Total)
		line.Text = line.percent() + ", back to " + at(s, *b.From) + left(b.Left)
	}
	return line
}

func roundLine(r *mirror.Round) Line {
	line := Line{Name: r.Name + " round"}
	if r.Began == nil {
		line.Text = "not begun, every " + length(r.Period)
		return line
	}
	line.Part, line.Whole = part(r.Pages, r.Total)
	line.Text = line.percent() + " of " + screen.Count(r.Total, "page")
	if r.Running {
		line.Text += left(r.Left)
	}
	line.Text += ", every " + length(r.Period)
	return line
}

// part is a part of a whole, all of it where there is nothing.
func part(some, whole int) (int, int) {
	if whole <= 0 {
		return 1, 1
	}
	return min(some, whole), whole
}

func (l Line) percent() string { return fmt.Sprintf("%d %%", l.Part*100/max(1, l.Whole)) }

// ratio is 0 where nothing has begun.
func (l Line) ratio() float64 { return float64(l.Part) / float64(max(1, l.Whole)) }

func left(d *mirror.Seconds) string {
	if d == nil || time.Duration(*d) < time.Second {
		return ""
	}
	return ", " + length(*d) + " left"
}

func requests(s *mirror.Status) Line {
	used, limit := s.Requests.Used, s.Requests.Limit
	line := Line{Name: "requests", Text: fmt.Sprintf("%s of %s in the last 24 hours", screen.Number(used), screen.Number(limit))}
	if limit > 0 {
		line.Part, line.Whole = part(used, limit)
	}
	return line
}

// purposes are what requests were for, the most first.
func purposes(counts map[string]int) string {
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		if counts[a] != counts[b] {
			return counts[b] - counts[a]
		}
		return strings.Compare(a, b)
	})
	var parts []string
	for _, name := range names {
		if counts[name] > 0 {
			parts = append(parts, name+" "+screen.Number(counts[name]))
		}
	}
	return strings.Join(parts, ", ")
}

func late(l mirror.Late) string {
	if l.Median == nil {
		return "not known yet"
	}
	return fmt.Sprintf("half come within %s of their start, 95 %% within %s, the latest after %s, in the last 30 days", length(*l.Median), length(*l.P95), length(*l.Worst))
}

func held(h *mirror.Held) string {
	if h == nil {
		return "nothing"
	}
	return screen.Count(h.Calls, "call") + ": " + h.Reason
}

// length is a length of time in its two largest units.
func length(s mirror.Seconds) string {
	seconds := int64(time.Duration(s).Round(time.Second) / time.Second)
	units := []struct {
		name string
		size int64
	}{{"y", 365 * 24 * 60 * 60}, {"d", 24 * 60 * 60}, {"h", 60 * 60}, {"min", 60}, {"s", 1}}
	for i, unit := range units {
		if seconds < unit.size {
			continue
		}
		text := fmt.Sprintf("%d %s", seconds/unit.size, unit.name)
		if i+1 < len(units) {
			if rest := seconds % unit.size / units[i+1].size; rest > 0 {
				text += fmt.Sprintf(" %d %s", rest, units[i+1].name)
			}
		}
		return text
	}
	return "0 s"
}

// about is a length of time in its largest unit.
func about(s mirror.Seconds) string {
	words := strings.Fields(length(s))
	return words[0] + " " + words[1]
}
