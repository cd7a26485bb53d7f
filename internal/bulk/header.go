package bulk

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/callvault/callvault/gong"
)

// documentColumn is the last column of a table: the whole call as JSON. If a row has one,
// import ignores its other columns.
const documentColumn = "document"

// nameColumns are the columns before it: what people call the host and the workspace. They
// repeat what users and workspaces say, so import ignores them in a table with a document.
var nameColumns = []string{"primaryUserName", "workspaceName"}

// isName tells whether a column of a table only names what another has.
func isName(column string, table []string) bool {
	return slices.Contains(nameColumns, column) && slices.Contains(table, documentColumn)
}

// tableColumns are the columns of a table that are not further fields.
var tableColumns = append(gong.FieldNames(), documentColumn)

// header is the first line of a table that is not empty.
type header struct {
	sent      []string       // the names of columns
	names     []string       // the same, but that a mapped column has the name of its field
	leftOut   map[int]string // columns that a mapping leaves out, by their place
	delimiter byte
	lines     int // up to the header, with it
}

// readHeader takes the header, which follows white space. The delimiter is the one that
// gives the most names of fields and of mapped columns, or else the most names.
func readHeader(in *bufio.Reader, space []byte, m Mapping) (header, error) {
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
		if n := countFields(names, m); err == nil && (n > most || n == most && len(names) > len(h.names)) {
			h.names, h.delimiter, most = names, delimiter, n
		}
	}
	if h.names == nil {
		return h, fmt.Errorf("not a CSV header: %s", csvProblem(broken))
	}
	h.sent = h.names
	if err := m.apply(&h); err != nil {
		return h, err
	}
	if err := checkNames(h.names); err != nil {
		return h, &columnError{err}
	}
	return h, nil
}

// columnError is what is wrong with the columns of what surely is a table.
type columnError struct{ error }

func (e *columnError) Unwrap() error { return e.error }

func countFields(names []string, m Mapping) (n int) {
	for _, name := range names {
		if likeField(name) != "" || m.has(name) {
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
		return fmt.Errorf("columns differ from fields only by case or spaces; rename %s, or in CSV pass --map FIELD=COLUMN", strings.Join(mistakes[:min(len(mistakes), len(tableColumns))], ", "))
	}
	return nil
}

// lacks says which columns a table lacks: a call needs an id and a time, and a document has
// everything.
func (h header) lacks() error {
	names := h.names
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
	if h.isData() {
		return h.headerless()
	}
	err := fmt.Errorf("column %s not found in the header %s", strings.Join(missing, " and column "), h.shown())
	if len(names) == 1 { // any text
		return fmt.Errorf("%w: %w", err, errNoFormat)
	}
	err = fmt.Errorf("%w; name the columns as fields, such as id, started, title", err)
	if h.delimiter != 0 {
		err = fmt.Errorf("%w, or pass --map FIELD=COLUMN", err)
	}
	return err
}

// isData tells whether the first line of a CSV has a number or a time, and no field's name.
func (h header) isData() bool {
	if h.delimiter == 0 || len(h.sent) == 1 || countFields(h.sent, Mapping{}) > 0 {
		return false
	}
	return slices.ContainsFunc(h.sent, func(cell string) bool {
		return len(cell) > 1 && strings.Trim(cell, "0123456789-:./+TZ ") == "" && strings.ContainsAny(cell, "0123456789")
	})
}

// headerless is the error of a file whose first line is a record.
func (h header) headerless() error {
	return fmt.Errorf("this file has no header: its first line is %s; put one before it: (echo COLUMN,COLUMN,…; cat FILE) | callvault import -", h.shown())
}

// notes name the columns that the contract does not, and those that are left out.
func (h header) notes() (notes []string) {
	var unknown, leftOut []string
	for i, name := range h.names {
		switch left, isLeftOut := h.leftOut[i]; {
		case isLeftOut:
			leftOut = append(leftOut, left)
		case name != "" && !slices.Contains(tableColumns, name) && !isName(name, h.names):
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		notes = append(notes, "unknown columns are kept as further fields: "+quoted(unknown))
	}
	if len(leftOut) > 0 {
		notes = append(notes, "columns named like fields are left out: "+quoted(leftOut)+"; to read one, name it in --map")
	}
	return notes
}

// shown is the header for an error: its beginning, with a mark where it is cut.
func (h header) shown() string {
	const most = 80
	text := strings.Join(h.sent, ",")
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	return strconv.Quote(text)
}

// quoted is the first of some names.
func quoted(names []string) string {
	const most = 20
	texts := make([]string, 0, most)
	for _, name := range names[:min(len(names), most)] {
		texts = append(texts, fmt.Sprintf("%.40q", name))
	}
	text := strings.Join(texts, ", ")
	if more := len(names) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
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
