package api

import (
	"bytes"

	"github.com/callvault/callvault"
)

// In a stored document the contract's twenty fields come first, and in a text a quotation
// mark follows a backslash. So the first `"name":` is the field of that name.

// appendDocument writes a call as it is stored.
func appendDocument(dst []byte, r callvault.Record) []byte { return append(dst, r.Document...) }

// primaryUser is the primaryUserId of a document in its quotes, or nil.
func primaryUser(document []byte) []byte {
	_, value, found := bytes.Cut(document, []byte(`"primaryUserId":`))
	if !found || len(value) == 0 || value[0] != '"' {
		return nil
	}
	for i := 1; i < len(value); i++ {
		switch value[i] {
		case '\\':
			i++
		case '"':
			return value[:i+1]
		}
	}
	return nil
}
