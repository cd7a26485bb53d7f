package bulk

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// wrapped is the result of unwrap.
type wrapped struct {
	call      []byte   // the call in it, or the record itself if that is not a wrapper
	left      []string // names of what is dropped
	isMessage bool     // a message without a record, such as a state of Singer
	problem   string   // why there is no call, if import should report it
}

// unwrap looks for a call in a record without an id: in the answers of
// /v2/calls/extensive and /v2/calls/{id}, and in what Airbyte and Singer write.
func unwrap(record []byte) wrapped {
	const most = 4 // an extensive call in a message of Airbyte
	w := wrapped{call: record}
	for range most {
		m := membersOf(w.call)
		if m["id"] != nil {
			break
		}
		inner := w.within(m)
		if inner == nil {
			break
		}
		w.call = inner
	}
	return w
}

// within is the value that a wrapper contains, or nil.
func (w *wrapped) within(m map[string][]byte) []byte {
	kind, stream, record := textOf(m["type"]), textOf(m["stream"]), m["record"]
	switch {
	case isObject(m["metaData"]): // of /v2/calls/extensive
		inner := m["metaData"]
		delete(m, "metaData")
		w.left = slices.Sorted(maps.Keys(m))
		return inner
	case isObject(m["call"]) && m["requestId"] != nil: // of /v2/calls/{id}
		return m["call"]
	case isObject(m["_airbyte_data"]):
		return m["_airbyte_data"]
	case textOf(m["_airbyte_data"]) != "":
		return []byte(textOf(m["_airbyte_data"]))
	case m["errors"] != nil:
		w.problem = "this is an error answer of the API, not a page of calls"
	case m["requestId"] != nil:
		w.problem = "this is an answer of the API without a list of calls"
	case kind == "BATCH" && m["manifest"] != nil:
		w.problem = "a BATCH message names other files; import those"
	case kind != "RECORD" || !isObject(record):
		w.isMessage = slices.ContainsFunc(messages[kind], func(name string) bool { return m[name] != nil })
	default:
		if ofAirbyte := membersOf(record); ofAirbyte["stream"] != nil && isObject(ofAirbyte["data"]) {
			stream, record = textOf(ofAirbyte["stream"]), ofAirbyte["data"]
		}
		if strings.Contains(strings.ToLower(stream), "call") {
			return record
		}
		w.problem = fmt.Sprintf("it belongs to the stream %.40q; import reads streams with \"call\" in their name", stream)
	}
	return nil
}

// messages are the messages of Singer and Airbyte without a record. Each has one of these
// members.
var messages = map[string][]string{
	"SCHEMA": {"schema"}, "STATE": {"value", "state"}, "ACTIVATE_VERSION": {"version"}, // Singer, and Airbyte's state
	"LOG": {"log"}, "TRACE": {"trace"}, "CONTROL": {"control"}, "SPEC": {"spec"}, "CATALOG": {"catalog"},
	"CONNECTION_STATUS": {"connectionStatus"},
}

// membersOf returns the members of an object with their raw values. It is nil if a name
// appears twice.
func membersOf(object []byte) map[string][]byte {
	decoder := jsontext.NewDecoder(bytes.NewReader(object), asSent...)
	if begin, err := decoder.ReadToken(); err != nil || begin.Kind() != '{' {
		return nil
	}
	found := make(map[string][]byte)
	for decoder.PeekKind() == '"' {
		token, err := decoder.ReadToken()
		if err != nil {
			return nil
		}
		name := token.String()
		value, err := decoder.ReadValue()
		if err != nil || found[name] != nil {
			return nil
		}
		end := int(decoder.InputOffset())
		found[name] = object[end-len(value) : end]
	}
	return found
}

func isObject(value []byte) bool { return len(value) > 0 && value[0] == '{' }

// textOf is the text of a string; empty for other values, and for a string that is not
// valid Unicode.
func textOf(value []byte) string {
	text, err := jsontext.AppendUnquote(nil, value)
	if err != nil {
		return ""
	}
	return string(text)
}
