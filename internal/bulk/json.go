package bulk

import (
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
	began bool // that element, or the one before, began its line
	lost  bool // an element was broken, and maybe the end of the array with it
	name  []byte
}

// where is what the next byte belongs to.
type where int

const (
	outside where = iota // between values
	inArray              // among the elements of an array
	inCalls              // among the elements of a page's calls
	inPage               // among the members of a page, behind its calls
)

// errSyntax stops the scanner at the byte that breaks the grammar.
var errSyntax = errors.New("not valid JSON")

// errCalls leaves the members of a page at its calls.
var errCalls = errors.New("the calls of a page")

func (r *jsonReader) read() (Record, error) {
	for {
		r.drop()
		c, err := r.space()
		if err == io.EOF && r.where == outside {
			return Record{}, err
		}
		if err != nil {
			return Record{}, r.structural(err)
		}
		record, isRecord, err := r.next(c)
		if err != nil {
			return Record{}, err
		}
		if isRecord {
			r.drop()
			record.Through = r.through()
			return record, nil
		}
	}
}

// next takes what begins with c: a record, or something around records.
func (r *jsonReader) next(c byte) (record Record, isRecord bool, err error) {
	switch r.where {
	case inPage:
		err := r.moreMembers(0, r.pageMember)
		if err == nil {
			r.where = outside
		} else if err != errCalls {
			return Record{}, false, r.structural(err)
		}
		return Record{}, false, nil
	case outside:
		return r.top(c)
	}
	return r.inside(c)
}

func (w where) String() string {
	if w == inArray {
		return "a JSON array"
	}
	return "a response page"
}

// structural is an error around records, after which nothing can be told
// apart.
func (r *jsonReader) structural(err error) error {
	switch {
	case err == errSyntax:
		return fatal(r.line, "not valid JSON within %s", r.where)
	case err == io.EOF:
		return fatal(r.line, "the file ends within %s", r.where)
	}
	return fatal(r.line, "%w", err)
}

// top takes what comes next outside of arrays and pages.
func (r *jsonReader) top(c byte) (record Record, isRecord bool, err error) {
	switch c {
	case '{':
		return r.object()
	case '[':
		r.limit = r.column
		r.enter(inArray)
		return Record{}, false, nil
	}
	record, err = r.garbage()
	return record, true, err
}

// enter takes the bracket of an array of records.
func (r *jsonReader) enter(w where) {
	r.take()
	r.where, r.tail, r.began, r.lost = w, false, false, false
}

// inside takes what comes next among the elements of an array.
func (r *jsonReader) inside(c byte) (record Record, isRecord bool, err error) {
	isStart := r.atStart() && (c == '{' || c == '[')
	switch {
	case c == ']':
		r.take()
		if r.where == inArray {
			r.where = outside
		} else {
			r.where = inPage
		}
	case c == ',' && r.tail:
		r.take()
		r.tail, r.lost = false, false
	case r.tail && isStart && r.lost:
		// The array ended in the element that was broken.
		r.where = outside
	case r.tail && !isStart && r.began:
		record, err = r.garbage()
		return record, true, err
	case r.tail:
		return Record{}, false, r.structural(errSyntax)
	case c == '{' && r.lost:
		return r.object() // a page, if the array ended in the broken element
	default:
		return r.element()
	}
	return Record{}, false, nil
}

// element takes an element of an array.
func (r *jsonReader) element() (record Record, isRecord bool, err error) {
	line := r.line
	r.began, r.tail = r.atStart(), true
	r.begin(arrayStarts)
	if err := r.value(1); err != nil {
		return r.fail(line, err)
	}
	return r.record(line), true, nil
}

// object takes an object that is a record unless it turns out to be a page.
func (r *jsonReader) object() (record Record, isRecord bool, err error) {
	line := r.line
	r.began, r.tail = r.atStart(), true
	r.begin(r.where.starts())
	r.take()
	hasID := false
	err = r.members(0, func(name []byte, c byte) error {
		if string(name) == "calls" && c == '[' && !hasID {
			r.enter(inCalls)
			return errCalls
		}
		hasID = hasID || string(name) == "id"
		return r.value(1)
	})
	switch err {
	case nil:
		return r.record(line), true, nil
	case errCalls:
		return Record{}, false, nil
	}
	return r.fail(line, err)
}

// pageMember takes a member of a page. Only calls matters.
func (r *jsonReader) pageMember(name []byte, c byte) error {
	if string(name) == "calls" && c == '[' {
		r.enter(inCalls)
		return errCalls
	}
	return r.value(1)
}

// record is what was kept as a record.
func (r *jsonReader) record(line int) Record {
	text := r.text()
	if r.long || len(text) > maxRecord {
		return tooLong(line)
	}
	call, err := gong.ParseCall(text)
	if err != nil {
		return Record{Line: line, Err: err}
	}
	if call.ID == "" && isErrorAnswer(&call) {
		return bad(line, "this is an error answer of the API, not a page of calls")
	}
	return Record{Line: line, Call: call}
}

func tooLong(line int) Record {
	return bad(line, fmt.Sprintf("the record is longer than %d bytes", maxRecord))
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
