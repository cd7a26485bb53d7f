package bulk

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/callvault/callvault/gong"
)

// documentColumn is the last column of a table: the whole call, which is what an
// import goes by where it is there.
const documentColumn = "document"

// parseDocument reads a call from the column document.
func parseDocument(document []byte) (gong.Call, error) {
	call, err := parseRecord(document)
	var e *gong.CallError
	if !errors.As(err, &e) {
		return call, err
	}
	for i := range e.Problems {
		if e.Problems[i].Field == "" {
			e.Problems[i].Field = documentColumn
			e.Problems[i].Problem += "; this column is for whole calls, as JSON"
		}
	}
	return call, e
}

// missingColumns says which columns a table must have and has not; nil where it has
// them. A document has everything.
func missingColumns(names []string, delimiter byte) error {
	if slices.Contains(names, documentColumn) {
		return nil
	}
	var missing []string
	var fields []string // which those are
	if !slices.Contains(names, "id") {
		missing, fields = append(missing, "id"), append(fields, "id")
	}
	if !slices.Contains(names, "started") && !slices.Contains(names, "scheduled") {
		missing, fields = append(missing, "started or scheduled"), append(fields, "started", "scheduled")
	}
	if len(missing) == 0 {
		return nil
	}
	text := fmt.Sprintf("column %s not found in the header %.40q", strings.Join(missing, " and column "), strings.Join(names, string(delimiter)))
	if meant := meantBy(names, fields); meant != "" {
		return fmt.Errorf("%s; %s", text, meant)
	}
	switch {
	case missing[0] == "id" && len(names) == 1: // any text
		return fmt.Errorf("%s: %w", text, errNoFormat)
	case missing[0] == "id":
		return fmt.Errorf("%s; name the columns as fields, such as id, started, title", text)
	}
	return fmt.Errorf("%s; a call needs one of them", text)
}

// meantBy asks whether columns are meant as fields, by names that are near.
func meantBy(names, fields []string) string {
	var questions []string
	for _, name := range names {
		if gong.IsField(name) {
			continue
		}
		if field, ok := near(name, fields); ok {
			questions = append(questions, fmt.Sprintf("%.40q: did you mean %s?", name, field))
		}
	}
	return strings.Join(questions[:min(len(questions), mostNames)], " ")
}

// columnNotes are what to tell of the columns of a table: those that may be misspelt,
// and the others that the contract does not name.
func columnNotes(names []string) (doubts []string, note string) {
	var unknown, absent []string
	for _, name := range names {
		if !gong.IsField(name) && name != documentColumn && name != "" {
			unknown = append(unknown, name)
		}
	}
	if slices.Contains(names, documentColumn) {
		if len(unknown) > 0 {
			note = "rows with a document ignore their other columns; rows without one keep unknown columns as further fields: " + some(unknown)
		}
		return nil, note
	}
	for _, field := range gong.FieldNames() {
		if !slices.Contains(names, field) {
			absent = append(absent, field)
		}
	}
	var others []string
	for _, name := range unknown {
		field, ok := near(name, absent)
		if !ok || len(doubts) == mostNames {
			others = append(others, name)
			continue
		}
		doubts = append(doubts, fmt.Sprintf("unknown column %.40q (did you mean %s?): it is kept as a further field, and %[2]s stays empty", name, field))
	}
	if len(others) > 0 {
		note = "unknown columns are kept as further fields: " + some(others)
	}
	return doubts, note
}

// mostNames are told of many.
const mostNames = 20

// some are the first of many names, in words.
func some(names []string) string {
	var quoted []string
	for _, name := range names[:min(len(names), mostNames)] {
		quoted = append(quoted, fmt.Sprintf("%.40q", name))
	}
	last := len(quoted) - 1
	switch more := len(names) - mostNames; {
	case more > 0:
		return fmt.Sprintf("%s and %d more", strings.Join(quoted, ", "), more)
	case last == 0:
		return quoted[0]
	}
	return strings.Join(quoted[:last], ", ") + " and " + quoted[last]
}

// near is the field that a name is nearly that of.
func near(name string, fields []string) (field string, ok bool) {
	const longest = 40
	if len(name) > longest {
		return "", false
	}
	bare := strings.NewReplacer("_", "", "-", "", " ", "", ".", "")
	word := strings.ToLower(bare.Replace(name))
	best := 3
	for _, f := range fields {
		most := 2
		if len(f) < 5 {
			most = 1
		}
		if steps := distance(word, strings.ToLower(f)); steps <= most && steps < best {
			field, best = f, steps
		}
	}
	return field, best < 3
}

// distance is how many letters must be added, taken away or changed to make one word of
// the other.
func distance(a, b string) int {
	row := make([]int, len(b)+1) // of a table of distances
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			steps := diagonal
			if a[i] != b[j] {
				steps++
			}
			diagonal = row[j+1]
			row[j+1] = min(steps, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
