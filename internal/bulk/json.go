package bulk

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/callvault/callvault/gong"
)

// jsonReader reads a sequence of JSON values, with or without line ends
// between them. An object that has an array "calls", and no "id" before it, is
// a saved response page, whose records are the elements of that array; the
// elements of an array are records; any other object is a record itself.
//
// It finds where a record ends by the grammar of JSON, so that a broken one
// does not swallow those after it. What is in a record gong.ParseCall judges.
type jsonReader struct {
	*stream
	where where
	tail  bool // an element came before, so a comma or the end follows
}

// where is what the next byte belongs to.
type where int

const (
	outside where = iota // between values
	inArray              // among the elements of an array
	inCalls              // among the elements of a page's calls
	inPage               // among the members of a page
)

// errSyntax stops the scanner at the byte that breaks the grammar.
var errSyntax = errors.New("not valid JSON")

func (r *jsonReader) read() (Record, error) {
	for {
		r.keep = false
		c, err := r.space()
		if err == io.EOF && r.where != outside {
			return Record{}, fatal(r.line, "the file ends within %s", r.where)
		}
		if err != nil {
			return Record{}, r.ioError(err)
		}
		switch r.where {
		case outside:
			switch c {
			case '{':
				record, isRecord, err := r.topObject()
				if err != nil || isRecord {
					return record, err
				}
			case '[':
				r.take()
				r.where, r.tail = inArray, false
			default:
				return r.broken(r.line)
			}
		case inPage:
			switch err := r.members(r.pageMember); err {
			case nil:
				r.where = outside
			case errCalls:
			default:
				return Record{}, r.structural(err)
			}
		default:
			record, isRecord, err := r.element(c)
			if err != nil || isRecord {
				return record, err
			}
		}
	}
}

func (w where) String() string {
	if w == inArray {
		return "a JSON array"
	}
	return "a response page"
}

// ioError is an error of the source.
func (r *jsonReader) ioError(err error) error {
	if err == io.EOF {
		return err
	}
	return fatal(r.line, "%w", err)
}

// structural is an error around records, after which nothing can be told
// apart.
func (r *jsonReader) structural(err error) error {
	if err == io.EOF {
		return fatal(r.line, "the file ends within %s", r.where)
	}
	if err == errSyntax {
		return fatal(r.line, "not valid JSON within %s", r.where)
	}
	return r.ioError(err)
}

// element takes what comes next among the elements of an array.
func (r *jsonReader) element(c byte) (record Record, isRecord bool, err error) {
	switch {
	case c == ']':
		r.take()
		if r.where == inArray {
			r.where = outside
		} else {
			r.where = inPage
		}
		r.tail = false
		return Record{}, false, nil
	case c == ',' && r.tail:
		r.take()
		r.tail = false
		return Record{}, false, nil
	case r.tail:
		return Record{}, false, r.structural(errSyntax)
	}
	line := r.line
	r.begin()
	if err := r.value(1); err != nil {
		return Record{}, false, r.structural(err)
	}
	r.tail = true
	return r.record(line), true, nil
}

// topObject takes an object that stands by itself. It is a record unless it
// turns out to be a page.
func (r *jsonReader) topObject() (record Record, isRecord bool, err error) {
	line := r.line
	r.begin()
	r.take()
	r.where = outside
	hasID := false
	err = r.members(func(name string, c byte) error {
		if name == "calls" && c == '[' && !hasID {
			r.take()
			r.where, r.tail = inCalls, false
			return errCalls
		}
		hasID = hasID || name == "id"
		return r.value(1)
	})
	switch err {
	case nil:
		return r.record(line), true, nil
	case errCalls:
		return Record{}, false, nil
	case errSyntax, io.EOF:
		record, err = r.broken(line)
		return record, true, err
	}
	return Record{}, false, r.ioError(err)
}

// errCalls leaves the members of a page at its calls.
var errCalls = errors.New("the calls of a page")

// pageMember takes a member of a page. Only calls matters.
func (r *jsonReader) pageMember(name string, c byte) error {
	if name == "calls" && c == '[' {
		r.take()
		r.where, r.tail = inCalls, false
		return errCalls
	}
	return r.value(1)
}

// record is what was kept as a record.
func (r *jsonReader) record(line int) Record {
	if r.long {
		return bad(line, fmt.Sprintf("the record is longer than %d bytes", maxRecord))
	}
	call, err := gong.ParseCall(r.kept)
	if err != nil {
		return Record{Line: line, Err: err}
	}
	if call.ID == "" && isErrorAnswer(&call) {
		return bad(line, "this is an error answer of the API, not a page of calls")
	}
	return Record{Line: line, Call: call}
}

// isErrorAnswer tells whether a record is {"requestId":…,"errors":[…]}, which
// is easily saved among the pages.
func isErrorAnswer(call *gong.Call) bool {
	for _, field := range call.Further {
		if field.Name == "errors" {
			return true
		}
	}
	return false
}

// broken reports a record that the grammar broke in, and goes on at the next
// line that begins a value: lines that the record took with it are read again.
func (r *jsonReader) broken(line int) (Record, error) {
	record := bad(line, errSyntax.Error())
	var err error
	if i := nextValue(r.kept); r.keep && !r.long && i >= 0 {
		r.unread(r.kept[i:])
		r.kept = r.kept[:i]
	} else if !r.bol {
		err = r.restOfLine()
	}
	if _, parseErr := gong.ParseCall(bytes.TrimRight(r.kept, "\r\n")); parseErr != nil && r.keep && !r.long {
		record.Err = parseErr
	}
	r.keep = false
	for err == nil {
		var c byte
		if c, err = r.peek(); err != nil || c == '{' || c == '[' {
			break
		}
		err = r.restOfLine()
	}
	if err != nil && err != io.EOF {
		return Record{}, r.ioError(err)
	}
	return record, nil
}

// nextValue is where the first line behind the first one begins a value, or -1.
func nextValue(kept []byte) int {
	for i := 0; ; {
		n := bytes.IndexByte(kept[i:], '\n')
		i += n + 1
		if n < 0 || i == len(kept) {
			return -1
		}
		if kept[i] == '{' || kept[i] == '[' {
			return i
		}
	}
}
