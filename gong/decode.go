package gong

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// ParseCall reads one JSON object as a call. It is strict about the JSON (see
// docs/design.md, "A call is a document") and lax about the values: id,
// workspaceId and primaryUserId may be integers, which are taken by their
// digits; duration may have a fraction of zeros; enums may be in any case;
// times may be written in every way that ParseTime takes. Names match exactly.
// Fields beyond the contract's are kept.
//
// The error is a *CallError with every field that is wrong, or with the one
// place where the JSON breaks.
func ParseCall(data []byte) (Call, error) {
	p := parser{scanner: scanner{data: data}}
	p.space()
	err := p.members(p.member)
	if err == nil {
		err = p.end()
	}
	if err != nil {
		return Call{}, &CallError{[]FieldError{broken(data, err)}}
	}
	if len(p.problems) > 0 {
		return Call{}, &CallError{p.problems}
	}
	return p.call, nil
}

// broken describes the error that ended the parsing, or that data is valid JSON of
// another kind.
func broken(data []byte, err error) FieldError {
	if e := (*FieldError)(nil); errors.As(err, &e) {
		return *e
	}
	s := scanner{data: data}
	s.space()
	if s.peek() == '{' || s.value(1) != nil || s.end() != nil {
		return FieldError{Problem: err.Error()}
	}
	return FieldError{Problem: "must be a JSON object, not " + kindOf(strings.TrimLeft(string(data), " \t\r\n"))}
}

// parser is a scanner that fills a call. The texts of the call are parts of one copy of the
// record, and the pointers to them point into one array.
type parser struct {
	scanner
	call     Call
	copied   string // all of data; empty until the first text
	texts    []string
	next     int    // the number of the field that most often comes next
	seen     uint32 // fields of the contract, by their numbers
	further  names
	problems []FieldError
}

// member takes the value of a field.
func (p *parser) member(raw []byte, escaped bool) error {
	if p.refused != nil { // in the name
		p.problems = append(p.problems, *p.refused)
		p.refused = nil
	}
	number := p.next
	switch {
	case escaped:
		number = fieldNumber([]byte(decode(raw, true)))
	case number >= len(fieldNames) || fieldNames[number] != string(raw):
		number = fieldNumber(raw)
	}
	p.next = number + 1
	var err error
	if number < 0 {
		err = p.keep(raw, escaped)
	} else {
		err = p.field(number)
	}
	if err == errDeep {
		return &FieldError{string(raw[:min(len(raw), maxEcho)]), err.Error()}
	}
	return err
}

// keep keeps a field that the contract does not name.
func (p *parser) keep(raw []byte, escaped bool) error {
	name := decode(raw, escaped)
	if !p.further.add(raw, escaped) {
		p.refuse(errTwice)
	}
	begin := p.pos
	if err := p.value(2); err != nil {
		return err
	}
	if p.isRefused(name) {
		return nil
	}
	p.call.Further = append(p.call.Further, Field{name, compact(p.data[begin:p.pos])})
	return nil
}

// isRefused tells whether the value of a field was refused, and adds the problem to the
// call.
func (p *parser) isRefused(name string) bool {
	if p.refused == nil {
		return false
	}
	p.within(name)
	p.problems = append(p.problems, *p.refused)
	p.refused = nil
	return true
}

// compact is a valid value without the white space outside of its strings.
func compact(value []byte) json.RawMessage {
	var out bytes.Buffer
	out.Grow(len(value))
	if err := json.Compact(&out, value); err != nil {
		panic(err) // the scanner is stricter than encoding/json
	}
	return out.Bytes()
}

// field takes the value of a field of the contract.
func (p *parser) field(number int) error {
	name := fieldNames[number]
	if p.seen&(1<<number) != 0 {
		p.refuse(errTwice)
	}
	p.seen |= 1 << number
	begin := p.pos
	if p.peek() == '"' {
		raw, escaped, err := p.str()
		if err != nil || p.isRefused(name) {
			return err
		}
		text := p.part(begin+1, p.pos-1)
		if escaped {
			text = decode(raw, true)
		}
		p.set(name, "a string", text)
		return nil
	}
	if err := p.value(2); err != nil {
		return err
	}
	if !p.isRefused(name) && p.data[begin] != 'n' {
		literal := p.part(begin, p.pos)
		p.set(name, kindOf(literal), literal)
	}
	return nil
}

// part is a part of the record as text.
func (p *parser) part(begin, end int) string {
	if p.copied == "" {
		p.copied = string(p.data)
	}
	return p.copied[begin:end]
}

// set sets a field from a value of some kind; of a string the text is what it says.
func (p *parser) set(name, kind, text string) {
	wanted, fits := "a string or null", kind == "a string"
	switch name {
	case "duration":
		wanted, fits = "a number or null", kind == "a number"
	case "isPrivate":
		wanted, fits = "true, false or null", kind == "a boolean"
	case "id", "workspaceId", "primaryUserId":
		wanted, fits = "a string of digits", fits || kind == "a number"
		if kind == "a number" && strings.Trim(text, "0123456789") != "" {
			p.wrong(name, fmt.Sprintf("%.*s is not a whole number of at least 0", maxEcho, text))
			return
		}
	}
	if !fits {
		p.wrong(name, "must be "+wanted+", not "+kind)
		return
	}
	if field := p.call.text(name); field != nil {
		if p.texts == nil {
			p.texts = make([]string, 0, len(fieldNames))
		}
		p.texts = append(p.texts, text)
		*field = &p.texts[len(p.texts)-1]
		return
	}
	if err := p.call.set(name, text); err != nil {
		p.wrong(name, err.Error())
	}
}

func (p *parser) wrong(field, problem string) {
	p.problems = append(p.problems, FieldError{field, problem})
}

// kindOf is what a value is.
func kindOf(literal string) string {
	switch literal[0] {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case 'n':
		return "null"
	case 't', 'f':
		return "a boolean"
	}
	return "a number"
}
