package gong

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// User is a user's document: the fields of the wire in its order, nil where it has null, and
// further fields as they were sent. Only the id must be there.
type User struct {
	ID                    string // decimal digits, up to 20; may be empty
	EmailAddress          *string
	Created               *Time
	Active                *bool
	EmailAliases          json.RawMessage // an array
	TrustedEmailAddress   *string
	FirstName             *string
	LastName              *string
	Title                 *string
	PhoneNumber           *string
	Extension             *string
	PersonalMeetingURLs   json.RawMessage // an array
	Settings              json.RawMessage // an object
	ManagerID             *string
	MeetingConsentPageURL *string
	ConferencingProviders json.RawMessage
	SpokenLanguages       json.RawMessage // an array
	Further               []Field
}

// Workspace is a workspace's document, as User is a user's.
type Workspace struct {
	ID          string // decimal digits, up to 20; may be empty
	Name        *string
	Description *string
	Further     []Field
}

// ParseUser reads one JSON object as a user. It is as strict and as lax as ParseCall.
func ParseUser(data []byte) (User, error) {
	u := User{}
	if err := parseEntry(data, u.members(), &u.Further); err != nil {
		return User{}, err
	}
	return u, nil
}

// ParseWorkspace reads one JSON object as a workspace, as ParseUser does a user.
func ParseWorkspace(data []byte) (Workspace, error) {
	w := Workspace{}
	if err := parseEntry(data, w.members(), &w.Further); err != nil {
		return Workspace{}, err
	}
	return w, nil
}

// AppendJSON appends the document: every field of the wire, null where unset, then the
// further ones. What ParseUser reads from it encodes to the same bytes.
func (u *User) AppendJSON(dst []byte) []byte { return appendEntry(dst, u.members(), u.Further) }

// AppendJSON appends the document, as that of a User.
func (w *Workspace) AppendJSON(dst []byte) []byte { return appendEntry(dst, w.members(), w.Further) }

// entryMember is a field of a user or a workspace, and where its value is kept.
type entryMember struct {
	name  string
	value any // *string, **string, **Time, **bool or *json.RawMessage
	kind  string
}

// The kinds of values, as errors name them.
const (
	aDigits  = "a string of digits"
	aString  = "a string"
	aTime    = "a time"
	aBoolean = "a boolean"
	anArray  = "an array"
	anObject = "an object"
	anything = ""
)

func (u *User) members() []entryMember {
	return []entryMember{
		{"id", &u.ID, aDigits},
		{"emailAddress", &u.EmailAddress, aString},
		{"created", &u.Created, aTime},
		{"active", &u.Active, aBoolean},
		{"emailAliases", &u.EmailAliases, anArray},
		{"trustedEmailAddress", &u.TrustedEmailAddress, aString},
		{"firstName", &u.FirstName, aString},
		{"lastName", &u.LastName, aString},
		{"title", &u.Title, aString},
		{"phoneNumber", &u.PhoneNumber, aString},
		{"extension", &u.Extension, aString},
		{"personalMeetingUrls", &u.PersonalMeetingURLs, anArray},
		{"settings", &u.Settings, anObject},
		{"managerId", &u.ManagerID, aDigits},
		{"meetingConsentPageUrl", &u.MeetingConsentPageURL, aString},
		{"conferencingProviders", &u.ConferencingProviders, anything},
		{"spokenLanguages", &u.SpokenLanguages, anArray},
	}
}

func (w *Workspace) members() []entryMember {
	return []entryMember{{"id", &w.ID, aDigits}, {"name", &w.Name, aString}, {"description", &w.Description, aString}}
}

