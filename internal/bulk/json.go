package bulk

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// jsonReader finds the records in a sequence of JSON values, for gong.ParseCall to read. The
// elements of an array are values again. An object with an array "calls", "users" or
// "workspaces", and no "id" before it, is a page of these records; any other object is a record.
type jsonReader struct {
	*window
	decoder *jsontext.Decoder
	passed  int64          // how much of what the decoder has read was passed
	isOpen  bool           // in an array or a page, which the decoder is in then too
	page    int            // how deep the decoder is among the members of a page; 0 for no page
	kind    callvault.Kind // of the records that are outside of pages
	paged   callvault.Kind // of those of the page
	text    []byte         // of a record, used again
	record  Record         // used again
	counted int            // a line
	records int            // that began on it
}

// asSent has the decoder leave it to gong.ParseCall to say what is wrong with a
// call.
var asSent = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

func newJSONReader(w *window) *jsonReader {
	return &jsonReader{window: w, decoder: jsontext.NewDecoder(w, asSent...)}
}

func (r *jsonReader) read() (Record, error) {
	for {
		record, err := r.next()
		if err != nil {
			return Record{}, err
		}
		if record != nil {
			r.records++
			record.Through = r.through()
			return *record, nil
		}
	}
}

// next takes what comes next; nil if that is not a record.
func (r *jsonReader) next() (*Record, error) {
	if !r.isOpen {
		return r.top()
	}
	record, err := r.inside()
	if err != nil {
		return nil, r.broken(err)
	}
	r.passTo(r.decoder.InputOffset())
	r.isOpen = r.decoder.StackDepth() > 0
	return record, nil
}

// top takes a value outside of arrays and pages. What is broken there is a line, and
// nothing else.
func (r *jsonReader) top() (*Record, error) {
	c, space, err := r.firstByte(0)
	r.pass(space)
	switch {
	case err == io.EOF:
		return nil, err
	case err == bufio.ErrBufferFull:
		return nil, nil
	case err != nil:
		return nil, fatal(r.line, "%w", err)
	}
	record := r.begin()
	switch c {
	case '{':
		if text := r.flatRecord(); text != nil {
			record.read(text)
			r.pass(len(text))
			return record, nil
		}
		return r.value(record)
	case '[':
		r.reset()
		r.isOpen = true
		_, err := r.decoder.ReadToken()
		r.passTo(r.decoder.InputOffset())
		return nil, err
	}
	record.Err = wholly("neither a JSON object nor an array")
	return record, r.passLine()
}

// flatRecord is the rest of the line if that is one record, and surely no more and
// nothing else: an object with an id, in which nothing begins or ends another. It is the
// rule in NDJSON, and spares the decoder. It is nil where more must be read to tell.
func (r *jsonReader) flatRecord() []byte {
	data := r.atHand()
	end := bytes.IndexByte(data, '}') + 1
	text, after := data[:end], bytes.TrimLeft(data[end:], " \t\r")
	if end == 0 || len(after) == 0 || after[0] != '\n' || bytes.IndexByte(text, '\n') >= 0 || bytes.IndexByte(text[1:], '{') >= 0 {
		return nil
	}
	before, value, _ := bytes.Cut(text, idName)
	value = bytes.TrimLeft(value, whiteSpace)
	if len(value) == 0 || value[0] != ':' {
		return nil
	}
	for _, page := range pages {
		if bytes.Contains(before, page.name) {
			return nil
		}
	}
	return text
}

var idName = []byte(`"id"`)

// pages are the arrays of saved pages, and what their records are.
var pages = [...]struct {
	name []byte
	kind callvault.Kind
}{{[]byte(`"calls"`), ""}, {[]byte(`"users"`), callvault.Users}, {[]byte(`"workspaces"`), callvault.Workspaces}}

// isPage tells whether a member of an object is the array of a page, and notes its kind.
func (r *jsonReader) isPage(name []byte) bool {
	for _, page := range pages {
		if bytes.Equal(name, page.name) && r.decoder.PeekKind() == '[' {
			r.paged = page.kind
			return true
		}
	}
	return false
}

// reset has the decoder begin at the next byte.
func (r *jsonReader) reset() {
	r.decoder.Reset(r.window, asSent...)
	r.passed, r.lent = 0, 0
}

// value takes an object outside of arrays and pages.
func (r *jsonReader) value(record *Record) (*Record, error) {
	r.reset()
	r.fenced = true
	found, err := r.object(record)
	r.fenced = false
	switch {
	case err == nil || r.isOpen:
		r.passTo(r.decoder.InputOffset())
		return found, err
	case r.failed != nil || !r.lentOneLine():
		return nil, r.broken(err)
	}
	record.read(bytes.TrimRight(r.firstLine(), whiteSpace))
	return record, r.passLine()
}

// inside takes what comes next in an array or a page. The error is the decoder's.
func (r *jsonReader) inside() (*Record, error) {
	kind := r.decoder.PeekKind()
	switch isPage := r.page > 0; {
	case isPage && r.decoder.StackDepth() == r.page:
		return r.member(kind)
	case kind == ']' || kind == '[' && !isPage:
		_, err := r.decoder.ReadToken()
		return nil, err
	case kind == 0: // an error, which ReadToken returns
		_, err := r.decoder.ReadToken()
		return nil, err
	}
	r.passTo(r.decoder.InputOffset() + int64(leading(r.decoder.UnreadBuffer())))
	record := r.begin()
	if kind == '{' {
		return r.object(record)
	}
	return r.whole(record)
}

