package status

import (
	"io"
	"slices"
	"strings"

	"github.com/callvault/callvault/internal/screen"
)

// Text writes a status for a terminal.
func (s Shown) Text(w io.Writer) error {
	if _, err := screen.Printf(w, "company %s is a mirror of %s\n\n", s.Company, s.URL); err != nil {
		return err
	}
	var rows [][]string
	for _, line := range slices.Insert(s.Lines(), 1, Line{Name: "kept by", Text: s.holder()}) {
		text := line.Text
		if line.Whole > 0 {
			text = bar(line.Part, line.Whole) + " " + text
		}
		rows = append(rows, []string{line.Name, text})
	}
	return screen.Columns(w, rows)
}

// holder is the process that keeps the company, without what tells it from other processes.
func (s Shown) holder() string {
	if s.Holder == "" {
		return "no process; start one: callvault mirror --url " + s.URL + companyFlag(s.Company)
	}
	who, _, _ := strings.Cut(s.Holder, " since ")
	return screen.Clean(who)
}

// bar is a part of a whole as a bar.
func bar(part, whole int) string {
	const cells = 20
	full := part * cells / whole
	return strings.Repeat("█", full) + strings.Repeat("░", cells-full)
}
