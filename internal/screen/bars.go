package screen

import (
	"io"
	"strings"

	"github.com/rivo/uniseg"
)

// Bar is a number with a name.
type Bar struct {
	Label string
	Count int
}

// eighths are bars of less than a cell, by their eighths.
var eighths = [...]string{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"}

// Bars draws numbers below each other, each with its name, in lines of at most width
// cells. The largest fills the room, and every number above 0 has a bar.
func Bars(w io.Writer, width int, bars []Bar) error {
	labels, counts, largest := 0, 0, 1
	for _, bar := range bars {
		labels = max(labels, uniseg.StringWidth(bar.Label))
		counts = max(counts, len(Number(bar.Count)))
		largest = max(largest, bar.Count)
	}
	room := max(0, width-labels-len(gap)-counts-1)
	for _, bar := range bars {
		line := pad(bar.Label, labels) + gap + padLeft(Number(bar.Count), counts) + " " + drawn(bar.Count, largest, room)
		if _, err := io.WriteString(w, cut(strings.TrimRight(line, " "), width)+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// drawn is a bar in proportion to the largest, which has the whole room.
func drawn(count, largest, room int) string {
	if count == 0 || room == 0 {
		return ""
	}
	parts := max(1, int(float64(count)/float64(largest)*float64(room*len(eighths))+0.5))
	return strings.Repeat("█", parts/len(eighths)) + eighths[parts%len(eighths)]
}
