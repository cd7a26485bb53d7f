package screen

import (
	"io"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/rivo/uniseg"
)

// Columns writes rows of cells. Each column but the last is as wide as its widest cell.
func Columns(w io.Writer, rows [][]string) error {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], uniseg.StringWidth(cell))
		}
	}
	for _, row := range rows {
		last := len(row) - 1
		var line strings.Builder
		for i, cell := range row[:last] {
			line.WriteString(pad(cell, widths[i]) + gap)
		}
		if _, err := Printf(w, "%s%s\n", &line, row[last]); err != nil {
			return err
		}
	}
	return nil
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
