// Package screen writes calls for people to read: as a table whose lines fit a
// terminal, and as bars. Widths are in cells, of which most characters take one,
// those of East Asia and emoji two, and marks on others none.
//
// Calls contain foreign text. This package removes its control characters, escape
// sequences and changes of direction, which could hide lines or type commands.
package screen

import (
	"strings"
	"unicode"

	"github.com/rivo/uniseg"
)

// Joiners are part of how words and emoji are written, and do no harm.
const (
	zeroWidthNonJoiner = '\u200c'
	zeroWidthJoiner    = '\u200d'
)

// Clean returns text without characters that control a terminal. White space of every
// kind becomes a space.
func Clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r):
			return unicode.ReplacementChar
		case unicode.Is(unicode.Cf, r) && r != zeroWidthJoiner && r != zeroWidthNonJoiner:
			return -1
		}
		return r
	}, text)
}

// Short is the text without characters that control a terminal, as far as it fits a width.
func Short(text string, width int) string { return cut(Clean(text), width) }

// cut is the text as far as it fits, with an ellipsis where something is missing.
func cut(text string, width int) string {
	if uniseg.StringWidth(text) <= width {
		return text
	}
	kept, used, state := 0, 0, -1
	for rest := text; rest != ""; {
		var cluster string
		var cells int
		cluster, rest, cells, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if used+cells > width-1 {
			break
		}
		kept += len(cluster)
		used += cells
	}
	return text[:kept] + "…"
}

// pad is the text with spaces behind it up to a width.
func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-uniseg.StringWidth(text)))
}

// padLeft is the text with spaces before it up to a width.
func padLeft(text string, width int) string {
	return strings.Repeat(" ", max(0, width-uniseg.StringWidth(text))) + text
}
