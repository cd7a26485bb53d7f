package callvault

import (
	"cmp"
	"errors"
	"fmt"
)

// CompanyRows is what Check and Repair need of the rows of a company. It is for engines.
type CompanyRows interface {
	// Examine shows all rows and counts to an examination, calls, entries and facts in their
	// order, and names before facts.
	Examine(e *Examination) error

	// Contradictions reports where the company's tables contradict each other.
	Contradictions(report func(difference string)) error

	// Remove deletes a damaged row.
	Remove(d DamagedRow) error

	// Follow makes ids and the latest number follow the calls, and tells how many rows each
	// step changed. Of a call that stands at several places the latest is believed.
	Follow(did func(step string, rows int)) error

	// FollowApart makes what stands apart follow the calls, and tells how many rows it changed.
	FollowApart() (rows int, err error)

	// SetCounts writes counts.
	SetCounts(Tally) error

	// SetNames makes names what the calls have.
	SetNames([]NameDifference) error

	// RemakeFacts makes the facts those of the calls, whose names are right.
	RemakeFacts() error

	// Restart replaces all timelines by one that begins at 0.
	Restart() error
}

// What Contradictions reports, with ids and numbers as texts.
const (
	IDMisleads   = "call %s is not where the table ids has it"
	CallIsGone   = "call %s is missing, but the table ids has it"
	NumberShared = "number %s belongs to %s ids"
	LatestIsLow  = "the latest number is %s, but the table ids has %s"

	ApartIsGone     = "call %s stands apart from the mirror, but is not where the table apart has it"
	WithheldIsThere = "call %s is withheld from the mirror, but is there"
	ApartOfNobody   = "%s calls stand apart, but the company has no mirror"
)

// The steps of Follow, in their order.
const (
	DuplicatesRemoved = "removed %d duplicate calls"
	IDsFollowed       = "restored the ids of %d calls"
	IDsRemoved        = "removed %d ids whose calls are missing"
	FactsRemade       = "rewrote the facts of %d calls"
	LatestRaised      = "raised the latest number of %d companies"
)

// DamagedRow is a damaged row, by its key.
type DamagedRow struct {
	Time        Time
	Key         string // the id as it stands there
	IsTombstone bool
	IsEntry     bool // of the directory, of the kind that Damage has
	IsValue     bool // of the company's mirror
	Damage      *DamageError
}

// Examination is what all rows of a company come to.
type Examination struct {
	Verifier Verifier // of the calls
	Report   func(difference string)

	damaged     []DamagedRow
	tally, kept Tally
	names       *NameTally
	keptNames   map[NameKey]KeptName
	facts       *factExamination
}

func newExamination(company string, report func(difference string)) *Examination {
	all := Query{Range: AllTime}
	return &Examination{Verifier: Verifier{Company: company, Query: all, At: all.Start()}, Report: report,
		tally: Tally{}, kept: Tally{}, names: NewNameTally(), keptNames: make(map[NameKey]KeptName), facts: newFactExamination()}
}

// Call takes a row of a call, with the error of verifying it. The error is returned unless it
// is of damage.
func (e *Examination) Call(r *Record, kept int64, key string, err error) error {
	e.tally.Add(r, kept) // damaged or not: it was counted
	e.names.Add(&r.Call)
	e.facts.call(&r.Call)
	return e.add(DamagedRow{Time: r.Time, Key: key}, "call", err)
}

// Tombstone takes a tombstone as Call does a call.
func (e *Examination) Tombstone(key string, err error) error {
	return e.add(DamagedRow{Key: key, IsTombstone: true}, "the tombstone of call", err)
}

// Entry takes a row of the directory as Call does a call.
func (e *Examination) Entry(kind Kind, key string, err error) error {
	return e.add(DamagedRow{Key: key, IsEntry: true}, kind.One(), err)
}

// Value takes a row of a mirror's value as Call does a call.
func (e *Examination) Value(key string, err error) error {
	return e.add(DamagedRow{Key: key, IsValue: true}, "the mirror's value "+key, err)
}

func (e *Examination) add(d DamagedRow, what string, err error) error {
	if !errors.As(err, &d.Damage) {
		return err
	}
	e.damaged = append(e.damaged, d)
	if !d.IsValue {
		what += " " + d.Damage.ID.String()
	}
	e.Report(fmt.Sprintf("%s is damaged: %s", what, d.Damage.Problem))
	return nil
}

// Kept takes a count.
func (e *Examination) Kept(key CountKey, c Counted) {
	if 0 <= key.Level && key.Level < BucketLevels {
		e.kept[key] = c
	}
}

// KeptName takes a name.
func (e *Examination) KeptName(key NameKey, k KeptName) {
	if 0 <= key.Field && key.Field < nameFields {
		e.keptNames[key] = k
		e.facts.names[k.Number] = key
	}
}

// Facts takes a row of facts, with the error of verifying it. The error is returned unless it is
// of damage.
func (e *Examination) Facts(row *FactRow, err error) error {
	if damage := (*DamageError)(nil); errors.As(err, &damage) {
		e.facts.wrong = append(e.facts.wrong, damage.Problem)
		return nil
	}
	if err == nil {
		e.facts.row(row)
	}
	return err
}

