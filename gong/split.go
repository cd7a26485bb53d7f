package gong

import (
	"encoding/json"
	"fmt"
	"slices"
)

// A page is taken apart without a copy, and without a look into its calls: one
// that breaks the rules of ParseCall must not take the others with it.

// eachMember calls member for those members of a valid JSON object that are
// known. A known one that is there twice is an error.
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

// elements are the elements of a valid JSON array, at most so many.
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

// skip takes a value of valid JSON.
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
			continue // none ends a value, and a value begins with none
		default:
			s.skipLiteral()
		}
		if depth == 0 {
			return s.data[begin:s.pos]
		}
	}
}

// skipString takes a string.
func (s *scanner) skipString() {
	for s.pos++; s.data[s.pos] != '"'; s.pos++ {
		if s.data[s.pos] == '\\' {
			s.pos++
		}
	}
	s.pos++
}

// skipLiteral takes a number, true, false or null.
func (s *scanner) skipLiteral() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ',', '}', ']', ' ', '\t', '\r', '\n':
			return
		}
		s.pos++
	}
}

// kindOfJSON is what a JSON value is, in words.
func kindOfJSON(value []byte) string {
	switch value[0] {
	case '"':
		return "a string"
	case 'n':
		return "null"
	}
	return kindOf(string(value[:1]))
}

// textOf is the text of a valid JSON string, and empty for another value.
func textOf(value []byte) (text string) {
	if json.Unmarshal(value, &text) != nil {
		return ""
	}
	return text
}
