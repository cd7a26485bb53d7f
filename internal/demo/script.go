package demo

import "time"

// Script says what an account does. A World plays it: the same script gives the same world,
// whatever the steps in which its clock advances.
type Script struct {
	Seed    uint64
	Opens   time.Time     // when the world begins; what was listed before is there
	Rests   time.Time     // when everything ends: a call that would be listed later never comes. Zero: never
	History time.Duration // how far back the calls go at the opening
	Thinned float64       // the share of calls listed before the opening that are not there

	Bare       bool // documents have little besides an id, a time and a title, for long simulations
	PerDay     int  // calls of a day
	AllHours   bool // calls come at any time, and not only from 8 to 17 h UTC of working days
	Workspaces int  // 1 to MaxWorkspaces
	Tied       int  // further calls that happen in one second of each Wednesday, half of them at one instant

	// The shares of calls to which something happens. A call is listed 5 to 31 minutes after
	// its end, and counted by totals up to an hour before that.
	Late     float64 // listed up to 36 hours later than that
	VeryLate float64 // listed 2 to 30 days later
	Unlisted float64 // counted and never listed
	Edited   float64 // another title, host, privacy or workspace: half within 2 days, half within 30
	Moved    float64 // to a time up to 7 days away, within 7 days of being listed

	// What happens to calls of any age, for each new call.
	OldEdited, OldMoved, Purged float64

	Retention     time.Duration // calls that are older go daily at 02:00 UTC. Zero: never
	RetentionFrom time.Time     // when that begins; zero: it always did

	Outages []Outage
}

// Outage is a time in which the key can't see a share of the calls, always the same ones.
type Outage struct {
	From  time.Time
	For   time.Duration
	Share float64
}

// MaxWorkspaces is the most workspaces that a Script may have.
const MaxWorkspaces = 16

const day = 24 * time.Hour

// Usual is the script of a usual account with three years of calls, which docs/mirror.md
// measures mirrors with.
func Usual(seed uint64, opens time.Time, perDay int) Script {
	return Script{
		Seed: seed, Opens: opens, History: 3 * 365 * day, PerDay: perDay, Workspaces: 1,
		Late: 0.05, VeryLate: 0.002, Unlisted: 0.00005, Edited: 0.01, Moved: 0.002,
		OldEdited: 0.0005, OldMoved: 0.0002, Purged: 0.001, Retention: 3 * 365 * day,
	}
}

// Late is a script to watch: some 10,000 calls of 90 days at the opening, then a call every
// 5 seconds, of which a quarter is up to 36 hours late and one in twenty 2 to 30 days. Each
// minute a call or two change, and every few minutes one moves and one is purged.
func Late(seed uint64, opens time.Time) Script {
	const perDay, history = 24 * 60 * 60 / 5, 90
	return Script{
		Seed: seed, Opens: opens, History: history * day, Thinned: 1 - 10_000.0/(perDay*history), PerDay: perDay, AllHours: true, Workspaces: 3,
		Late: 0.25, VeryLate: 0.05, OldEdited: 0.1, OldMoved: 0.02, Purged: 0.02,
	}
}
