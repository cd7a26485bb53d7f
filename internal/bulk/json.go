package bulk

import (
	"errors"
	"fmt"
	"io"

	"github.com/callvault/callvault/gong"
)

// jsonReader reads a sequence of JSON values, with or without line ends
// between them. The elements of an array are values again. An object that has an
// array "calls", and no "id" before it, is a saved response page, whose records are
// the elements of that array. Any other object is a record, or wraps one (see unwrap).
// The calls of a page are never pages.
//
// It finds where a record ends by the grammar of JSON, so that a broken one
// does not swallow those after it. What is in a record gong.ParseCall judges.
type jsonReader struct {
	*stream
	where where
	outer []where         // what that is in
	left  map[string]bool // names of what was dropped from wrappers
	tail  bool            // an element came before, so a comma or the end follows
	began bool            // that element, or the one before, began its line
	lost  bool            // an element was broken, and maybe the end of the array with it
	hasID bool            // the page has an id, so perhaps it is a call
	name  []byte
	count count // of records
}

// count is how many records of a line were read.
type count struct{ line, records int }

// add counts a record of a line.
func (c *count) add(line int) {
	if c.line != line {
		*c = count{line: line}
	}
	c.records++
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
			if r.count.add(record.Line); !r.began {
				record.Number = r.count.records
			}
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
		switch {
		case err == errCalls:
		case err != nil:
			return Record{}, false, r.structural(err)
		case r.hasID:
			r.leave()
			return bad(r.line, "it has calls before its id, and was read as a page of calls; if it is a call, put the id first"), true, nil
		default:
			r.leave()
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
		return fatal(r.line, "not valid JSON within %s, at byte %d of the line%s", r.where, r.column+1, r.after())
	case err == io.EOF:
		return fatal(r.line, "the file ends within %s", r.where)
	}
	return fatal(r.line, "%w", err)
}

// after names the last record that was read of the line.
func (r *jsonReader) after() string {
	if r.count.line != r.line {
		return ""
	}
	return fmt.Sprintf(", after call %d", r.count.records)
}

// top takes what comes next outside of arrays and pages.
func (r *jsonReader) top(c byte) (record Record, isRecord bool, err error) {
	switch c {
	case '{':
		return r.object()
	case '[':
		return Record{}, false, r.array()
	}
	record, err = r.garbage()
	return record, true, err
}

// array takes the bracket of an array of values.
func (r *jsonReader) array() error {
	if len(r.outer) > maxDepth {
		return r.structural(errSyntax)
	}
	r.limit = r.column
	r.outer = append(r.outer, r.where)
	r.enter(inArray)
	return nil
}

// enter takes the bracket of an array of records.
func (r *jsonReader) enter(w where) {
	r.take()
	r.where, r.tail, r.began, r.lost = w, false, false, false
}

// leave goes on behind an array or a page.
func (r *jsonReader) leave() {
	last := len(r.outer) - 1
	r.where, r.outer = r.outer[last], r.outer[:last]
	r.tail, r.began, r.lost = true, false, false
}

// inside takes what comes next among the elements of an array.
func (r *jsonReader) inside(c byte) (record Record, isRecord bool, err error) {
	isStart := r.atStart() && (c == '{' || c == '[')
	switch {
	case c == ']':
		r.take()
		if r.where == inArray {
			r.leave()
		} else {
			r.where = inPage
		}
	case c == ',' && r.tail:
		r.take()
		r.tail, r.lost = false, false
	case r.tail && isStart && r.lost:
		// The array ended in the element that was broken.
		r.where, r.outer = outside, r.outer[:0]
	case r.tail && !isStart && r.began:
		record, err = r.garbage()
		return record, true, err
	case r.tail:
		return Record{}, false, r.structural(errSyntax)
	case c == '{':
		return r.object()
	case c == '[' && r.where == inArray && !r.lost:
		return Record{}, false, r.array()
	default:
		return r.element()
	}
	return Record{}, false, nil
}

// element takes an element of an array that is no object.
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
		if string(name) == "calls" && c == '[' && !hasID && (r.where != inCalls || r.lost) && len(r.outer) <= maxDepth {
			if r.lost { // the array ended in the element that was broken
				r.where, r.outer = outside, r.outer[:0]
			}
			r.outer = append(r.outer, r.where)
			r.hasID = false
			r.enter(inCalls)
			return errCalls
		}
		hasID = hasID || string(name) == "id"
		return r.value(1)
	})
	switch err {
	case nil:
		if !hasID && !r.long && len(r.text()) <= maxRecord {
			return r.wrapped(line)
		}
		return r.record(line), true, nil
	case errCalls:
		return Record{}, false, nil
	}
	return r.fail(line, err)
}

// wrapped reads an object without an id.
func (r *jsonReader) wrapped(line int) (record Record, isRecord bool, err error) {
	w := unwrap(r.text())
	switch {
	case w.problem != "":
		return bad(line, w.problem), true, nil
	case w.isMessage:
		return Record{}, false, nil
	case w.call == nil:
		return r.record(line), true, nil
	}
	for _, name := range w.left {
		r.left[name] = true
	}
	call, err := gong.ParseCall(w.call)
	return Record{Line: line, Call: call, Err: err}, true, nil
}

// pageMember takes a member of a page. Only calls and id matter.
func (r *jsonReader) pageMember(name []byte, c byte) error {
	r.hasID = r.hasID || string(name) == "id"
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
	if call.ID != "" {
		return Record{Line: line, Call: call}
	}
	if problem := nameAnswer(&call); problem != "" {
		return bad(line, problem)
	}
	return Record{Line: line, Call: call}
}

func tooLong(line int) Record {
	return bad(line, fmt.Sprintf("the record is longer than %d bytes", maxRecord))
}

// nameAnswer names the answer of the API that a record without an id is: people save
// them among the pages.
func nameAnswer(call *gong.Call) (problem string) {
	for _, field := range call.Further {
		switch field.Name {
		case "errors":
			return "this is an error answer of the API, not a page of calls"
		case "requestId":
			problem = "this is an answer of the API without a list of calls"
		}
	}
	return problem
}
