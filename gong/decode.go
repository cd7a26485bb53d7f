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

// parser is a scanner that fills a call.
type parser struct {
	scanner
	call     Call
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
	number := -1
	if escaped {
		number = fieldNumber([]byte(decode(raw, true)))
	} else {
		number = fieldNumber(raw)
	}
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
	switch p.peek() {
	case '"':
		raw, escaped, err := p.str()
		if err == nil && !p.isRefused(name) {
			p.setString(name, decode(raw, escaped))
		}
		return err
	case 'n':
		err := p.word("null")
		p.isRefused(name)
		return err
	}
	if err := p.value(2); err != nil {
		return err
	}
	if !p.isRefused(name) {
		p.setLiteral(name, string(p.data[begin:p.pos]))
	}
	return nil
}

// setString sets a field that was sent as a string.
func (p *parser) setString(name, text string) {
	switch name {
	case "duration":
		p.wrong(name, "must be a number or null, not a string")
	case "isPrivate":
		p.wrong(name, "must be true, false or null, not a string")
	default:
		if err := p.call.set(name, text); err != nil {
			p.wrong(name, err.Error())
		}
	}
}

// setLiteral sets a field that was sent as something other than a string.
func (p *parser) setLiteral(name, literal string) {
	kind := kindOf(literal)
	switch name {
	case "id", "workspaceId", "primaryUserId":
		if kind != "a number" {
			p.wrong(name, "must be a string of digits, not "+kind)
			return
		}
		if strings.Trim(literal, "0123456789") != "" {
			p.wrong(name, fmt.Sprintf("%.*s is not a whole number of at least 0", maxEcho, literal))
			return
		}
		p.call.set(name, literal)
	case "duration":
		if kind != "a number" {
			p.wrong(name, "must be a number or null, not "+kind)
			return
		}
		if err := p.call.set(name, literal); err != nil {
			p.wrong(name, err.Error())
		}
	case "isPrivate":
		if kind != "a boolean" {
			p.wrong(name, "must be true, false or null, not "+kind)
			return
		}
		p.call.set(name, literal)
	default:
		p.wrong(name, "must be a string or null, not "+kind)
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