func appendEntry(dst []byte, members []entryMember, further []Field) []byte {
	dst = append(dst, '{')
	for i, m := range members {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(AppendString(dst, m.name), ':')
		switch value := m.value.(type) {
		case *string:
			dst = AppendString(dst, *value)
		case **string:
			dst = appendText(dst, *value)
		case **Time:
			dst = appendTime(dst, *value)
		case **bool:
			if *value == nil {
				dst = append(dst, "null"...)
			} else {
				dst = strconv.AppendBool(dst, **value)
			}
		case *json.RawMessage:
			if *value == nil {
				dst = append(dst, "null"...)
			} else {
				dst = append(dst, *value...)
			}
		}
	}
	for _, f := range further {
		dst = append(append(AppendString(append(dst, ','), f.Name), ':'), f.Value...)
	}
	return append(dst, '}')
}

// entryParser is a scanner that fills a user or a workspace.
type entryParser struct {
	scanner
	members  []entryMember
	further  *[]Field
	seen     names
	problems []FieldError
}

// parseEntry returns a *CallError with every problem, as ParseCall does.
func parseEntry(data []byte, members []entryMember, further *[]Field) error {
	p := entryParser{scanner: scanner{data: data}, members: members, further: further}
	p.space()
	err := p.scanner.members(p.member)
	if err == nil {
		err = p.end()
	}
	if err != nil {
		return &CallError{[]FieldError{broken(data, err)}}
	}
	if len(p.problems) > 0 {
		return &CallError{p.problems}
	}
	return nil
}

// member takes the value of a field.
func (p *entryParser) member(raw []byte, escaped bool) error {
	p.tell() // what is wrong with the name
	name, at := p.find(raw, escaped)
	if !p.seen.add(raw, escaped) {
		p.refuse(errTwice)
	}
	begin := p.pos
	switch err := p.value(2); err {
	case nil:
	case errDeep:
		return &FieldError{clip(name, maxEcho), err.Error()}
	default:
		return err
	}
	value := p.data[begin:p.pos]
	switch {
	case p.refused != nil:
		p.within(name)
		p.tell()
	case at < 0:
		*p.further = append(*p.further, Field{name, compact(value)})
	default:
		if err := p.members[at].set(value); err != nil {
			p.problems = append(p.problems, FieldError{name, err.Error()})
		}
	}
	return nil
}

// find is the name of a field and its place among the members, -1 for a further field.
func (p *entryParser) find(raw []byte, escaped bool) (name string, at int) {
	if escaped {
		raw = []byte(decode(raw, true))
	}
	at = slices.IndexFunc(p.members, func(m entryMember) bool { return m.name == string(raw) })
	if at < 0 {
		return string(raw), at
	}
	return p.members[at].name, at
}

// tell adds what the scanner refused to the problems.
func (p *entryParser) tell() {
	if p.refused != nil {
		p.problems = append(p.problems, *p.refused)
		p.refused = nil
	}
}

// set sets a field from a valid JSON value.
func (m *entryMember) set(value []byte) error {
	kind := kindOf(string(value[:1]))
	if kind == "a number" && m.kind == aDigits {
		if err := ValidID(string(value)); err != nil {
			return err
		}
	} else if !m.takes(kind) {
		return m.mistyped(kind)
	}
	if kind == "null" {
		return nil
	}
	text := func() string {
		if kind != aString {
			return string(value)
		}
		value := value[1 : len(value)-1]
		return decode(value, bytes.IndexByte(value, '\\') >= 0)
	}
	switch at := m.value.(type) {
	case *string:
		*at = text()
	case **string:
		*at = new(text())
	case **Time:
		return setParsed(at, text(), ParseTime)
	case **bool:
		*at = new(value[0] == 't')
	case *json.RawMessage:
		*at = compact(value)
	}
	return nil
}

// takes tells whether a field takes a kind of value.
func (m *entryMember) takes(kind string) bool {
	isText := kind == aString && (m.kind == aDigits || m.kind == aTime)
	return isText || kind == m.kind || kind == "null" || m.kind == anything
}

func (m *entryMember) mistyped(kind string) error {
	wanted := m.kind + " or null"
	switch m.kind {
	case aDigits:
		wanted = m.kind
	case aBoolean:
		wanted = "true, false or null"
	}
	return fmt.Errorf("must be %s, not %s", wanted, kind)
}
