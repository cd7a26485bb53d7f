package callvault

import (
	"fmt"

	"github.com/callvault/callvault/gong"
)

// MaxDocument is the largest document of a call, in bytes.
const MaxDocument = 64 << 10

// Call is what a store holds of a call: its document, and what places it.
type Call struct {
	ID        ID
	Time      Time   // when it counts as having happened: see TimeOf
	Workspace ID     // zero when it has none
	Document  []byte // the encoded gong.Call, the same bytes on every engine
}

// Position is the call's place in the one order of calls.
func (c *Call) Position() Position { return Position{Time: c.Time, ID: c.ID} }

// NewCall checks a call and encodes its document; it is the only way into a
// store. It returns a *gong.CallError with every problem it finds.
func NewCall(c *gong.Call) (Call, error) { return AppendCall(nil, c) }

// AppendCall is NewCall with the document appended to buf; the Call's Document
// is the part that was appended. It spares a batch one allocation a call.
func AppendCall(buf []byte, c *gong.Call) (Call, error) {
	var k checker
	call := Call{ID: k.id("id", &c.ID), Workspace: k.id("workspaceId", c.WorkspaceID)}
	k.text(c)
	k.times(c)
	if c.Duration != nil && *c.Duration < 0 {
		k.add("duration", "must be a whole number of at least 0")
	}
	oneOf(&k, "direction", c.Direction, gong.Directions)
	oneOf(&k, "scope", c.Scope, gong.CallScopes)
	oneOf(&k, "media", c.Media, gong.MediaTypes)
	k.further(c.Further)
	if len(k.problems) > 0 {
		return Call{}, &gong.CallError{Problems: k.problems}
	}
	document := c.AppendJSON(buf)[len(buf):]
	if len(document) > MaxDocument {
		k.add("", fmt.Sprintf("the document has %d bytes; at most %d are kept", len(document), MaxDocument))
		return Call{}, &gong.CallError{Problems: k.problems}
	}
	call.Document = document[:len(document):len(document)]
	call.Time = TimeOf(c)
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
