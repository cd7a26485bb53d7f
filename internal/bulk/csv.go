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

// csvReader reads a table whose header names the contract's fields, in any
// order. An empty cell is an unset field. Columns that the contract does not
// name become further fields, as text, but for document: it holds whole calls, and
// a row that has one goes by it alone, whatever its other cells say.
type csvReader struct {
	table    *csv.Reader
	guard    *guard
	header   []string
	document int // which column it is, -1 where there is none
	skipped  int // lines before the header, which table does not count
	end      int // the last line of the last record
}

func newCSVReader(s *stream) (*csvReader, error) {
	first := s.line
	g := &guard{in: s}
	t := &csvReader{table: csv.NewReader(g), guard: g, skipped: first - 1}
	t.table.ReuseRecord = true
	header, err := t.table.Read()
	if err != nil {
		return nil, fatal(first, "not a CSV header (%w): %w", err, errNoFormat)
	}
	for i, name := range header {
		if slices.Contains(header[:i], name) {
			return nil, fatal(first, "the column %.40q is there twice", name)
		}
	}
	if !slices.Contains(header, "id") && !slices.Contains(header, documentColumn) {
		return nil, fatal(first, "there is no column id in the header %.40q: %w", strings.Join(header, ","), errNoFormat)
	}
	t.header = slices.Clone(header)
	t.document = slices.Index(t.header, documentColumn)
	_, t.end = t.lines(header)
	return t, nil
}

// unknown are the columns that the contract does not name.
func (t *csvReader) unknown() []string {
	return unknownColumns(t.header)
}

func (t *csvReader) read() (Record, error) {
	t.guard.read = 0
	cells, err := t.table.Read()
	if err == io.EOF {
		return Record{}, err
	}
	line, end := t.lines(cells)
	var syntax *csv.ParseError
	if errors.As(err, &syntax) {
		return t.broken(syntax, end)
	}
	if err != nil {
		return Record{}, fatal(line, "%w", err)
	}
	t.end = end
	return t.record(line, cells), nil
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

// broken is a record whose cells cannot be told apart, or are too many or too
// few; end is its last line as far as its whole cells tell. On one line it is
// bad. On several it has perhaps taken others with it, by a quotation mark,
// and where the next one begins nobody knows.
func (t *csvReader) broken(syntax *csv.ParseError, end int) (Record, error) {
	line := syntax.StartLine + t.skipped
	end = max(end, syntax.Line+t.skipped)
	if end > line {
		return Record{}, fatal(line, "%w in the record on lines %d to %d: a quotation mark may not be closed", syntax.Err, line, end)
	}
	t.end = end
	record := bad(line, syntax.Err.Error())
	record.Through = end
	return record, nil
}

func (t *csvReader) record(line int, cells []string) Record {
	if t.document >= 0 && cells[t.document] != "" {
		call, err := parseDocument([]byte(cells[t.document]))
		return Record{Line: line, Through: t.end, Call: call, Err: err}
	}
	var call gong.Call
	var problems []gong.FieldError
	for i, cell := range cells {
		if cell == "" {
			continue
		}
		name := t.header[i]
		if t.document >= 0 {
			cell = withoutMark(cell)
		}
		err := call.SetText(name, cell)
		var problem *gong.FieldError
		switch {
		case errors.Is(err, gong.ErrUnknownField):
			if err := gong.ValidText(cell); err != nil {
				problems = append(problems, gong.FieldError{Field: name, Problem: err.Error()})
				continue
			}
			call.Further = append(call.Further, gong.Field{Name: name, Value: json.RawMessage(gong.AppendString(nil, cell))})
		case errors.As(err, &problem):
			problems = append(problems, *problem)
		}
	}
	if len(problems) > 0 {
		return Record{Line: line, Through: t.end, Err: &gong.CallError{Problems: problems}}
	}
	return Record{Line: line, Through: t.end, Call: call}
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
