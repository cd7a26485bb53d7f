package bulk

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/callvault/callvault/gong"
)

// wrapped is the result of unwrap.
type wrapped struct {
	call      []byte   // the call in it; nil if the record is not a wrapper
	left      []string // names of what is dropped
	isMessage bool     // a message without a record, such as a state of Singer
	problem   string   // why there is no call, if import should report it
}

// unwrap looks for a call in a record without an id: in the answers of
// /v2/calls/extensive and /v2/calls/{id}, and in what Airbyte and Singer write.
func unwrap(record []byte) (w wrapped) {
	const most = 4 // an extensive call in a message of Airbyte
	for range most {
		m := membersOf(record)
		inner := w.within(m)
		if m["id"] != nil || inner == nil {
			return w
		}
		w.call, record = inner, inner
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
		w.problem = fmt.Sprintf("it is of the stream %.40q; calls are in a stream of calls", stream)
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
	r := jsonReader{stream: &stream{chunk: object, err: io.EOF, lead: -1, mark: noMark}}
	if r.expect('{') != nil {
		return nil
	}
	r.take()
	found := make(map[string][]byte)
	err := r.members(0, func(name []byte, _ byte) error {
		key, begin := string(name), r.pos
		if found[key] != nil {
			return errSyntax
		}
		err := r.value(1)
		found[key] = object[begin:r.pos]
		return err
	})
	if err != nil {
		return nil
	}
	return found
}

func isObject(value []byte) bool { return len(value) > 0 && value[0] == '{' }

// textOf is the text of a string; empty for other values.
func textOf(value []byte) (s string) {
	if len(value) == 0 || value[0] != '"' || gong.ValidRaw(value) != nil {
		return ""
	}
	json.Unmarshal(value, &s) // it is valid
	return s
}
