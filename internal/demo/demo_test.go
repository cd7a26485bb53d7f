package demo

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

var now = time.Date(2026, 3, 31, 12, 34, 56, 7, time.FixedZone("", -7*3600)) // 19:34 UTC

func bytesOf(o Options) []byte {
	var all []byte
	for c := range Calls(o) {
		all = append(c.AppendJSON(all), '\n')
	}
	return all
}

// The same bytes for the same seed and end, on every machine.
func TestSameBytes(t *testing.T) {
	const want = "33dc334ac554733029738efac21e149410054ea9ae66c08595e33e435e0b4dfa"
	sum := sha256.Sum256(bytesOf(Options{Seed: 1, End: now, Count: 2000}))
	if got := hex.EncodeToString(sum[:]); got != want {
		t.Errorf("the digest of the demo's calls is %s, it was %s", got, want)
	}
	other := sha256.Sum256(bytesOf(Options{Seed: 2, End: now, Count: 2000}))
	moved := sha256.Sum256(bytesOf(Options{Seed: 1, End: now.AddDate(0, 0, 1), Count: 2000}))
	if other == sum || moved == sum {
		t.Error("another seed or day gives the same calls")
	}
}

// The calls end now, at any time of the day: none is later or begins later, none is
// missing, and the newest are of the last day.
func TestEnd(t *testing.T) {
	midnight := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	for _, since := range []time.Duration{0, time.Second, 6 * time.Hour, 15*time.Hour + 4*time.Minute + 5, 24*time.Hour - 1} {
		end := midnight.Add(since)
		var calls []callvault.Call
		for c := range Calls(Options{Seed: 1, End: end, Count: 3000}) {
			call, err := callvault.NewCall(&c)
			if err != nil {
				t.Fatal(err)
			}
			if call.Time.UTC().After(end) || c.Started != nil && c.Started.Instant().After(end) {
				t.Fatalf("%v after midnight, call %s is at %v and began %v", since, c.ID, call.Time, c.Started)
			}
			calls = append(calls, call)
		}
		if newest := calls[len(calls)-1].Time.UTC(); len(calls) != 3000 || end.Sub(newest) > 12*time.Hour {
			t.Errorf("%v after midnight there are %d calls, the newest at %v", since, len(calls), newest)
		}
		r, n := three(calls, end), 0
		for i := range calls {
			if r.From <= calls[i].Time && calls[i].Time < r.To {
				n++
			}
		}
		if n != 3 || r.From.UTC().Nanosecond() != 0 || r.To.UTC().Nanosecond() != 0 {
			t.Errorf("%v after midnight the range %v has %d calls", since, r, n)
		}
	}
}

// What the first run promises of its calls, by counting.
func TestRealistic(t *testing.T) {
	const count = 10_000
	end := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	seen := make(map[string]int) // how many calls have a property
	ids := make(map[callvault.ID]bool)
	lengths, offsets, users := make(map[int]int), make(map[string]int), make(map[string]int)
	days, workspaces := make(map[int]int), make(map[string]int)
	var last callvault.Time
	size := 0
	for c := range Calls(Options{Seed: 1, End: now, Count: count}) {
		call, err := callvault.NewCall(&c)
		if err != nil {
			t.Fatalf("call %s: %v", c.ID, err)
		}
		at := call.Time.UTC()
		if at.Before(end.AddDate(0, 0, -Days)) || !at.Before(end) {
			t.Fatalf("call %s is at %s", c.ID, at)
		}
		if call.Time < last-1e6 {
			t.Fatalf("call %s is not in order", c.ID)
		}
		if call.Time == last {
			seen["tie"]++
		}
		last = call.Time
		ids[call.ID] = true
		lengths[len(c.ID)]++
		days[int(end.Sub(at)/(24*time.Hour))]++
		workspaces[*c.WorkspaceID]++
		size += len(call.Document)
		seen["direction "+string(*c.Direction)]++
		if c.Scope != nil {
			seen["scope "+string(*c.Scope)]++
		}
		seen["media "+string(*c.Media)]++
		if *c.IsPrivate {
			seen["private"]++
		}
		if c.PrimaryUserID != nil {
			users[*c.PrimaryUserID]++
		}
		written := c.Started.String()
		offsets[written[len("2006-01-02T15:04:05"):]]++
		if *c.Direction == gong.Conference && c.Started.Instant().YearDay() != c.Scheduled.Instant().YearDay() {
			seen["moved to another day"]++
		}
		for name, unset := range map[string]bool{
			"title": c.Title == nil, "scheduled": c.Scheduled == nil, "primaryUserId": c.PrimaryUserID == nil,
			"scope": c.Scope == nil, "sdrDisposition": c.SDRDisposition == nil, "clientUniqueId": c.ClientUniqueID == nil,
			"customData": c.CustomData == nil, "purpose": c.Purpose == nil, "meetingUrl": c.MeetingURL == nil,
			"calendarEventId": c.CalendarEventID == nil,
		} {
			if unset {
				seen["no "+name]++
			} else {
				seen["a "+name]++
			}
		}
	}
	if len(ids) != count || len(users) != 40 || len(workspaces) != 3 || len(days) != Days {
		t.Errorf("%d ids, %d users, %d workspaces, %d days", len(ids), len(users), len(workspaces), len(days))
	}
	for length := 1; length <= 20; length++ {
		if lengths[length] == 0 {
			t.Errorf("no id has %d digits", length)
		}
	}
	for _, property := range []string{
		"tie", "private", "moved to another day",
		"direction Inbound", "direction Outbound", "direction Conference", "direction Unknown",
		"scope Internal", "scope External", "scope Unknown", "media Video", "media Audio",
		"no title", "no scheduled", "no primaryUserId", "no scope", "no sdrDisposition", "no clientUniqueId",
		"no customData", "no purpose", "no meetingUrl", "no calendarEventId",
		"a title", "a scheduled", "a primaryUserId", "a scope", "a sdrDisposition", "a clientUniqueId",
		"a customData", "a purpose", "a meetingUrl", "a calendarEventId",
	} {
		if seen[property] < 10 {
			t.Errorf("%s: %d calls", property, seen[property])
		}
	}
	for _, offset := range []string{"-07:00", "-05:00", "+01:00", "+02:00", "+05:30", "Z"} {
		if offsets[offset] == 0 {
			t.Errorf("no call is written with %s", offset)
		}
	}
	busiest, quietest, rarest := 0, count, count
	for _, n := range days {
		busiest, quietest = max(busiest, n), min(quietest, n)
	}
	for _, n := range workspaces {
		rarest = min(rarest, n)
	}
	if busiest < 10*quietest || rarest == 0 || rarest > count/100 {
		t.Errorf("the busiest day has %d calls, the quietest %d; the rarest workspace %d", busiest, quietest, rarest)
	}
	if mean := size / count; mean < 500 || mean > 700 {
		t.Errorf("a document has %d bytes on average", mean)
	}
}

// None twice, however many.
func TestIDs(t *testing.T) {
	g := newGenerator(1)
	seen := make(map[string]bool)
	for range 300_000 {
		id := g.id()
		if seen[id] || len(id) > 20 || id[0] == '0' {
			t.Fatalf("id %s", id)
		}
		seen[id] = true
	}
}

func BenchmarkCalls(b *testing.B) {
	b.ReportAllocs()
	for range Calls(Options{Seed: 1, End: now, Count: b.N}) {
	}
}
