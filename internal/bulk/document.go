package bulk

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/callvault/callvault/gong"
)

// fieldCount is how many fields the contract has.
const fieldCount = 20

// values are those of a document's fields, in the contract's order, as they
// stand in the document; nil where the field is null.
type values [fieldCount][]byte

// splitter takes documents apart. It knows how gong.Call encodes a document and
// does not check it again: that spares what takes most of the time of a file
// with columns.
type splitter struct {
	names [fieldCount][]byte // what stands before each value
}

func newSplitter() *splitter {
	var s splitter
	for i, name := range gong.FieldNames() {
		s.names[i] = fmt.Appendf(nil, ",%q:", name)
	}
	s.names[0][0] = '{'
	return &s
}

// errDocument is of bytes that gong.Call does not write.
var errDocument = errors.New("it is not in the form that a store keeps; 'callvault check' tells more")

// split finds the values of a document's fields.
func (s *splitter) split(document []byte, v *values) error {
	rest := document
	for i, name := range s.names {
		if !bytes.HasPrefix(rest, name) {
			return fmt.Errorf("the document %.60q: %w", document, errDocument)
		}
		rest = rest[len(name):]
		n := valueLength(rest)
		if n <= 0 {
			return fmt.Errorf("the document %.60q: %w", document, errDocument)
		}
		v[i], rest = rest[:n], rest[n:]
		if v[i][0] == 'n' {
			v[i] = nil
		}
	}
	return nil
}

// valueLength is how long the string, number or word is that data begins with; 0
// when there is none.
func valueLength(data []byte) int {
	if len(data) == 0 || data[0] != '"' {
		return bytes.IndexAny(data, ",}")
	}
	for i := 1; ; {
		n := bytes.IndexByte(data[i:], '"')
		if n < 0 {
			return 0
		}
		i += n + 1
		escapes := 0
		for data[i-2-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return i
		}
	}
}

// unquote is the text of a string in a document. It is a part of raw, or of
// scratch, which is returned for the next.
func unquote(raw, scratch []byte) (text, next []byte) {
	inner := raw[1 : len(raw)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return inner, scratch
	}
	scratch = scratch[:0]
	for len(inner) > 0 {
		i := bytes.IndexByte(inner, '\\')
		if i < 0 || i+1 == len(inner) {
			scratch = append(scratch, inner...)
			break
		}
		scratch = append(scratch, inner[:i]...)
		scratch, inner = appendUnescaped(scratch, inner[i+1:])
	}
	return scratch, scratch
}

// appendUnescaped appends what the escape means that rest begins with, without
// its backslash, and returns what follows it.
func appendUnescaped(dst, rest []byte) (text, after []byte) {
	switch c := rest[0]; c {
	case 'b':
		dst = append(dst, '\b')
	case 'f':
		dst = append(dst, '\f')
	case 'n':
		dst = append(dst, '\n')
	case 'r':
		dst = append(dst, '\r')
	case 't':
		dst = append(dst, '\t')
	case 'u': // of a control character: there are no others in a document
		digits := rest[1:min(5, len(rest))]
		code, _ := strconv.ParseUint(string(digits), 16, 16)
		return utf8.AppendRune(dst, rune(code)), rest[1+len(digits):]
	default:
		dst = append(dst, c)
	}
	return dst, rest[1:]
}
