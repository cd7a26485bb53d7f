package mirror

import (
	"time"

	"github.com/callvault/callvault/internal/budget"
)

// plan is what a mirror does, in the order of the ladder.
func (m *Mirror) plan() []*activity {
	answers := func() bool { return !m.access.Refused }
	deletes := func() bool { return answers() && m.held == nil }
	sees := func() bool { return answers() && m.head.Visible }
	plan := []*activity{
		{name: "hot", class: budget.Hot, open: answers, due: m.hotDue, run: (*thread).readHot},
		{name: "head", class: budget.Head, due: m.headDue, run: (*thread).askHead},
		{name: "absent", class: budget.Head, open: deletes, due: m.absentDue, run: (*thread).settleAbsent},
		{name: "bisect", class: budget.Bisect, open: deletes, due: m.bisectDue, run: (*thread).bisect},
		{name: "retention", class: budget.Head, open: deletes, due: m.retentionDue, run: (*thread).retain},
		{name: "workspaces", class: budget.Head, open: deletes, due: m.workspacesDue, run: (*thread).askWorkspaces},
		{name: "warm", class: budget.Warm, open: answers, due: m.warmDue, run: (*thread).readWarm},
	}
	for i, s := range sweeps {
		plan = append(plan, &activity{
			name: s.name, class: s.class, open: func() bool { return deletes() && m.head.Visible },
			due: func() time.Time { return m.sweepDue(i) },
			run: func(t *thread) error { return t.sweepPage(i) },
		})
	}
	return append(plan,
		&activity{name: "backfill", class: budget.Backfill, open: sees, due: m.backfillDue, run: (*thread).readBack},
		&activity{name: "people", class: budget.People, open: answers, due: m.peopleDue, run: (*thread).readPeople},
	)
}

// rest lets an activity rest.
func (m *Mirror) rest(name string, d time.Duration) {
	for _, a := range m.activities {
		if a.name == name {
			a.again = m.up().Add(m.period(d))
		}
	}
}

// isRunning tells whether an activity is under way.
func (m *Mirror) isRunning(name string) bool {
	for _, a := range m.activities {
		if a.name == name {
			return a.running != nil
		}
	}
	return false
}

// whole are the readings that are still to be made, due or not.
type whole struct {
	left, begun map[budget.Class]bool
}

// newWhole is all readings.
func newWhole() whole {
	w := whole{make(map[budget.Class]bool), make(map[budget.Class]bool)}
	for _, class := range []budget.Class{budget.Hot, budget.Warm, budget.Head, budget.Young, budget.Mid, budget.Old, budget.People} {
		w.left[class] = true
	}
	return w
}

// wants tells whether a reading is still to be made.
func (w whole) wants(class budget.Class) bool { return w.left[class] }

// begins tells, once, that a round is to begin.
func (w whole) begins(class budget.Class) bool {
	if !w.left[class] || w.begun[class] {
		return false
	}
	w.begun[class] = true
	return true
}

// done tells that a reading was made.
func (w whole) done(class budget.Class) { delete(w.left, class) }
