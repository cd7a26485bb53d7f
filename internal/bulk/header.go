package bulk

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/callvault/callvault/gong"
)

// documentColumn is the last column of a table: the whole call as JSON. If a row has one,
// import ignores its other columns.
const documentColumn = "document"

// tableColumns are the columns of a table that are not further fields.
var tableColumns = append(gong.FieldNames(), documentColumn)

// header is the first line of a table that is not empty.
type header struct {
	names     []string
	delimiter byte
	lines     int // up to the header, with it
}

// readHeader takes the header, which follows white space. The delimiter is the one that
// gives the most names of fields.
func readHeader(in *bufio.Reader, space []byte) (header, error) {
	h := header{lines: bytes.Count(space, []byte("\n")) + 1}
	in.Discard(bytes.LastIndexByte(space, '\n') + 1)
	line, err := in.ReadSlice('\n')
	if err != nil && err != io.EOF && err != bufio.ErrBufferFull {
		return h, err
	}
	if kind := nameKind(line); kind != nil {
		return h, kind
	}
	if err == bufio.ErrBufferFull {
		return h, fmt.Errorf("the first line is longer than %d bytes: %w", windowSize, errNoFormat)
	}
	if err := gong.ValidText(string(line)); err != nil {
		return h, fmt.Errorf("the header %w; convert the file: iconv -f WINDOWS-1252 -t UTF-8 FILE | callvault import -", err)
	}
	most := -1
	var broken error
	for _, delimiter := range []byte(",;\t|") {
		table := csv.NewReader(bytes.NewReader(line))
		table.Comma = rune(delimiter)
		names, err := table.Read()
		if err != nil && broken == nil {
			broken = err
		}
		if n := countFields(names); err == nil && n > most {
			h.names, h.delimiter, most = names, delimiter, n
		}
	}
	if h.names == nil {
		return h, fmt.Errorf("not a CSV header: %s", csvProblem(broken))
	}
	return h, checkNames(h.names)
}

func countFields(names []string) (n int) {
	for _, name := range names {
		if likeField(name) != "" {
			n++
		}
	}
	return n
}

// likeField is the field, or document, that a name equals but for case and spaces.
func likeField(name string) string {
	bare := strings.TrimSpace(name)
	for _, field := range tableColumns {
		if strings.EqualFold(field, bare) {
			return field
		}
	}
	return ""
}

// checkNames says what is wrong with the names of a table's columns.
func checkNames(names []string) error {
	seen := make(map[string]bool, len(names))
	var mistakes []string
	for _, name := range names {
		switch field := likeField(name); {
		case strings.ContainsAny(name, "\r\n"):
			return fmt.Errorf("the column name %.40q has a line end; close its quotation mark, or end lines with LF", name)
		case field != "" && field != name:
			mistakes = append(mistakes, fmt.Sprintf("%.40q to %s", name, field))
		case seen[name] && name != "":
			return fmt.Errorf("the column %.40q appears twice; rename or remove one", name)
		}
		seen[name] = true
	}
	if len(mistakes) > 0 {
		return fmt.Errorf("columns differ from fields only by case or spaces; rename %s", strings.Join(mistakes[:min(len(mistakes), len(tableColumns))], ", "))
	}
	return nil
}

// missingColumns says which columns a table lacks: a call needs an id and a time, and a
// document has everything.
func missingColumns(names []string) error {
	if slices.Contains(names, documentColumn) {
		return nil
	}
	var missing []string
	if !slices.Contains(names, "id") {
		missing = append(missing, "id")
	}
	if !slices.Contains(names, "started") && !slices.Contains(names, "scheduled") {
		missing = append(missing, "started or scheduled")
	}
	if len(missing) == 0 {
		return nil
	}
	err := fmt.Errorf("column %s not found in the header %.40q", strings.Join(missing, " and column "), strings.Join(names, ","))
	if len(names) == 1 { // any text
		return fmt.Errorf("%w: %w", err, errNoFormat)
	}
	return fmt.Errorf("%w; name the columns as fields, such as id, started, title", err)
}

// columnNote names the columns that the contract does not.
func columnNote(names []string) string {
	const most = 20
	var unknown []string
	more := 0
	for _, name := range names {
		switch {
		case name == "" || slices.Contains(tableColumns, name):
		case len(unknown) < most:
			unknown = append(unknown, fmt.Sprintf("%.40q", name))
		default:
			more++
		}
	}
	if len(unknown) == 0 {
		return ""
	}
	note := "unknown columns are kept as further fields: " + strings.Join(unknown, ", ")
	if more > 0 {
		note += fmt.Sprintf(" and %d more", more)
	}
	return note
}

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
