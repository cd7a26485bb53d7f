package gong

import (
	"encoding/json"
	"unicode/utf16"
	"unicode/utf8"
)

// isPlain tells which bytes of a string need no look: ASCII but control characters, the
// quotation mark and the backslash.
var isPlain = func() (plain [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		plain[c] = c != '"' && c != '\\'
	}
	return plain
}()

// str takes a string and returns what stands between its quotation marks, and
// whether there are escapes in it.
func (s *scanner) str() (raw []byte, escaped bool, err error) {
	s.pos++
	begin := s.pos
	for s.pos < len(s.data) {
		rest := s.data[s.pos:]
		n := 0
		for n < len(rest) && isPlain[rest[n]] {
			n++
		}
		if s.pos += n; n == len(rest) {
			break
		}
		c := rest[n]
		switch {
		case c == '"':
			s.pos++
			return s.data[begin : s.pos-1], escaped, nil
		case c == '\\':
			escaped = true
			if err := s.escape(); err != nil {
				return nil, false, err
			}
		case c < ' ':
			return nil, false, s.errorf("a control character in a string")
		default:
			r, size := utf8.DecodeRune(rest[n:])
			if r == utf8.RuneError && size == 1 {
				s.refuse(errUTF8)
			}
			s.pos += size
		}
	}
	return nil, false, s.unexpected()
}

// escape takes an escape, two for a pair of surrogates.
func (s *scanner) escape() error {
	if s.pos+1 >= len(s.data) {
		s.pos = len(s.data)
		return s.unexpected()
	}
	switch s.data[s.pos+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.pos += 2
		return nil
	case 'u':
	default:
		return s.errorf("an unknown escape")
	}
	r, ok := hex4(s.data[s.pos:])
	switch {
	case !ok:
		return s.errorf("an escape without four hexadecimal digits")
	case r == 0:
		s.refuse(errNUL)
	case utf16.IsSurrogate(r):
		if low, _ := hex4(s.data[s.pos+6:]); utf16.DecodeRune(r, low) != utf8.RuneError {
			s.pos += 12
			return nil
		}
		s.refuse(errSurrogate)
	}
	s.pos += 6
	return nil
}

// hex4 is the number in an escape \uXXXX that b begins with.
func hex4(b []byte) (r rune, ok bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	for _, c := range b[2:6] {
		switch {
		case isDigit(c):
			r = r<<4 | rune(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

// decode is the text of a string that str took.
func decode(raw []byte, escaped bool) string {
	if !escaped {
		return string(raw)
	}
	var text string
	quoted := append(append([]byte{'"'}, raw...), '"')
	if err := json.Unmarshal(quoted, &text); err != nil {
		panic(err) // the scanner is stricter than encoding/json
	}
	return text
}
