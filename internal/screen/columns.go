package screen

import (
	"encoding/json"
	"io"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/rivo/uniseg"
)

// Columns writes rows of cells. Each column but the last is as wide as its widest cell.
func Columns(w io.Writer, rows [][]string) error { return columns(w, rows, pad) }

// Ranking writes rows of a name and of numbers, which are aligned to the right.
func Ranking(w io.Writer, rows [][]string) error { return columns(w, rows, padLeft) }

// columns writes rows, and pads all cells but the first by a function. A row of one cell is text.
func columns(w io.Writer, rows [][]string, padded func(text string, width int) string) error {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			if len(row) > 1 {
				widths[i] = max(widths[i], uniseg.StringWidth(cell))
			}
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			if i == 0 {
				line.WriteString(pad(cell, widths[i]))
			} else {
				line.WriteString(gap + padded(cell, widths[i]))
			}
		}
		if _, err := Printf(w, "%s\n", strings.TrimRight(line.String(), " ")); err != nil {
			return err
		}
	}
	return nil
}

// JSON writes a value in one line.
func JSON(w io.Writer, value any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(value)
}

// Number is a number for people, such as 1,234.
func Number(n int) string { return humanize.Comma(int64(n)) }

// Count is a number of things, such as 1,234 calls.
func Count(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return Number(n) + " " + thing
}

// Size is a number of bytes, such as 1.2 MiB.
func Size(bytes int64) string { return humanize.IBytes(uint64(bytes)) }
