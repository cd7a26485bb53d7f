package callvault

import (
	"fmt"

	"github.com/callvault/callvault/gong"
)

// checker collects what is wrong with a call.
type checker struct {
	problems []gong.FieldError
}

func (k *checker) add(field, problem string) {
	k.problems = append(k.problems, gong.FieldError{Field: field, Problem: problem})
}

// id takes an id that must be written as the wire writes it; nil is unset.
func (k *checker) id(field string, digits *string) ID {
	if digits == nil {
		return ID{}
	}
	if err := gong.ValidID(*digits); err != nil {
		k.add(field, err.Error())
		return ID{}
	}
	id, err := ParseID(*digits)
	if err != nil {
		k.add(field, err.Error())
	}
	return id
}

// text checks every text of the call: UTF-8 without NUL.
func (k *checker) text(c *gong.Call) {
	for _, t := range [...]struct {
		field string
		text  *string
	}{
		{"url", c.URL}, {"title", c.Title}, {"primaryUserId", c.PrimaryUserID}, {"system", c.System},
		{"language", c.Language}, {"sdrDisposition", c.SDRDisposition}, {"clientUniqueId", c.ClientUniqueID},
		{"customData", c.CustomData}, {"purpose", c.Purpose}, {"meetingUrl", c.MeetingURL},
		{"calendarEventId", c.CalendarEventID},
	} {
		if t.text == nil {
			continue
		}
		if err := gong.ValidText(*t.text); err != nil {
			k.add(t.field, err.Error())
		}
	}
}

// times asks for at least one of the two times, and for instants whose year
// the wire can write in UTC, as a cursor does.
func (k *checker) times(c *gong.Call) {
	if c.Started == nil && c.Scheduled == nil {
		k.add("started", "must not be null when scheduled is null too")
	}
	for _, t := range [...]struct {
		field string
		time  *gong.Time
	}{{"scheduled", c.Scheduled}, {"started", c.Started}} {
		if t.time == nil {
			continue
		}
		if year := t.time.Instant().Year(); year < 0 || year > 9999 {
			k.add(t.field, fmt.Sprintf("%s is outside the years 0000 to 9999 in UTC", t.time))
		}
	}
}

// oneOf checks a value against the contract's list.
func oneOf[T interface {
	~string
	IsValid() bool
}](k *checker, field string, value *T, accepted func() []T) {
	if value != nil && !(*value).IsValid() {
		k.add(field, fmt.Sprintf("%.40q is not one of %v", string(*value), accepted()))
	}
}

// further checks the fields beyond the contract's twenty, which may have been
// built by hand: sound names, none twice and none of the twenty, sound values.
func (k *checker) further(fields []gong.Field) {
	var seen map[string]bool
	if len(fields) > 0 {
		seen = make(map[string]bool, len(fields))
	}
	for _, f := range fields {
		switch {
		case gong.ValidText(f.Name) != nil:
			k.add(fmt.Sprintf("%.40q", f.Name), "the name "+gong.ValidText(f.Name).Error())
		case seen[f.Name]:
			k.add(f.Name, "is named twice")
		case gong.IsField(f.Name):
			k.add(f.Name, "is a field of the contract and can't stand among the further ones")
		}
		seen[f.Name] = true
		if err := gong.ValidRaw(f.Value); err != nil {
			k.add(f.Name, err.Error())
		}
	}
}
