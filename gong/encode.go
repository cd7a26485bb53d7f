package gong

import "strconv"

// AppendJSON appends the document: the contract's twenty keys in its order,
// null where unset, then the further fields. It writes no white space and
// escapes only what must be. What ParseCall reads from it is equal to the call, and
// encodes to the same bytes.
func (c *Call) AppendJSON(dst []byte) []byte {
	dst = appendText(append(dst, `{"id":`...), &c.ID)
	dst = appendText(append(dst, `,"url":`...), c.URL)
	dst = appendText(append(dst, `,"title":`...), c.Title)
	dst = appendTime(append(dst, `,"scheduled":`...), c.Scheduled)
	dst = appendTime(append(dst, `,"started":`...), c.Started)
	dst = append(dst, `,"duration":`...)
	if c.Duration == nil {
		dst = append(dst, "null"...)
	} else {
		dst = strconv.AppendInt(dst, *c.Duration, 10)
	}
	dst = appendText(append(dst, `,"primaryUserId":`...), c.PrimaryUserID)
	dst = appendText(append(dst, `,"direction":`...), (*string)(c.Direction))
	dst = appendText(append(dst, `,"system":`...), c.System)
	dst = appendText(append(dst, `,"scope":`...), (*string)(c.Scope))
	dst = appendText(append(dst, `,"media":`...), (*string)(c.Media))
	dst = appendText(append(dst, `,"language":`...), c.Language)
	dst = appendText(append(dst, `,"workspaceId":`...), c.WorkspaceID)
	dst = appendText(append(dst, `,"sdrDisposition":`...), c.SDRDisposition)
	dst = appendText(append(dst, `,"clientUniqueId":`...), c.ClientUniqueID)
	dst = appendText(append(dst, `,"customData":`...), c.CustomData)
	dst = appendText(append(dst, `,"purpose":`...), c.Purpose)
	dst = appendText(append(dst, `,"meetingUrl":`...), c.MeetingURL)
	dst = append(dst, `,"isPrivate":`...)
	if c.IsPrivate == nil {
		dst = append(dst, "null"...)
	} else {
		dst = strconv.AppendBool(dst, *c.IsPrivate)
	}
	dst = appendText(append(dst, `,"calendarEventId":`...), c.CalendarEventID)
	for i := range c.Further {
		dst = AppendString(append(dst, ','), c.Further[i].Name)
		dst = append(append(dst, ':'), c.Further[i].Value...)
	}
	return append(dst, '}')
}

func appendText(dst []byte, s *string) []byte {
	if s == nil {
		return append(dst, "null"...)
	}
	return AppendString(dst, *s)
}

func appendTime(dst []byte, t *Time) []byte {
	if t == nil {
		return append(dst, "null"...)
	}
	return append(t.AppendTo(append(dst, '"')), '"')
}

// AppendString appends a text as a JSON string. Only what must be is escaped:
// the quotation mark, the backslash and control characters.
func AppendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	begin := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[begin:i]...)
		begin = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\b':
			dst = append(dst, `\b`...)
		case '\f':
			dst = append(dst, `\f`...)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\t':
			dst = append(dst, `\t`...)
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
		}
	}
	return append(append(dst, s[begin:]...), '"')
}

// MarshalJSON is AppendJSON. Note that json.Marshal escapes <, > and & in what
// a MarshalJSON returns, unless the Encoder is told not to.
func (c Call) MarshalJSON() ([]byte, error) { return c.AppendJSON(nil), nil }

// UnmarshalJSON is ParseCall.
func (c *Call) UnmarshalJSON(data []byte) (err error) {
	*c, err = ParseCall(data)
	return err
}
