package storetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/google/go-cmp/cmp"
)

// Sample is what matters of a call to most laws.
type Sample struct {
	ID        string
	Time      callvault.Time // of its start, in the years 0000 to 9999
	Workspace string         // "" for none
	Title     string
	Host      string // "" for none
	System    string // "" for none
}

// Call is the sample as a store takes it.
func (s Sample) Call(t testing.TB) callvault.Call {
	t.Helper()
	c := gong.Call{ID: s.ID, Title: &s.Title, Started: new(gong.TimeOf(s.Time.UTC()))}
	if s.Workspace != "" {
		c.WorkspaceID = &s.Workspace
	}
	if s.Host != "" {
		c.PrimaryUserID = &s.Host
	}
	if s.System != "" {
		c.System = &s.System
	}
	return NewCall(t, c)
}

// NewCall is a call as a store takes it.
func NewCall(t testing.TB, c gong.Call) callvault.Call {
	t.Helper()
	call, err := callvault.NewCall(&c)
	if err != nil {
		t.Fatal(err)
	}
	return call
}

// ID is the id that digits write.
func ID(t testing.TB, digits string) callvault.ID {
	t.Helper()
	id, err := callvault.ParseID(digits)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// Bare is a call with the least that a call has: its id and a time.
func Bare(id string) gong.Call {
	return gong.Call{ID: id, Started: new(gong.TimeOf(day.UTC()))}
}

// Filled is a call with all twenty fields and two further ones.
func Filled(id string) gong.Call {
	zone := time.FixedZone("", -7*60*60)
	return gong.Call{
		ID:              id,
		URL:             new("https://app.example.com/call?id=" + id),
		Title:           new("Weekly sync"),
		Scheduled:       new(gong.TimeOf(day.UTC().In(zone))),
		Started:         new(gong.TimeOf(day.UTC().Add(90 * time.Second).In(zone))),
		Duration:        new(int64(1830)),
		PrimaryUserID:   new("234599484848423"),
		Direction:       new(gong.Conference),
		System:          new("Zoom"),
		Scope:           new(gong.External),
		Media:           new(gong.Video),
		Language:        new("eng"),
		WorkspaceID:     new("623457276584334"),
		SDRDisposition:  new("Connected"),
		ClientUniqueID:  new("7JEHFRGXDDZFEW2FC4U"),
		CustomData:      new(`{"campaign":"spring"}`),
		Purpose:         new("Demo Call"),
		MeetingURL:      new("https://meet.example.com/j/123"),
		IsPrivate:       new(false),
		CalendarEventID: new("abcde@calendar.example.com"),
		Further: []gong.Field{
			{Name: "context", Value: json.RawMessage(`[{"system":"Salesforce","objects":[1.50,1e3,-0]}]`)},
			{Name: "", Value: json.RawMessage(`null`)},
		},
	}
}

// day is an instant that no law depends on: 2026-03-02T09:00:00Z.
const day callvault.Time = 1_772_442_000_000_000

// second and its like are spans of callvault.Time.
const (
	second callvault.Time = 1_000_000
	minute                = 60 * second
	hour                  = 60 * minute
)

// acme is the company of most laws, other one that has nothing to do with it.
const (
	acme  = "acme"
	other = "other"
)

// samples are the calls of several samples.
func samples(t testing.TB, samples ...Sample) []callvault.Call {
	t.Helper()
	calls := make([]callvault.Call, len(samples))
	for i, s := range samples {
		calls[i] = s.Call(t)
	}
	return calls
}

// instants are moments at which stores that count in buckets of time are most
// likely to be wrong: at and beside the multiples of the widths of buckets and of round
// spans, before and after 1970, and at the ends of the calendar.
func instants() []callvault.Time {
	var instants []callvault.Time
	for _, span := range []callvault.Time{second, minute, hour, 24 * hour, 365 * 24 * hour} {
		instants = append(instants, around(span)...)
	}
	for level := range callvault.BucketLevels {
		instants = append(instants, around(callvault.BucketWidth(level))...)
	}
	instants = append(instants, firstTime, firstTime+1, lastTime-1, lastTime)
	slices.Sort(instants)
	return slices.Compact(instants)
}

// around are the instants at and beside a few multiples of a span.
func around(span callvault.Time) (instants []callvault.Time) {
	for _, n := range []callvault.Time{-2, -1, 0, 1, 3} {
		instants = append(instants, n*span-1, n*span, n*span+1)
	}
	return instants
}

// firstTime and lastTime are the ends of the years that a call can have:
// 0000-01-01T00:00:00Z and 9999-12-31T23:59:59.999999Z.
const (
	firstTime callvault.Time = -62_167_219_200_000_000
	lastTime  callvault.Time = 253_402_300_799_999_999
)

// padding is a text of a length.
func padding(length int) string { return strings.Repeat("x", length) }

func documentLaws() []law {
	return []law{
		{"every field round-trips", everyFieldRoundTrips},
		{"documents of every size", documentsOfEverySize},
		{"ids of every length", idsOfEveryLength},
		{"a call is found by its own id alone", idsAreExact},
	}
}

// A document comes back byte for byte, whichever of its fields are set and
// whatever they hold, on every way of reading and from every handle.
func everyFieldRoundTrips(t *testing.T, open Open) {
	inputs := []gong.Call{Filled("1"), Bare("2")}
	next := func() string { return fmt.Sprint(len(inputs) + 1) }
	texts := []string{
		"", " ", "null", `"\/`, "'; DROP TABLE calls; --", "%s%_?$1:a@b", "\x01\t\r\n\x1f\x7f", "<a href=\"x\">&amp;</a>",
		"Grüße, Zoë", "Cafe\u0301", "日本語", "עברית العربية", "👩‍👩‍👧‍👦🏳️‍🌈", "\u2028\u2029\ufeff\ufffe\uffff\U0010ffff", `\u0000`,
	}
	for _, text := range texts {
		c := Bare(next())
		c.Title, c.CustomData, c.ClientUniqueID = new(text), new(text+text), new(text)
		c.Further = []gong.Field{{Name: text + "!", Value: mustJSON(t, text)}}
		inputs = append(inputs, c)
	}
	values := oneOfEachField()
	for _, name := range gong.FieldNames() {
		value, ok := values[name]
		if !ok && name != "id" {
			t.Fatalf("there is no value of %s", name)
		}
		if !ok {
			continue
		}
		c := Bare(next())
		c.Started, c.Scheduled = nil, new(gong.TimeOf(day.UTC()))
		if err := c.SetText(name, value); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		inputs = append(inputs, c)
	}
	for _, written := range []string{
		"0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "1969-12-31T23:59:59.9999999Z", "2026-03-02T09:00:00.100+00:00",
		"2026-03-02T14:45:00.000000+05:45", "2026-03-01T21:30:00-11:30", "1582-10-10T12:00:00+14:00",
	} {
		c := Bare(next())
		if err := c.SetText("started", written); err != nil {
			t.Fatal(err)
		}
		inputs = append(inputs, c)
	}

	var batch []callvault.Call
	for _, c := range inputs {
		batch = append(batch, NewCall(t, c))
	}
	store := open(t)
	put(t, store.Calls(acme), batch...)
	holds(t, store.Calls(acme), batch...)
	holds(t, open(t).Calls(acme), batch...)

	found := make(map[string]gong.Call)
	for _, r := range list(t, store.Calls(acme), all()) {
		c, err := gong.ParseCall([]byte(r.Document))
		if err != nil {
			t.Fatal(err)
		}
		found[r.ID] = c
	}
	for _, want := range inputs {
		byWriting := cmp.Comparer(func(a, b gong.Time) bool { return a == b })
		if diff := cmp.Diff(want, found[want.ID], byWriting); diff != "" {
			t.Errorf("call %s (-want +got):\n%s", want.ID, diff)
		}
	}
}

// oneOfEachField is a value of each field that a call can be without.
func oneOfEachField() map[string]string {
	return map[string]string{
		"url": "https://example.com/?a=b&c=%20", "title": "A title", "scheduled": "2026-03-02T09:00:00.000001Z",
		"started": "2026-03-02T10:00:00+01:00", "duration": "9223372036854775807", "primaryUserId": "00123", "direction": "Outbound",
		"system": "Outreach", "scope": "Internal", "media": "Audio", "language": "und", "workspaceId": "99999999999999999999",
		"sdrDisposition": "Busy", "clientUniqueId": "c-1", "customData": "{}", "purpose": "Discovery",
		"meetingUrl": "https://example.com/j", "isPrivate": "true", "calendarEventId": "e@example.com",
	}
}

func mustJSON(t testing.TB, text string) json.RawMessage {
	t.Helper()
	value, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// Documents may have up to callvault.MaxDocument bytes, and what stands before
// and after a long one is none the worse for it.
func documentsOfEverySize(t *testing.T, open Open) {
	sizes := shuffled([]int{
		500, 511, 512, 513, 1000, 1023, 1024, 1025, 2000, 2047, 2048, 2049, 4000, 4095, 4096, 4097, 8000, 8191, 8192, 8193,
		16000, 16383, 16384, 16385, 30000, 32767, 32768, 32769, 65000, callvault.MaxDocument - 1, callvault.MaxDocument,
	})
	var batch, upper []callvault.Call
	for i, size := range sizes {
		s := Sample{ID: fmt.Sprint(i), Time: day + callvault.Time(i)}
		s.Title = padding(size - len(s.Call(t).Document))
		call := s.Call(t)
		if len(call.Document) != size {
			t.Fatalf("the sample has %d bytes, want %d", len(call.Document), size)
		}
		batch = append(batch, call)
		s.Title = strings.ToUpper(s.Title)
		upper = append(upper, s.Call(t))
	}
	calls := open(t).Calls(acme)
	put(t, calls, batch...)
	holds(t, calls, batch...)
	put(t, calls, upper...) // differ in the last bytes too
	holds(t, calls, upper...)
}

// Ids and workspaces are numbers of 1 to 20 digits, more than fit into 64 bits.
func idsOfEveryLength(t *testing.T, open Open) {
	var batch []callvault.Call
	for i, id := range numbers() {
		batch = append(batch, Sample{ID: id, Time: day + callvault.Time(i%3), Workspace: id, Title: id}.Call(t))
	}
	calls := open(t).Calls(acme)
	put(t, calls, batch...)
	holds(t, calls, batch...)
	for i, id := range numbers() {
		q := in(t, id)
		sameRows(t, "workspace "+id, list(t, calls, q), rows(batch[i:i+1], q))
		if got := count(t, calls, q); got != 1 {
			t.Errorf("workspace %s counts %d calls, want 1", id, got)
		}
	}
	for _, c := range changes(t, calls) {
		if c.ID.String() == "" || len(c.ID.Key()) != len(callvault.ID{}) {
			t.Errorf("change %d has the id %q", c.Number, c.ID)
		}
	}
	remove(t, calls, numbers()...)
	holds(t, calls)
}

// numbers are ids of every length, and those at which a machine's integers end.
func numbers() []string {
	numbers := []string{
		"0", "32767", "65536", "2147483647", "2147483648", "4294967295", "4294967296", "9007199254740993",
		"9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551616",
	}
	for n := 1; n <= 20; n++ {
		numbers = append(numbers, strings.Repeat("9", n), "1"+strings.Repeat("0", n-1))
	}
	return numbers
}

// An id that is like another, by its first or last digits or as a rounded
// number, is another id.
func idsAreExact(t *testing.T, open Open) {
	calls := open(t).Calls(acme)
	alike := []string{"7", "70", "700", "17", "9007199254740992", "9007199254740993", "18446744073709551616", "18446744073709551617"}
	var batch []callvault.Call
	for _, id := range alike {
		batch = append(batch, Sample{ID: id, Time: day}.Call(t))
	}
	put(t, calls, batch...)
	for i, id := range alike {
		if got := remove(t, calls, id); got != 1 {
			t.Errorf("call %s: %d were deleted, want 1", id, got)
		}
		holds(t, calls, slices.Delete(slices.Clone(batch), i, i+1)...)
		put(t, calls, batch[i])
	}
	holds(t, calls, batch...)
}