// CheckRows reports what is wrong with the rows of a company. It is for engines.
func CheckRows(company string, rows CompanyRows, report func(difference string)) error {
	e := newExamination(company, report)
	if err := rows.Examine(e); err != nil {
		return err
	}
	ReportCounts(e.tally.CompareCounts(e.kept), report)
	for _, d := range e.names.CompareNames(e.keptNames) {
		report(d.String())
	}
	e.facts.compare(report)
	return rows.Contradictions(report)
}

// Repair is a repair within a transaction. It is for engines.
type Repair struct {
	Accept  Loss
	rebuilt bool // rows may be missing without a trace
	done    []string
}

// Did notes what was done to rows, if to any.
func (r *Repair) Did(company, step string, rows int) {
	if rows > 0 {
		r.done = append(r.done, "company "+company+": "+fmt.Sprintf(step, rows))
	}
}

// Rebuilt notes that tables were written again: what they lost shows only in part.
func (r *Repair) Rebuilt(done string) {
	r.rebuilt = true
	r.done = append(r.done, done)
}

// Malformed takes how many rows of a kind were lost when their tables were written again.
func (r *Repair) Malformed(what string, lost int) error {
	if lost == 0 {
		return nil
	}
	r.done = append(r.done, fmt.Sprintf("removed %d malformed %s", lost, what))
	return r.lose(fmt.Errorf("%d %s are malformed", lost, what))
}

// Tell reports what was done, once it is committed.
func (r *Repair) Tell(report func(done string)) {
	for _, done := range r.done {
		report(done)
	}
}

// lose is ErrLoss, unless the loss is accepted.
func (r *Repair) lose(loss error) error {
	if r.Accept == AcceptLoss {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrLoss, loss)
}

// Company repairs the rows of a company. It restarts the timelines if it changed calls or ids,
// or if some were or may be lost.
func (r *Repair) Company(company string, rows CompanyRows) error {
	e := newExamination(company, func(string) {})
	if err := rows.Examine(e); err != nil {
		return err
	}
	calls, tombstones, entries, values := 0, 0, 0, 0
	for _, d := range e.damaged {
		var err error
		switch {
		case d.IsEntry:
			entries++
			err = r.lose(d.Damage)
		case d.IsTombstone:
			tombstones++
			err = r.lose(d.Damage)
		case d.IsValue:
			values++
			err = r.lose(d.Damage)
		default:
			calls++ // if that loses one, the digests of the counts tell
		}
		if err == nil {
			err = rows.Remove(d)
		}
		if err != nil {
			return err
		}
	}
	r.Did(company, "removed %d damaged calls", calls)
	r.Did(company, "removed %d damaged tombstones", tombstones)
	r.Did(company, "removed %d damaged users and workspaces", entries)
	r.Did(company, "removed %d damaged values of the mirror", values)
	changed := r.rebuilt || calls+tombstones > 0
	err := rows.Follow(func(step string, n int) {
		changed = changed || n > 0
		r.Did(company, step, n)
	})
	if err != nil {
		return err
	}
	apart, err := rows.FollowApart()
	if err != nil {
		return err
	}
	r.Did(company, "corrected how %d calls stand apart", apart)
	lost, err := r.counts(company, rows)
	if err != nil {
		return err
	}
	if changed || lost {
		err = rows.Restart()
	}
	if err != nil {
		return err
	}
	var left error
	err = rows.Contradictions(func(difference string) {
		left = fmt.Errorf("company %s: %s, which --repair can't correct", company, difference)
	})
	return cmp.Or(err, left)
}

// counts makes the counts and names those of the calls, and tells whether calls were lost.
func (r *Repair) counts(company string, rows CompanyRows) (lost bool, err error) {
	e := newExamination(company, func(string) {})
	if err := rows.Examine(e); err != nil {
		return false, err
	}
	right := make(Tally)
	for _, d := range e.tally.CompareCounts(e.kept) {
		if d.IsLoss() {
			lost = true
			if err := r.lose(fmt.Errorf("company %s: %s", company, d.String())); err != nil {
				return true, err
			}
		}
		right[d.CountKey] = d.Has
	}
	r.Did(company, "corrected %d counts", len(right))
	if err := rows.SetCounts(right); err != nil {
		return lost, err
	}
	names := e.names.CompareNames(e.keptNames)
	r.Did(company, "corrected %d names", len(names))
	if err := rows.SetNames(names); err != nil {
		return lost, err
	}
	wrong := 0
	e.facts.compare(func(string) { wrong++ })
	if wrong == 0 && len(names) == 0 {
		return lost, nil
	}
	r.Did(company, FactsRemade, e.facts.calls)
	return lost, rows.RemakeFacts()
}

// Keys takes the damaged keys, which the engine removes if there is no error.
func (r *Repair) Keys(damaged []*DamageError) error {
	for _, d := range damaged {
		if err := r.lose(d); err != nil {
			return err
		}
		r.done = append(r.done, fmt.Sprintf("company %s: removed the damaged key %s", d.Company, d.Key))
	}
	return nil
}
