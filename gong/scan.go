package gong

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"
)

// maxDepth is how deep a document may be nested: the JSON functions of SQLite,
// which the views for people rest on, stop at 1000.
const maxDepth = 500

// scanner reads JSON strictly by RFC 8259. It also refuses what not every store or
// client can hold: NUL, a lone surrogate, broken UTF-8, and a name that appears twice in
// one object. encoding/json repairs these silently.
type scanner struct {
	data    []byte
	pos     int
	refused *FieldError // the first of these; they do not end the scan
}

// refuse notes a problem that does not end the scan.
func (s *scanner) refuse(err error) {
	if s.refused == nil {
		s.refused = &FieldError{Problem: err.Error()}
	}
}

// within adds a name to the path of the problem that was noted.
func (s *scanner) within(name string) {
	name = fmt.Sprintf("%.*s", maxEcho, name)
	if s.refused.Field != "" {
		name += "." + s.refused.Field
	}
	s.refused.Field = name
}

// errorf is a syntax error with its offset, which counts from 1.
func (s *scanner) errorf(format string, args ...any) error {
	return fmt.Errorf("not valid JSON: "+format+" at byte %d", append(args, s.pos+1)...)
}

func (s *scanner) unexpected() error {
	if s.pos >= len(s.data) {
		return errors.New("not valid JSON: it ends too early")
	}
	r, size := utf8.DecodeRune(s.data[s.pos:])
	if r == utf8.RuneError && size == 1 {
		return s.errorf("broken UTF-8")
	}
	return s.errorf("unexpected %q", r)
}

func (s *scanner) space() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// peek is the next byte, 0 at the end.
func (s *scanner) peek() byte {
	if s.pos >= len(s.data) {
		return 0
	}
	return s.data[s.pos]
}

// take takes one byte that must come next.
func (s *scanner) take(c byte) error {
	if s.peek() != c || s.pos >= len(s.data) {
		return s.unexpected()
	}
	s.pos++
	return nil
}

// end makes sure that nothing but white space is left.
func (s *scanner) end() error {
	s.space()
	if s.pos < len(s.data) {
		return s.unexpected()
	}
	return nil
}

// value skips one value of any kind.
func (s *scanner) value(depth int) error {
	if depth > maxDepth {
		return errDeep
	}
	switch c := s.peek(); {
	case c == '"':
		_, _, err := s.str()
		return err
	case c == '{':
		return s.object(depth)
	case c == '[':
		return s.array(depth)
	case c == '-' || isDigit(c):
		return s.number()
	case c == 't':
		return s.word("true")
	case c == 'f':
		return s.word("false")
	case c == 'n':
		return s.word("null")
	}
	return s.unexpected()
}

func (s *scanner) word(word string) error {
	for i := range len(word) {
		if err := s.take(word[i]); err != nil {
			return err
		}
	}
	return nil
}

func (s *scanner) number() error {
	if s.peek() == '-' {
		s.pos++
	}
	if s.peek() == '0' {
		s.pos++
	} else if err := s.digits(); err != nil {
		return err
	}
	if s.peek() == '.' {
		s.pos++
		if err := s.digits(); err != nil {
			return err
		}
	}
	if s.peek()|0x20 != 'e' {
		return nil
	}
	s.pos++
	if c := s.peek(); c == '+' || c == '-' {
		s.pos++
	}
	return s.digits()
}

// digits takes one digit or more.
func (s *scanner) digits() error {
	if !isDigit(s.peek()) {
		return s.unexpected()
	}
	for isDigit(s.peek()) {
		s.pos++
	}
	return nil
}

func (s *scanner) array(depth int) error {
	s.pos++
	s.space()
	if s.peek() == ']' {
		s.pos++
		return nil
	}
	for {
		s.space()
		if err := s.value(depth + 1); err != nil {
			return err
		}
		s.space()
		if s.peek() == ',' {
			s.pos++
			continue
		}
		return s.take(']')
	}
}

func (s *scanner) object(depth int) error {
	var seen names
	return s.members(func(raw []byte, escaped bool) error {
		before := s.refused
		if !seen.add(raw, escaped) {
			s.refuse(errTwice)
		}
		err := s.value(depth + 1)
		if s.refused != before {
			s.within(decode(raw, escaped))
		}
		return err
	})
}

// members goes through an object and calls member at the value of each. The
// name is as it stands between the quotation marks.
func (s *scanner) members(member func(raw []byte, escaped bool) error) error {
	if err := s.take('{'); err != nil {
		return err
	}
	s.space()
	if s.peek() == '}' {
		s.pos++
		return nil
	}
	for {
		s.space()
		if s.peek() != '"' {
			return s.unexpected()
		}
		before := s.refused
		raw, escaped, err := s.str()
		if err != nil {
			return err
		}
		if s.refused != before {
			s.refused.Problem = fmt.Sprintf("the name %.*q %s", maxEcho, decode(raw, escaped), s.refused.Problem)
		}
		s.space()
		if err := s.take(':'); err != nil {
			return err
		}
		s.space()
		if err := member(raw, escaped); err != nil {
			return err
		}
		s.space()
		if s.peek() == ',' {
			s.pos++
			continue
		}
		return s.take('}')
	}
}

// names is a set of the names in an object: a small one takes no memory of its own.
type names struct {
	few  [24][]byte // a call has 20 fields
	n    int        // of them
	many map[string]bool
}

// add adds a name as it stands in the object, unless it is there.
func (n *names) add(raw []byte, escaped bool) bool {
	if escaped {
		raw = []byte(decode(raw, true))
	}
	for _, other := range n.few[:n.n] {
		if bytes.Equal(other, raw) {
			return false
		}
	}
	if n.n < len(n.few) {
		n.few[n.n] = raw
		n.n++
		return true
	}
	if n.many[string(raw)] {
		return false
	}
	if n.many == nil {
		n.many = make(map[string]bool)
	}
	n.many[string(raw)] = true
	return true
}
