package screen

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/callvault/callvault/gong"
)

// Table writes calls, one to the line, below the names of the columns.
type Table struct {
	out     *bufio.Writer
	zone    *time.Location
	width   int
	columns []column
	began   bool
}

// column is a column that pads its cells to a width, unless it is the last.
type column struct {
	name  string
	width int
	text  func(*gong.Call, *time.Location) string
}

const (
	gap      = "  " // between two columns
	minTitle = 20   // cells: with fewer for the title, a column is left out
)

// Names tell what people call the host and the workspace with an id; empty if nobody has
// named it, nil if none has a name.
type Names struct{ Host, Workspace func(id string) string }

// NewTable makes a table whose lines fit a terminal of a width: it leaves out columns and cuts
// texts. Hosts and workspaces have a column if any has a name. With a width of 0 it has all
// columns in fixed places, times with their offset, and whole texts. Times are in the zone.
func NewTable(w io.Writer, zone *time.Location, width int, names Names) *Table {
	t := &Table{out: bufio.NewWriterSize(w, 64<<10), zone: zone, width: width}
	title := column{"TITLE", 0, func(c *gong.Call, _ *time.Location) string { return textOf(c.Title) }}
	all := []column{
		{"TIME", len("2006-01-02 15:04"), shortTime},
		{"DURATION", len("10:00:00"), duration},
		{"DIRECTION", len("Conference"), func(c *gong.Call, _ *time.Location) string { return textOf(c.Direction) }},
		{"SYSTEM", 12, func(c *gong.Call, _ *time.Location) string { return textOf(c.System) }},
		{"ID", 20, func(c *gong.Call, _ *time.Location) string { return c.ID }},
	}
	if names.Workspace != nil {
		all = slices.Insert(all, 4, column{"WORKSPACE", 16, func(c *gong.Call, _ *time.Location) string { return nameOf(c.WorkspaceID, names.Workspace) }})
	}
	if names.Host != nil {
		all = slices.Insert(all, 3, column{"HOST", 18, func(c *gong.Call, _ *time.Location) string { return nameOf(c.PrimaryUserID, names.Host) }})
	}
	if width == 0 {
		all[0].width, all[0].text = len(time.RFC3339), wholeTime
	}
	t.columns = append(all, title)
	return t
}

// ShowLate adds a column before the first call: how late each started.
func (t *Table) ShowLate() {
	t.columns = slices.Insert(t.columns, 1, column{"LATE", len("10:00:00"), late})
}

// fit leaves out columns so that the title has room. The time and the id, which callvault call
// takes, stay.
func (t *Table) fit() {
	last := len(t.columns) - 2 // of those before the title
	left := t.width - t.columns[0].width - t.columns[last].width - 2*len(gap)
	kept := 1
	for ; kept < last && left-t.columns[kept].width-len(gap) >= minTitle; kept++ {
		left -= t.columns[kept].width + len(gap)
	}
	t.columns = slices.Delete(t.columns, kept, last)
}

// Write adds a call, by its document. On a terminal its line is there at once.
func (t *Table) Write(document []byte) error {
	call, err := gong.ParseCall(document)
	if err != nil {
		return fmt.Errorf("a call to be shown: %w", err)
	}
	if !t.began {
		t.began = true
		if t.width > 0 {
			t.fit()
		}
		t.out.WriteString(t.line(func(c column) string { return c.name })) // an error stays until the next write
	}
	_, err = t.out.WriteString(t.line(func(c column) string { return Clean(c.text(&call, t.zone)) }))
	if err != nil || t.width == 0 {
		return err
	}
	return t.out.Flush()
}

// Close writes what is still to be written. A table has no end of its own.
func (t *Table) Close() error { return t.out.Flush() }

// line puts the cells of the columns side by side.
func (t *Table) line(cell func(column) string) string {
	var line strings.Builder
	for i, c := range t.columns {
		text := cell(c)
		switch {
		case i == len(t.columns)-1:
			line.WriteString(text)
			continue
		case t.width > 0:
			text = cut(text, c.width)
		}
		if c.name == "DURATION" || c.name == "LATE" {
			line.WriteString(padLeft(text, c.width) + gap)
		} else {
			line.WriteString(pad(text, c.width) + gap)
		}
	}
	if t.width == 0 {
		return line.String() + "\n"
	}
	return cut(line.String(), t.width) + "\n"
}

const missing = "-"

func textOf[T ~string](s *T) string {
	if s == nil || *s == "" {
		return missing
	}
	return string(*s)
}

// nameOf is a name, or the id where there is none.
func nameOf(id *string, name func(string) string) string {
	if id == nil {
		return missing
	}
	return cmp.Or(name(*id), textOf(id))
}

func shortTime(c *gong.Call, zone *time.Location) string { return date(c, zone, "2006-01-02 15:04") }

func wholeTime(c *gong.Call, zone *time.Location) string { return date(c, zone, time.RFC3339) }

// date is the date that the call is listed by.
func date(c *gong.Call, zone *time.Location, layout string) string {
	at := c.Date()
	if at.IsZero() {
		return missing
	}
	return at.Instant().In(zone).Format(layout)
}

func duration(c *gong.Call, _ *time.Location) string {
	if c.Duration == nil {
		return missing
	}
	return Length(*c.Duration)
}

// late is how long after its scheduled time a call started.
func late(c *gong.Call, _ *time.Location) string {
	if c.Started == nil || c.Scheduled == nil {
		return missing
	}
	return Length(int64(c.Started.Instant().Sub(c.Scheduled.Instant()) / time.Second))
}

// Length is a length of time as m:ss or h:mm:ss.
func Length(seconds int64) string {
	if seconds < 0 {
		return strconv.FormatInt(seconds, 10)
	}
	minutes := seconds / 60
	if minutes < 60 {
		return fmt.Sprintf("%d:%02d", minutes, seconds%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", minutes/60, minutes%60, seconds%60)
}
