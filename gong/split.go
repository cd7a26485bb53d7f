package gong

import (
	"encoding/json"
	"fmt"
	"slices"
)

// A page is split without a copy and without the rules of ParseCall: a call that breaks
// them must not spoil the others. These take JSON that may be nested as deep as
// encoding/json takes it.
const anyDepth = maxDepth - 10_000

// raw takes a value and returns it as it stands.
func (s *scanner) raw() ([]byte, error) {
	begin := s.pos
	err := s.value(anyDepth)
	return s.data[begin:s.pos], err
}

// eachMember calls member for the known members of a JSON object. A known one that appears
// twice is an error, as is what is not JSON.
func eachMember(object []byte, known []string, member func(name string, value []byte) error) error {
	s := scanner{data: object}
	s.space()
	seen := make(map[string]bool, len(known))
	err := s.members(func(raw []byte, escaped bool) error {
		name := decode(raw, escaped)
		value, err := s.raw()
		switch {
		case err != nil || !slices.Contains(known, name):
			return err
		case seen[name]:
			return fmt.Errorf("its %q appears twice", name)
		}
		seen[name] = true
		return member(name, value)
	})
	if err != nil {
		return err
	}
	return s.end()
}

// elements are the elements of a valid JSON array, up to a limit.
func elements(array []byte, most int) (found []json.RawMessage) {
	s := scanner{data: array, pos: 1}
	for s.space(); s.peek() != ']' && len(found) < most; s.space() {
		if s.peek() == ',' {
			s.pos++
			continue
		}
		value, _ := s.raw()
		found = append(found, value)
	}
	return found
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
