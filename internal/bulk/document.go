package bulk

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/callvault/callvault"
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
var errDocument = errors.New("it is not in the form that a store keeps; run 'callvault check'")

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

// names are what people call the host and the workspace of a document, empty where
// nobody has named them.
func (v *values) names(from callvault.EntryNames) (names [2]string) {
	for i, of := range [...]struct {
		field int
		kind  callvault.Kind
	}{{hostField, callvault.Users}, {workspaceField, callvault.Workspaces}} {
		if raw := v[of.field]; from.Has(of.kind) && len(raw) > 0 && raw[0] == '"' {
			names[i] = from.Of(of.kind, string(unquote(raw)))
		}
	}
	return names
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

// unquote is the text of a string in a document.
func unquote(raw []byte) []byte {
	inner := raw[1 : len(raw)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return inner
	}
	var text string
	json.Unmarshal(raw, &text) // gong.Call wrote it
	return []byte(text)
}
