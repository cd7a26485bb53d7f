package demo

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/callvault/callvault/gong"
)

// generator invents one call after another.
type generator struct {
	*rand.Rand
	made  uint64 // ids
	users []string
	zones []*time.Location
}

func newGenerator(seed uint64) *generator {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 2))}
	for range 40 {
		g.users = append(g.users, strconv.FormatInt(1_000_000_000_000_000_000+g.Int64N(8_000_000_000_000_000_000), 10))
	}
	for _, minutes := range []int{-7 * 60, -7 * 60, -5 * 60, 60, 2 * 60, 5*60 + 30} {
		g.zones = append(g.zones, time.FixedZone("", minutes*60))
	}
	g.zones = append(g.zones, time.UTC)
	return g
}

// times are the seconds of a day at which n calls happen, ascending: few at
// night, many at the full and the half hour, so that some share an instant.
func (g *generator) times(n int) []int {
	times := make([]int, n)
	for i := range times {
		hour := 7 + (g.IntN(16)+g.IntN(16))/2
		if g.IntN(25) == 0 {
			hour = g.IntN(24)
		}
		second := g.IntN(3600)
		if g.IntN(3) == 0 {
			second = g.IntN(2) * 1800
		}
		times[i] = hour*3600 + second
	}
	slices.Sort(times)
	return times
}

// one chance in n.
func (g *generator) oneIn(n int) bool { return g.IntN(n) == 0 }

func pick[T any](g *generator, from []T) T { return from[g.IntN(len(from))] }

// workspaces of the company: most calls are in the first, one in 400 in the
// last.
var workspaces = []string{"4042227664642553970", "623457276584334", "90071992547409931"}

func (g *generator) workspace() *string {
	switch n := g.IntN(400); {
	case n == 0:
		return new(workspaces[2])
	case n < 120:
		return new(workspaces[1])
	}
	return new(workspaces[0])
}

// call invents the call that counts as having happened at an instant.
func (g *generator) call(at time.Time) gong.Call { return g.callWith(g.id(), at) }

// callWith invents the call that has an id.
func (g *generator) callWith(id string, at time.Time) gong.Call {
	c := gong.Call{
		ID:            id,
		PrimaryUserID: new(pick(g, g.users)),
		WorkspaceID:   g.workspace(),
		IsPrivate:     new(g.oneIn(30)),
		Language:      new(pick(g, languages)),
	}
	c.URL = new("https://us-10001.app.example.com/call?id=" + c.ID)
	switch n := g.IntN(100); {
	case n < 55:
		g.conference(&c, at)
	case n < 80:
		g.telephone(&c, at, gong.Outbound)
	case n < 97:
		g.telephone(&c, at, gong.Inbound)
	default:
		g.upload(&c, at)
	}
	return c
}

// write is an instant as the recording system of the call would write it.
func (g *generator) write(at time.Time) *gong.Time {
	return new(gong.TimeOf(at.In(pick(g, g.zones))))
}

// conference counts at its scheduled time; it began a little before or after,
// and once in a while, when it was moved, on another day.
func (g *generator) conference(c *gong.Call, at time.Time) {
	zone := pick(g, g.zones)
	begun := at.Add(time.Duration(g.IntN(900)-240) * time.Second)
	if g.oneIn(60) {
		begun = begun.Add(-time.Duration(1+g.IntN(2)) * 24 * time.Hour)
	}
	c.Scheduled = new(gong.TimeOf(at.In(zone)))
	c.Started = new(gong.TimeOf(begun.In(zone)))
	c.Duration = new(int64(600 + g.IntN(3000)))
	c.Direction = new(gong.Conference)
	c.Scope = new(gong.External)
	system := pick(g, meetingSystems)
	c.System = new(system.name)
	c.Media = new(gong.Video)
	c.MeetingURL = new(system.url + strconv.Itoa(10_000_000+g.IntN(90_000_000)))
	c.CalendarEventID = new(g.letters(26) + "@calendar.example.com")
	c.Title = new(pick(g, customers) + " / " + pick(g, meetings))
	if g.oneIn(4) {
		c.Scope = new(gong.Internal)
		c.Title = new(pick(g, internalMeetings))
	}
	if g.oneIn(3) {
		c.Purpose = new(pick(g, purposes))
	}
	if g.oneIn(200) {
		c.Language = new("zxx")
	}
}

func (g *generator) telephone(c *gong.Call, at time.Time, direction gong.Direction) {
	// A telephone system knows the fraction of a second.
	at = at.Add(time.Duration(g.IntN(1000)) * time.Millisecond)
	if g.oneIn(3) {
		at = at.Truncate(time.Second)
	}
	c.Started = g.write(at)
	c.Duration = new(int64(61 + g.IntN(1500)))
	c.Direction = new(direction)
	c.System = new(pick(g, telephoneSystems))
	c.Scope = new(gong.External)
	c.Media = new(gong.Audio)
	c.ClientUniqueID = new(g.letters(20))
	c.Title = new("Call with " + pick(g, people) + " (" + pick(g, customers) + ")")
	if direction == gong.Outbound {
		c.SDRDisposition = new(pick(g, dispositions))
	}
	if g.oneIn(20) {
		c.CustomData = new(`{"campaign":"` + pick(g, campaigns) + `"}`)
	}
	if g.oneIn(25) {
		c.Scope = new(gong.ScopeUnknown)
	}
}

// upload came through the API, from a system that knew little of the call.
func (g *generator) upload(c *gong.Call, at time.Time) {
	c.Started = g.write(at)
	c.Scheduled = c.Started
	c.Duration = new(int64(g.IntN(7200)))
	c.Direction = new(gong.DirectionUnknown)
	c.System = new("Upload API")
	c.Media = new(gong.Audio)
	c.Language = new("und")
	c.ClientUniqueID = new("upload-" + g.letters(12))
	if g.oneIn(2) {
		c.PrimaryUserID = nil
	}
}

func (g *generator) letters(n int) string {
	text := make([]byte, n)
	for i := range text {
		text[i] = "0123456789abcdefghijklmnopqrstuv"[g.IntN(32)]
	}
	return string(text)
}
