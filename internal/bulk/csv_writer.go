package bulk

import (
	"bufio"
	"bytes"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// csvWriter writes a table as RFC 4180 has it: a header, commas, line ends of
// CR LF, and quotation marks around what needs them. A field that is null is an
// empty cell, and so is an empty text; the document tells them apart.
type csvWriter struct {
	out      *bufio.Writer
	splitter *splitter
	names    callvault.EntryNames
	values   values
	row      []byte
}

func newCSVWriter(w io.Writer, names callvault.EntryNames) *csvWriter {
	c := &csvWriter{out: bufio.NewWriterSize(w, writeSize), splitter: newSplitter(), names: names}
	for _, name := range append(gong.FieldNames(), nameColumns...) {
		c.out.WriteString(name) // an error stays until the next write
		c.out.WriteByte(',')
	}
	c.out.WriteString(documentColumn + "\r\n")
	return c
}

func (w *csvWriter) Write(document []byte) error {
	if err := w.splitter.split(document, &w.values); err != nil {
		return err
	}
	w.row = w.row[:0]
	for _, value := range w.values {
		if len(value) > 0 && value[0] == '"' {
			value = marked(unquote(value))
		}
		w.row = append(appendCell(w.row, value), ',')
	}
	for _, name := range w.values.names(w.names) {
		w.row = append(appendCell(w.row, marked([]byte(name))), ',')
	}
	w.row = append(appendCell(w.row, document), "\r\n"...)
	_, err := w.out.Write(w.row)
	return err
}

func (w *csvWriter) Close() error { return w.out.Flush() }

// appendCell appends a cell. It quotes a cell that a spreadsheet may split: some split at
// semicolons or tabs.
func appendCell(dst, cell []byte) []byte {
	if !bytes.ContainsAny(cell, "\",;\t\r\n") {
		return append(dst, cell...)
	}
	dst = append(dst, '"')
	for {
		i := bytes.IndexByte(cell, '"')
		if i < 0 {
			return append(append(dst, cell...), '"')
		}
		dst = append(append(dst, cell[:i+1]...), '"')
		cell = cell[i+1:]
	}
}

// textMark before a cell tells a spreadsheet that it is text.
const textMark = '\''

// marked is a text with the mark if a spreadsheet may run it.
func marked(text []byte) []byte {
	if isFormula(text) {
		return append([]byte{textMark}, text...)
	}
	return text
}

// isFormula tells whether a spreadsheet may run a cell: whether it begins with
// what a formula does, behind marks that are its own. Anyone who sends an invitation
// writes a title. See https://owasp.org/www-community/attacks/CSV_Injection.
func isFormula(cell []byte) bool {
	r, _ := utf8.DecodeRune(bytes.TrimLeft(cell, string(textMark)))
	return strings.ContainsRune("=+-@\t\r\n＝＋－＠", r)
}