// whole reads the next value as a record.
func (r *jsonReader) whole(record *Record) (*Record, error) {
	text, err := r.decoder.ReadValue()
	if err != nil {
		return nil, err
	}
	record.read(text)
	return record, nil
}

// leading is how many bytes stand before a value.
func leading(text []byte) int {
	return len(text) - len(bytes.TrimLeft(text, whiteSpace+","))
}

// member takes a member of a page behind its records, or its end.
func (r *jsonReader) member(kind jsontext.Kind) (*Record, error) {
	if kind != '"' {
		_, err := r.decoder.ReadToken()
		if err == nil {
			r.page = 0
		}
		return nil, err
	}
	name, err := r.decoder.ReadValue()
	if err == nil && r.isPage(name) {
		_, err = r.decoder.ReadToken()
		return nil, err
	}
	return nil, errors.Join(err, r.decoder.SkipValue())
}

// object takes an object, which is a record unless it turns out to be a page. The error is the decoder's.
func (r *jsonReader) object(record *Record) (*Record, error) {
	unread := r.decoder.UnreadBuffer()
	inner, isObject := bytes.CutPrefix(unread[leading(unread):], []byte("{"))
	if isObject && bytes.HasPrefix(bytes.TrimLeft(inner, whiteSpace), idName) {
		return r.whole(record)
	}
	if _, err := r.decoder.ReadToken(); err != nil {
		return nil, err
	}
	r.text = append(r.text[:0], '{')
	hasID := false
	for r.decoder.PeekKind() == '"' {
		name, err := r.decoder.ReadValue()
		if err != nil {
			return nil, err
		}
		hasID = hasID || bytes.Equal(name, idName)
		r.text = append(append(r.text, name...), ':')
		if !hasID && r.page == 0 && r.isPage(name) {
			r.fenced, r.isOpen, r.page = false, true, r.decoder.StackDepth()
			_, err := r.decoder.ReadToken()
			return nil, err
		}
		value, err := r.decoder.ReadValue()
		if err != nil {
			return nil, err
		}
		r.text = append(append(r.text, value...), ',')
	}
	if _, err := r.decoder.ReadToken(); err != nil {
		return nil, err
	}
	r.text = append(bytes.TrimSuffix(r.text, []byte(",")), '}')
	record.read(r.text)
	return record, nil
}

// begin is a record that begins at the next byte.
func (r *jsonReader) begin() *Record {
	if r.counted != r.line {
		r.counted, r.records = r.line, 0
	}
	r.record = Record{Line: r.line, Kind: r.kind, Bare: r.page == 0}
	if r.page > 0 {
		r.record.Kind = r.paged
	}
	if r.inLine {
		r.record.Number = r.records + 1
	}
	return &r.record
}

// read reads the record from its text.
func (r *Record) read(text []byte) {
	switch {
	case r.Kind == "":
		r.Call, r.Err = parseRecord(text)
	case len(text) > maxRecord:
		r.Err = errTooLong
	default:
		r.Entry, r.Err = callvault.ParseEntry(r.Kind, text)
		if r.Err == nil && r.Bare {
			r.Err = ofOtherKind(r.Kind, r.Entry)
		}
	}
}

func parseRecord(text []byte) (gong.Call, error) {
	if len(text) > maxRecord {
		return gong.Call{}, errTooLong
	}
	return gong.ParseCall(text)
}

// passTo passes what the decoder has read up to an offset.
func (r *jsonReader) passTo(offset int64) {
	r.pass(int(offset - r.passed))
	r.passed = offset
}

// maxNesting is how deep JSON may be nested: the decoder has this bound.
const maxNesting = 10_000

// broken is an error after which records can't be told apart: of the source, or of
// JSON that is not valid in an array, a page or a record of several lines.
func (r *jsonReader) broken(err error) error {
	where := "a record"
	switch {
	case r.page > 0:
		where = "a response page"
	case r.isOpen:
		where = "a JSON array"
	}
	var syntax *jsontext.SyntacticError
	isSyntax := errors.As(err, &syntax)
	if isSyntax {
		r.passTo(max(r.passed, min(syntax.ByteOffset, r.passed+int64(r.lent))))
	}
	after := ""
	if r.counted == r.line && r.records > 0 {
		after = fmt.Sprintf(", after %s %d", r.record.Kind.One(), r.records)
	}
	switch {
	case r.failed != nil:
		return fatal(r.line, "%w", r.failed)
	case errors.Is(err, errFence):
		return fatal(r.line, "the record that begins here is not complete")
	case errors.Is(err, bufio.ErrBufferFull):
		return fatal(r.line, "%w", errTooLong)
	case errors.Is(err, io.ErrUnexpectedEOF) || err == io.EOF:
		return fatal(r.line, "the file ends within %s", where)
	case isSyntax && strings.Count(string(syntax.JSONPointer), "/") >= maxNesting:
		return fatal(r.line, "a value within %s is nested more than %d deep, at byte %d of the line%s", where, maxNesting, r.column+1, after)
	case isSyntax:
		return fatal(r.line, "not valid JSON within %s, at byte %d of the line%s", where, r.column+1, after)
	}
	return fatal(r.line, "%w", err)
}

var errTooLong = wholly(fmt.Sprintf("the record is longer than %d bytes", maxRecord))
