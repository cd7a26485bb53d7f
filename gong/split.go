package gong

import (
	"encoding/json"
	"fmt"
	"slices"
)

// A page is split without a copy and without the rules of ParseCall: a call that breaks
// them must not spoil the others.

// eachMember calls member for the known members of a valid JSON object. A known one that
// appears twice is an error.
func eachMember(object []byte, known []string, member func(name string, value []byte) error) error {
	s := scanner{data: object}
	s.space()
	seen := make(map[string]bool, len(known))
	return s.members(func(raw []byte, escaped bool) error {
		name := decode(raw, escaped)
		value := s.skip()
		if !slices.Contains(known, name) {
			return nil
		}
		if seen[name] {
			return fmt.Errorf("its %q appears twice", name)
		}
		seen[name] = true
		return member(name, value)
	})
}

// elements are the elements of a valid JSON array, up to a limit.
func elements(array []byte, most int) (found []json.RawMessage) {
	s := scanner{data: array}
	for s.pos++; len(found) < most; s.pos++ {
		s.space()
		if s.peek() == ']' {
			break
		}
		found = append(found, s.skip())
		s.space()
		if s.peek() == ']' {
			break
		}
	}
	return found
}

// skip skips a value of valid JSON and returns it.
func (s *scanner) skip() []byte {
	begin := s.pos
	for depth := 0; ; {
		switch s.peek() {
		case '"':
			s.skipString()
		case '{', '[':
			depth++
			s.pos++
		case '}', ']':
			depth--
			s.pos++
		case ',', ':', ' ', '\t', '\r', '\n':
			s.pos++
			continue // they neither begin nor end a value
		default:
			s.skipLiteral()
		}
		if depth == 0 {
			return s.data[begin:s.pos]
		}
	}
}

// skipString skips a string.
func (s *scanner) skipString() {
	for s.pos++; s.data[s.pos] != '"'; s.pos++ {
		if s.data[s.pos] == '\\' {
			s.pos++
		}
	}
	s.pos++
}

// skipLiteral skips a number, true, false or null.
func (s *scanner) skipLiteral() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ',', '}', ']', ' ', '\t', '\r', '\n':
			return
		}
		s.pos++
	}
}

// kindOfJSON names the kind of a JSON value.
func kindOfJSON(value []byte) string {
	switch value[0] {
	case '"':
		return "a string"
	case 'n':
		return "null"
	}
	return kindOf(string(value[:1]))
}

// textOf is the text of a JSON string, and empty for any other value.
func textOf(value []byte) (text string) {
	if json.Unmarshal(value, &text) != nil {
		return ""
	}
	return text
}
