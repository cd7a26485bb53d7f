package storetest

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
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
