package api

import (
	"encoding/json"
	"math/rand/v2"
	"testing"

	"github.com/callvault/callvault/gong"
)

// Filled, a document is what gong writes of the same call with a text in place of each
// null, whatever its texts are and whichever are null.
func TestFilled(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	texts := []string{"", "x", `"`, `\`, `"title":null`, `,"url":null,"`, `\":null`, "null", `"calendarEventId":null`}
	for range 20_000 {
		text := func() *string {
			if random.IntN(2) == 0 {
				return nil
			}
			return &texts[random.IntN(len(texts))]
		}
		c := gong.Call{
			ID: "1", URL: text(), Title: text(), PrimaryUserID: text(), System: text(), Language: text(), SDRDisposition: text(),
			ClientUniqueID: text(), CustomData: text(), Purpose: text(), MeetingURL: text(), CalendarEventID: text(),
			Further: []gong.Field{{Name: "title2", Value: json.RawMessage(`{"title":null,"calendarEventId":null}`)}},
		}
		if random.IntN(2) == 0 {
			c.Duration, c.IsPrivate, c.WorkspaceID = new(int64(7)), new(false), new("7")
			c.Direction, c.Scope, c.Media = new(gong.Inbound), new(gong.Internal), new(gong.Video)
		}
		got := string(appendFilled(nil, c.AppendJSON(nil)))
		for _, field := range []**string{
			&c.URL, &c.Title, &c.PrimaryUserID, &c.System, &c.Language, &c.WorkspaceID, &c.SDRDisposition,
			&c.ClientUniqueID, &c.CustomData, &c.Purpose, &c.MeetingURL, &c.CalendarEventID,
		} {
			if *field == nil {
				*field = new("")
			}
		}
		if c.Direction == nil {
			c.Direction, c.Scope = new(gong.DirectionUnknown), new(gong.ScopeUnknown)
		}
		if want := string(c.AppendJSON(nil)); got != want {
			t.Fatalf("got  %s\nwant %s", got, want)
		}
	}
}
