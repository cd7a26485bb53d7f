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
		return Call{}, &CallError{[]FieldError{{Problem: err.Error()}}}
	}
	if len(p.problems) > 0 {
		return Call{}, &CallError{p.problems}
	}
	return p.call, nil
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
	number := -1
	if escaped {
		number = fieldNumber([]byte(decode(raw, true)))
	} else {
		number = fieldNumber(raw)
	}
	if number < 0 {
		return p.keep(decode(raw, escaped))
	}
	if p.seen&(1<<number) != 0 {
		return p.errorf("the name %q is there twice", fieldNames[number])
	}
	p.seen |= 1 << number
	return p.field(fieldNames[number])
}

// keep keeps a field that the contract does not name.
func (p *parser) keep(name string) error {
	if !p.further.add(name) {
		return p.errorf("the name %.*q is there twice", maxEcho, name)
	}
	begin := p.pos
	if err := p.value(2); err != nil {
		return err
	}
	p.call.Further = append(p.call.Further, Field{name, compact(p.data[begin:p.pos])})
	return nil
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
func (p *parser) field(name string) error {
	switch c := p.peek(); {
	case c == 'n':
		return p.word("null")
	case c == '"':
		raw, escaped, err := p.str()
		if err != nil {
			return err
		}
		p.setString(name, decode(raw, escaped))
		return nil
	}
	begin := p.pos
	if err := p.value(2); err != nil {
		return err
	}
	p.setLiteral(name, string(p.data[begin:p.pos]))
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

// kindOf is what a literal that is no string and not null is.
func kindOf(literal string) string {
	switch literal[0] {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case 't', 'f':
		return "a boolean"
	}
	return "a number"
}

// ValidRaw tells what keeps raw JSON out of a document, or nil: it must be one
// value under the rules of ParseCall, and compact.
func ValidRaw(data []byte) error {
	s := scanner{data: data}
	if err := s.value(2); err != nil {
		return err
	}
	if err := s.end(); err != nil {
		return err
	}
	if len(compact(data)) != len(data) {
		return errSpace
	}
	return nil
}

var errSpace = errors.New("has white space outside of strings")
