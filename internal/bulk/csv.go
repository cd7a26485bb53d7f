package bulk

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/callvault/callvault/gong"
)

// csvReader reads a table with a header of the contract's fields, in any order. An empty cell
// is an unset field; other columns become further fields, as text. If a row has a document,
// its other columns are ignored.
type csvReader struct {
	table    *csv.Reader
	guard    *guard
	columns  []column
	mapping  Mapping
	document int // which column it is, -1 where there is none
	skipped  int // lines before the first row, not counted by table
	end      int // the last line of the last record
}

// column is a column of the header.
type column struct {
	name    string
	isField bool // of the contract
	ignored bool
}

func newCSVReader(in io.Reader, h header, m Mapping) *csvReader {
	g := &guard{in: in}
	t := &csvReader{table: csv.NewReader(g), guard: g, mapping: m, skipped: h.lines, end: h.lines}
	t.table.Comma = rune(h.delimiter)
	t.table.ReuseRecord = true
	t.table.FieldsPerRecord = -1
	for i, name := range h.names {
		_, isLeftOut := h.leftOut[i]
		t.columns = append(t.columns, column{name, gong.IsField(name), isLeftOut || isName(name, h.names)})
	}
	t.document = slices.Index(h.names, documentColumn)
	return t
}

func (t *csvReader) read() (Record, error) {
	for {
		t.guard.read = 0
		cells, err := t.table.Read()
		if err == io.EOF {
			return Record{}, err
		}
		line, end := t.lines(cells)
		if syntax := (*csv.ParseError)(nil); err != nil && errors.As(err, &syntax) {
			problem := csvProblem(err)
			return t.broken(syntax.StartLine+t.skipped, max(end, syntax.Line+t.skipped), problem)
		}
		if err != nil {
			return Record{}, fatal(line, "%w", err)
		}
		if isBlank(cells) {
			t.end = end
			continue
		}
		if n := len(t.columns); len(cells) > n && isBlank(cells[n:]) { // commas at the end of a line
			cells = cells[:n]
		}
		if len(cells) != len(t.columns) {
			return t.broken(line, end, fmt.Sprintf("the row has %d cells, but the header has %d", len(cells), len(t.columns)))
		}
		t.end = end
		return t.record(line, cells), nil
	}
}

// isBlank tells whether all cells of a row are empty, as in the last rows of many
// spreadsheets.
func isBlank(cells []string) bool {
	return !slices.ContainsFunc(cells, func(cell string) bool { return cell != "" })
}

// lines are the lines that a record begins and ends on.
func (t *csvReader) lines(cells []string) (line, end int) {
	if len(cells) == 0 { // nothing was read but an error
		return t.end + 1, t.end + 1
	}
	last := len(cells) - 1
	line, _ = t.table.FieldPos(0)
	end, _ = t.table.FieldPos(last)
	return line + t.skipped, end + t.skipped + strings.Count(cells[last], "\n")
}

// csvProblem is what is wrong with quotation marks; empty for other errors.
func csvProblem(err error) string {
	switch {
	case errors.Is(err, csv.ErrBareQuote):
		return "a quotation mark stands inside a cell that is not quoted; quote the cell and double the mark"
	case errors.Is(err, csv.ErrQuote):
		return "a quotation mark is not closed, or not doubled inside a cell"
	}
	return ""
}

// broken is a record with cells that can't be told apart, or too many or too few. On one line
// it is a bad record. On several, up to end, a quotation mark may have joined it with others,
// and nobody knows where the next one begins.
func (t *csvReader) broken(line, end int, problem string) (Record, error) {
	if end > line {
		perhaps := ""
		if !strings.Contains(problem, "quotation mark") {
			perhaps = ": a quotation mark may not be closed"
		}
		return Record{}, fatal(line, "%s, on lines %d to %d%s", problem, line, end, perhaps)
	}
	t.end = end
	return Record{Line: line, Through: end, Err: wholly(problem)}, nil
}

func (t *csvReader) record(line int, cells []string) Record {
	record := Record{Line: line, Through: t.end}
	if t.document >= 0 && cells[t.document] != "" {
		record.Call, record.Err = parseDocument([]byte(cells[t.document]))
		return record
	}
	var problems []gong.FieldError
	for i, cell := range cells {
		if cell == "" || t.columns[i].ignored {
			continue
		}
		if t.document >= 0 {
			cell = withoutMark(cell)
		}
		cell, problem := t.mapping.cell(t.columns[i].name, cell)
		if problem == "" && cell != "" {
			problem = t.columns[i].set(&record.Call, cell)
		}
		if problem != "" {
			problems = append(problems, gong.FieldError{Field: t.columns[i].name, Problem: problem})
		}
	}
	if len(problems) > 0 {
		record.Err = &gong.CallError{Problems: problems}
	}
	return record
}

// set sets a field of a call from a cell. It returns what is wrong with the cell, if
// anything.
func (c column) set(call *gong.Call, cell string) (problem string) {
	if c.name == "" {
		return fmt.Sprintf("the cell %.40q has no column name in the header; name its column", cell)
	}
	if c.isField {
		var e *gong.FieldError
		if errors.As(call.SetText(c.name, cell), &e) {
			return e.Problem
		}
		return ""
	}
	if err := gong.ValidText(cell); err != nil {
		return err.Error()
	}
	call.Further = append(call.Further, gong.Field{Name: c.name, Value: json.RawMessage(gong.AppendString(nil, cell))})
	return ""
}

// withoutMark is a cell without the mark that csvWriter puts before what may be
// taken for a formula. Only its tables are read so, which the column document
// tells: in others the mark is a part of the text.
func withoutMark(cell string) string {
	if cell[0] == textMark && isFormula([]byte(cell)) {
		return cell[1:]
	}
	return cell
}

// guard keeps a quotation mark that is never closed from taking the whole file
// into memory.
type guard struct {
	in   io.Reader
	read int // bytes since the record began
}

var errLong = fmt.Errorf("the record is longer than %d bytes: a quotation mark may not be closed", 4*maxRecord)

func (g *guard) Read(p []byte) (int, error) {
	if g.read > 4*maxRecord {
		return 0, errLong
	}
	n, err := g.in.Read(p)
	g.read += n
	return n, err
}
