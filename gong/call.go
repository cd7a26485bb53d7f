package gong

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
)

// Call is a call's document: the contract's twenty fields in the contract's
// order, nil where the wire has null, and whatever further fields its source
// sent.
type Call struct {
	ID              string // decimal digits, up to 20; may be empty
	URL             *string
	Title           *string
	Scheduled       *Time
	Started         *Time
	Duration        *int64 // seconds
	PrimaryUserID   *string
	Direction       *Direction
	System          *string
	Scope           *CallScope
	Media           *Media
	Language        *string // ISO 639-2/B
	WorkspaceID     *string // decimal digits, up to 20
	SDRDisposition  *string
	ClientUniqueID  *string
	CustomData      *string
	Purpose         *string
	MeetingURL      *string
	IsPrivate       *bool
	CalendarEventID *string

	// Further are the fields beyond the contract's, in the order they were
	// sent: "Gong may, without prior warning, add fields to the JSON output".
	Further []Field
}

// Date is what the contract means by "the date" of a call, which it is listed by:
// the scheduled time of a web conference, otherwise the time it started, and the
// scheduled time when nothing else is known. It is zero when neither is.
func (c *Call) Date() Time {
	conference := c.Direction != nil && *c.Direction == Conference
	at := c.Started
	if at == nil || conference && c.Scheduled != nil {
		at = c.Scheduled
	}
	if at == nil {
		return Time{}
	}
	return *at
}

// Field is a field that the contract does not name. Its value is compact JSON
// with the bytes of strings and numbers as they were sent.
type Field struct {
	Name  string
	Value json.RawMessage
}

// Direction is the direction of a call.
type Direction string

// The directions of the contract.
const (
	Inbound          Direction = "Inbound"
	Outbound         Direction = "Outbound"
	Conference       Direction = "Conference"
	DirectionUnknown Direction = "Unknown"
)

// Directions are the directions of the contract, in its order.
func Directions() []Direction { return slices.Clone(directions[:]) }

var directions = [...]Direction{Inbound, Outbound, Conference, DirectionUnknown}

// CallScope tells whether all participants of a call are of the company.
type CallScope string

// The scopes of the contract.
const (
	Internal     CallScope = "Internal"
	External     CallScope = "External"
	ScopeUnknown CallScope = "Unknown"
)

// CallScopes are the scopes of the contract, in its order.
func CallScopes() []CallScope { return slices.Clone(callScopes[:]) }

var callScopes = [...]CallScope{Internal, External, ScopeUnknown}

// Media is the kind of a call's recording.
type Media string

// The media of the contract.
const (
	Video Media = "Video"
	Audio Media = "Audio"
)

// MediaTypes are the media of the contract, in its order.
func MediaTypes() []Media { return slices.Clone(mediaTypes[:]) }

var mediaTypes = [...]Media{Video, Audio}

// fieldNames are the contract's fields in its order; a field's place in it is
// its number everywhere in this package.
var fieldNames = [...]string{
	"id", "url", "title", "scheduled", "started", "duration", "primaryUserId", "direction", "system", "scope",
	"media", "language", "workspaceId", "sdrDisposition", "clientUniqueId", "customData", "purpose", "meetingUrl",
	"isPrivate", "calendarEventId",
}

// FieldNames are the names of the contract's fields, in its order.
func FieldNames() []string { return slices.Clone(fieldNames[:]) }

// IsField tells whether the contract names a field so; case counts.
func IsField(name string) bool { return fieldNumber([]byte(name)) >= 0 }

// fieldNumber is the number of the field with a name, or -1.
func fieldNumber(name []byte) int {
	for i := range fieldNames {
		if fieldNames[i] == string(name) {
			return i
		}
	}
	return -1
}

// text is where the text of a field is kept, or nil for a field of another kind.
func (c *Call) text(name string) **string {
	switch name {
	case "url":
		return &c.URL
	case "title":
		return &c.Title
	case "primaryUserId":
		return &c.PrimaryUserID
	case "system":
		return &c.System
	case "language":
		return &c.Language
	case "workspaceId":
		return &c.WorkspaceID
	case "sdrDisposition":
		return &c.SDRDisposition
	case "clientUniqueId":
		return &c.ClientUniqueID
	case "customData":
		return &c.CustomData
	case "purpose":
		return &c.Purpose
	case "meetingUrl":
		return &c.MeetingURL
	case "calendarEventId":
		return &c.CalendarEventID
	}
	return nil
}

// FieldError says what is wrong with a field. Field is empty when it is the
// record as a whole.
type FieldError struct {
	Field   string
	Problem string
}

func (e *FieldError) Error() string {
	if e.Field == "" {
		return e.Problem
	}
	return e.Field + ": " + e.Problem
}

// CallError is everything that is wrong with a call.
type CallError struct {
	Problems []FieldError
}

func (e *CallError) Error() string {
	texts := make([]string, len(e.Problems))
	for i := range e.Problems {
		texts[i] = e.Problems[i].Error()
	}
	return strings.Join(texts, "; ")
}

// ErrUnknownField is returned for the name of a field that the contract does
// not have.
var ErrUnknownField = errors.New("not a field of the contract")
