package mirror

import (
	"encoding/json"
	"math"
	"strconv"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/budget"
)

const (
	lateDays  = 30            // that are remembered
	caughtUp  = 3 * time.Hour // a call that comes in a downtime says nothing about the upstream
	lateSteps = 8             // counts to a doubling of the time
)

// lateDay is how late the calls of a day came: from when a call happened to when it was first
// listed here. It has counts by steps of about 9 %, from a minute on.
type lateDay struct {
	Counts map[int]int   `json:"counts"`
	Worst  time.Duration `json:"worst"`
}

func parseLate(days map[int]*lateDay, key string, value []byte) error {
	day, err := strconv.Atoi(key)
	if err != nil {
		return err
	}
	days[day] = &lateDay{}
	return json.Unmarshal(value, days[day])
}

// cameLate counts a call that is new, unless it is one of the history that was there before.
func (m *Mirror) cameLate(class budget.Class, at callvault.Time) {
	now := m.up()
	late := now.Sub(at.UTC())
	if class == budget.Backfill || late < 0 || m.warm.Read.IsZero() || now.Sub(m.warm.Read) > caughtUp {
		return
	}
	today := callvault.DayOf(now)
	d := m.late[today]
	if d == nil {
		d = &lateDay{Counts: make(map[int]int)}
		m.late[today] = d
		for old := range m.late {
			if old <= today-lateDays {
				delete(m.late, old)
				m.forget("late/" + strconv.Itoa(old))
			}
		}
	}
	d.Counts[lateStep(late)]++
	d.Worst = max(d.Worst, late)
	m.keep("late/"+strconv.Itoa(today), d)
}

// lateStep is the step that a time falls into.
func lateStep(d time.Duration) int {
	return int(math.Round(lateSteps * math.Log2(max(1, d.Minutes()))))
}

// Late is how late calls came in the last 30 days; null if none did.
type Late struct {
	Median *Seconds `json:"median"`
	P95    *Seconds `json:"p95"`
	Worst  *Seconds `json:"worst"`
}

// lateness sums up days.
func lateness(days map[int]*lateDay, today int) Late {
	counts, n, most := make(map[int]int), 0, 0
	worst := time.Duration(0)
	for day, d := range days {
		if day <= today-lateDays {
			continue
		}
		for step, count := range d.Counts {
			counts[step] += count
			n += count
			most = max(most, step)
		}
		worst = max(worst, d.Worst)
	}
	if n == 0 {
		return Late{}
	}
	at := func(share float64) *Seconds {
		left := int(math.Ceil(share * float64(n)))
		for step := 0; step <= most; step++ {
			if left -= counts[step]; left <= 0 {
				return new(Seconds(min(worst, time.Duration(math.Exp2(float64(step)/lateSteps)*float64(time.Minute)))))
			}
		}
		return new(Seconds(worst))
	}
	return Late{at(0.5), at(0.95), new(Seconds(worst))}
}
