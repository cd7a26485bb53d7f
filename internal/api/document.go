package api

import (
	"bytes"
	"strings"
)

// In a stored document the contract's twenty fields come first, and in a text a quotation
// mark follows a backslash. So the first `"name":` is the field of that name.

// appendDocument writes a call as it is stored.
func appendDocument(dst, document []byte) []byte { return append(dst, document...) }

// callID is the id of a document.
func callID(document []byte) []byte {
	id, _, _ := bytes.Cut(bytes.TrimPrefix(document, []byte(`{"id":"`)), []byte(`"`))
	return id
}

// appendFilled writes a call with "" for the contract's texts that are null, and Unknown
// where the contract has that. Times, numbers, and the media, which can't be unknown, stay
// null.
func appendFilled(dst, document []byte) []byte {
	var further []byte
	if end := bytes.Index(document, []byte(`"calendarEventId":`)); end >= 0 {
		end = min(len(document), end+len(`"calendarEventId":null`))
		document, further = document[:end], document[end:]
	}
	for {
		name, rest, found := bytes.Cut(document, []byte(`":null`))
		dst = append(dst, name...)
		if !found {
			return append(dst, further...)
		}
		dst = append(append(dst, `":`...), filled(name)...)
		document = rest
	}
}

// filled is what stands for the null of a field, whose name ends a part of a document.
func filled(part []byte) string {
	name := string(part[bytes.LastIndexByte(part, '"')+1:])
	switch name {
	case "scheduled", "started", "duration", "media", "isPrivate":
		return "null"
	case "direction", "scope":
		return `"Unknown"`
	}
	if strings.HasSuffix(name, `\`) { // the mark is one in a text
		return "null"
	}
	return `""`
}
