package callvault

import (
	"fmt"

	"github.com/callvault/callvault/gong"
)

// MaxDocument is the largest document, in bytes.
const MaxDocument = 64 << 10

// Call is what a store holds of a call: its document, and what places it. ParseCall and
// NewCall make one, and a store takes nothing else.
type Call struct {
	ID        ID
	Time      Time   // when it counts as having happened: see TimeOf
	Workspace ID     // zero when it has none
	Document  []byte // the encoded gong.Call, the same bytes on every engine
}

// Position is the call's place in the one order of calls.
func (c *Call) Position() Position { return Position{Time: c.Time, ID: c.ID} }

// ParseCall reads a call from its JSON, in the form of the wire. It returns a
// *gong.CallError with every problem it finds.
func ParseCall(data []byte) (Call, error) {
	c, err := gong.ParseCall(data)
	if err != nil {
		return Call{}, err
	}
	return AppendCall(nil, &c)
}

// NewCall checks a call that was built by hand: it encodes the call and reads it with
// ParseCall.
func NewCall(c *gong.Call) (Call, error) { return ParseCall(c.AppendJSON(nil)) }

// AppendCall is the end of ParseCall, for an import. It takes what gong has checked: a
// call that gong.ParseCall read, or whose fields SetText set. The document is appended to
// buf, and the Call's Document is the part that was appended.
func AppendCall(buf []byte, c *gong.Call) (Call, error) {
	var k checker
	call := Call{ID: k.id("id", c.ID), Time: TimeOf(c)}
	if c.WorkspaceID != nil {
		call.Workspace = k.id("workspaceId", *c.WorkspaceID)
	}
	if c.Started == nil && c.Scheduled == nil {
		k.add("started", "must not be null when scheduled is null too")
	}
	k.year("scheduled", c.Scheduled)
	k.year("started", c.Started)
	document := c.AppendJSON(buf)[len(buf):]
	k.size(document)
	if err := k.err(); err != nil {
		return Call{}, err
	}
	call.Document = document[:len(document):len(document)]
	return call, nil
}

// TimeOf is the time that a call's date falls into; 0 when it has none.
func TimeOf(c *gong.Call) Time {
	date := c.Date()
	if date.IsZero() {
		return 0
	}
	return FloorTime(date.Instant())
}

// checker collects what is wrong with a document that gong has read.
type checker struct {
	problems []gong.FieldError
}

func (k *checker) add(field, problem string) {
	k.problems = append(k.problems, gong.FieldError{Field: field, Problem: problem})
}

func (k *checker) id(field, digits string) ID {
	if err := gong.ValidID(digits); err != nil {
		k.add(field, err.Error())
		return ID{}
	}
	id, _ := ParseID(digits) // ValidID is stricter
	return id
}

// year refuses an instant whose year the wire can't write in UTC, as a cursor does.
func (k *checker) year(field string, t *gong.Time) {
	if t == nil {
		return
	}
	if year := t.Instant().Year(); year < 0 || year > 9999 {
		k.add(field, fmt.Sprintf("%s is outside the years 0000 to 9999 in UTC", t))
	}
}

func (k *checker) size(document []byte) {
	if len(document) > MaxDocument {
		k.add("", fmt.Sprintf("the document has %d bytes; shorten it to %d", len(document), MaxDocument))
	}
}

// err is a *gong.CallError, or nil if nothing is wrong.
func (k *checker) err() error {
	if len(k.problems) == 0 {
		return nil
	}
	return &gong.CallError{Problems: k.problems}
}
