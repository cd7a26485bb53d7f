// Package status shows people and machines how a company's mirror stands: as text, as JSON and
// as metrics.
package status

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/callvault/callvault/internal/mirror"
	"github.com/callvault/callvault/internal/screen"
)

// Text writes a status for people, by the machine's clock.
func Text(w io.Writer, company string, s *mirror.Status, now time.Time) error {
	if _, err := screen.Printf(w, "company %s is a mirror of %s\n\n", company, s.URL); err != nil {
		return err
	}
	rows := [][]string{
		{"connected", connected(s)},
		{"kept by", holder(s.Holder)},
		{"calls", calls(s)},
		{"newest call", newest(s.Newest, now)},
	}
	for _, window := range s.Windows {
		rows = append(rows, []string{window.Name + " window", age(window.Age) + ", every " + length(window.Period)})
	}
	rows = append(rows, []string{"backfill", backfill(&s.Backfill)})
	for i := range s.Rounds {
		rows = append(rows, []string{s.Rounds[i].Name + " round", round(&s.Rounds[i])})
	}
	if s.Suggest > 0 {
		rows = append(rows, []string{"", fmt.Sprintf("--daily %d would make the old round 20 days", s.Suggest)})
	}
	rows = append(rows, []string{"requests", fmt.Sprintf("%s of %s in the last 24 hours", screen.Number(s.Requests.Used), screen.Number(s.Requests.Limit))})
	if purposes := purposes(s.Requests.Purposes); purposes != "" {
		rows = append(rows, []string{"", purposes})
	}
	rows = append(rows, []string{"late", late(s.Late)}, []string{"held", held(s.Held)})
	if s.Held != nil {
		rows = append(rows, []string{"", "released " + s.Held.Release})
	}
	for _, kind := range slices.Sorted(maps.Keys(s.Notes)) {
		rows = append(rows, []string{kind, "not read: " + screen.Clean(s.Notes[kind])})
	}
	return screen.Columns(w, rows)
}

func connected(s *mirror.Status) string {
	text := "yes"
	if !s.Connected {
		text = "no"
	}
	if s.Reason != nil {
		text += ": " + screen.Clean(*s.Reason)
	}
	return text
}

// holder is the process that keeps the company, without what tells it from other processes.
func holder(name string) string {
	if name == "" {
		return "no process; start one: callvault mirror --url URL"
	}
	who, _, _ := strings.Cut(name, " since ")
	return screen.Clean(who)
}

func calls(s *mirror.Status) string {
	text := fmt.Sprintf("%s here, %s upstream", screen.Number(s.Calls), screen.Number(s.Upstream))
	if s.Excess > 0 {
		text += fmt.Sprintf("; the upstream counts %s that it does not list", screen.Count(s.Excess, "call"))
	}
	if s.Absent > 0 {
		text += fmt.Sprintf("; %s about to be asked for by id", screen.Count(s.Absent, "call"))
	}
	if s.Own > 0 {
		text += fmt.Sprintf("; %s from before the mirror: callvault mirror accept --own keep, or delete", screen.Count(s.Own, "call"))
	}
	return text
}

func newest(at *time.Time, now time.Time) string {
	if at == nil {
		return "none"
	}
	text := at.UTC().Format(time.RFC3339)
	if past := now.Sub(*at); past > 0 {
		text += ", " + length(mirror.Seconds(past)) + " ago"
	}
	return text
}

func age(age *mirror.Seconds) string {
	if age == nil {
		return "not read yet"
	}
	return "read whole " + length(*age) + " ago"
}

func backfill(b *mirror.Backfilled) string {
	switch {
	case b.Done:
		return "done"
	case b.From == nil:
		return "not begun"
	}
	return fmt.Sprintf("%s, back to %s%s", meter(b.Calls, b.Total), b.From.UTC().Format(time.RFC3339), left(b.Left))
}

func round(r *mirror.Round) string {
	if r.Began == nil {
		return "not begun, every " + length(r.Period)
	}
	text := meter(r.Pages, r.Total) + " of " + screen.Count(r.Total, "page")
	if r.Running {
		text += left(r.Left)
	}
	return text + ", every " + length(r.Period)
}

// meter is a part of a whole as a bar.
func meter(part, whole int) string {
	const cells = 20
	if whole <= 0 {
		part, whole = 1, 1
	}
	part = min(part, whole)
	full := part * cells / whole
	return strings.Repeat("█", full) + strings.Repeat("░", cells-full) + fmt.Sprintf(" %d %%", part*100/whole)
}

func left(d *mirror.Seconds) string {
	if d == nil || *d <= 0 {
		return ""
	}
	return ", " + length(*d) + " left"
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

func late(l *mirror.Late) string {
	if l == nil {
		return "not known yet"
	}
	return fmt.Sprintf("calls come %s after they happened (median), %s (95 %%), %s at worst, in the last 30 days", length(l.Median), length(l.P95), length(l.Worst))
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
	}{{"d", 24 * 60 * 60}, {"h", 60 * 60}, {"min", 60}, {"s", 1}}
	for i, unit := range units {
		if seconds < unit.size {
			continue
		}
		text := fmt.Sprintf("%d%s", seconds/unit.size, unit.name)
		if i+1 < len(units) {
			if rest := seconds % unit.size / units[i+1].size; rest > 0 {
				text += fmt.Sprintf(" %d%s", rest, units[i+1].name)
			}
		}
		return text
	}
	return "0s"
}
