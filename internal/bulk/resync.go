package bulk

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/callvault/callvault/gong"
)

// The first bytes of lines at which reading goes on behind a broken record.
const (
	topStarts   = "{["
	arrayStarts = "{[]"
)

func (w where) starts() string {
	if w == outside {
		return topStarts
	}
	return arrayStarts
}

// fail is the end of a record that was not read whole. The next one is looked
// for on a line of its own, so in an array, where the line may hold more
// elements, the broken one must have begun its line.
func (r *jsonReader) fail(line int, err error) (record Record, isRecord bool, _ error) {
	if err != errSyntax && err != io.EOF || r.where != outside && !r.began {
		return Record{}, false, r.structural(err)
	}
	record, err = r.broken(line)
	return record, true, err
}

// garbage reports what is no value, as far as the next line that begins one.
func (r *jsonReader) garbage() (Record, error) {
	// Lines indented as the record before are not to be missed.
	r.starts, r.limit = r.where.starts(), max(r.limit, r.column)
	return r.broken(r.line)
}

// broken reports a record that the grammar broke in, and goes on at the next
// line that begins a value and is indented no deeper than the record: a deeper
// one may be a part of it. Lines that the record took with it are read again;
// those that are passed over are a part of the record.
func (r *jsonReader) broken(line int) (Record, error) {
	r.tail, r.lost = false, true
	if r.mark.at >= 0 {
		record := r.judge(line, r.text()[:r.mark.at])
		r.back()
		return record, nil
	}
	err := r.endBroken()
	record := r.judge(line, r.text())
	r.drop()
	if err == nil {
		err = r.nextStart()
	}
	if err != nil && err != io.EOF {
		return Record{}, r.structural(err)
	}
	return passedOver(record, r.line), nil
}

// passedOver adds to what is wrong with a record which lines went with it: the
// ones before the line at which reading goes on.
func passedOver(record Record, next int) Record {
	if next-1 <= record.Line {
		return record
	}
	var e *gong.CallError
	if errors.As(record.Err, &e) {
		text := fmt.Sprintf("everything up to line %d is taken for a part of it", next-1)
		record.Err = &gong.CallError{Problems: append(slices.Clone(e.Problems), gong.FieldError{Problem: text})}
	}
	return record
}

// endBroken takes the rest of the line that the record broke in, for a better
// word about it, unless one can go on there.
func (r *jsonReader) endBroken() error {
	c, err := r.peek()
	if err != nil || r.canStart(c) {
		return err
	}
	return r.restOfLine()
}

// judge says what is wrong with a broken record, of which text is what is its
// own.
func (r *jsonReader) judge(line int, text []byte) Record {
	if !r.keep {
		return bad(line, "neither a JSON object nor an array")
	}
	if len(text) > maxRecord || r.long && r.mark.at < 0 {
		return tooLong(line)
	}
	if _, err := gong.ParseCall(bytes.TrimRight(text, " \t\r\n")); err != nil {
		return Record{Line: line, Err: err}
	}
	return bad(line, errSyntax.Error())
}

// through takes the end of the line if it is there already, and a comma before
// it, and returns the last line of which nothing is left to read.
func (r *jsonReader) through() int {
	for line := r.line; r.pos < len(r.chunk) && r.line == line; r.take() {
		switch c := r.chunk[r.pos]; {
		case isSpace(c):
		case c == ',' && r.where != outside && r.tail:
			r.tail, r.lost = false, false
		default:
			return r.line - 1
		}
	}
	return r.line - 1
}
