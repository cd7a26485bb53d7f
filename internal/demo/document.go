package demo

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// writer makes the documents of a world's calls. A document follows from the script's seed,
// the call's number and what is held of it, so that no world keeps documents.
type writer struct {
	seed       uint64
	bare       bool
	source     *rand.PCG
	generator  *generator
	workspaces []string
}

func newWriter(s Script) writer {
	w := writer{seed: s.Seed, bare: s.Bare, source: rand.NewPCG(0, 0), generator: newGenerator(s.Seed)}
	w.generator.Rand = rand.New(w.source)
	w.workspaces = slices.Clone(workspaces[:min(len(workspaces), max(1, s.Workspaces))])
	for n := len(w.workspaces); n < min(s.Workspaces, MaxWorkspaces); n++ {
		w.workspaces = append(w.workspaces, strconv.Itoa(5_000_000_000_000+n))
	}
	return w
}

// call is the document of a call.
func (w *writer) call(n uint32, h *held) gong.Call {
	if w.bare {
		at, title := gong.TimeOf(h.at.UTC()), strconv.Itoa(int(h.edits))
		return gong.Call{ID: callID(n).String(), Started: &at, Title: &title, WorkspaceID: &w.workspaces[h.workspace]}
	}
	w.source.Seed(w.seed, uint64(n))
	c := w.generator.callWith(callID(n).String(), h.at.UTC())
	c.Duration = new(int64(h.seconds))
	if by := h.at.UTC().Sub(callvault.TimeOf(&c).UTC()); by != 0 {
		c.Started, c.Scheduled = shifted(c.Started, by), shifted(c.Scheduled, by)
	}
	for edit := uint16(1); edit <= h.edits; edit++ {
		w.edit(&c, edit)
	}
	c.WorkspaceID = new(w.workspaces[h.workspace])
	return c
}

// What an edit changes.
const (
	editTitle = iota
	editHost
	editPrivacy
	editWorkspace
	editKinds
)

// editOf is what the edit of a number changes. Each changes the title too.
func editOf(edit uint16) int { return int(edit-1) % editKinds }

func (w *writer) edit(c *gong.Call, edit uint16) {
	c.Title = new(fmt.Sprintf("%s, edit %d", pick(w.generator, meetings), edit))
	switch editOf(edit) {
	case editHost:
		c.PrimaryUserID = new(pick(w.generator, w.generator.users))
	case editPrivacy:
		c.IsPrivate = new(!*c.IsPrivate)
	}
}

// shifted is a time moved, in its own zone.
func shifted(t *gong.Time, by time.Duration) *gong.Time {
	if t == nil {
		return nil
	}
	at, err := time.ParseInLocation(time.RFC3339Nano, t.String(), time.UTC)
	if err != nil {
		panic(err) // a Time that is set is RFC 3339
	}
	return new(gong.TimeOf(at.Add(by)))
}

// The ids of a world are its numbers, mixed: they are in no order, as on the wire, and no
// table is needed to find a call by its id.
const (
	idBits     = 62
	idMask     = 1<<idBits - 1
	idFactor   = 0x2545F4914F6CDD1D & idMask
	idSmallest = 1
)

// idInverse is the inverse of idFactor by Newton's steps, each of which doubles the bits.
var idInverse = func() uint64 {
	x := uint64(idFactor)
	for range 6 {
		x *= 2 - idFactor*x
	}
	return x & idMask
}()

func idOf(n uint32) uint64 { return (uint64(n) + idSmallest) * idFactor & idMask }

// callID is the id of the call with a number.
func callID(n uint32) callvault.ID {
	id, err := callvault.ParseID(strconv.FormatUint(idOf(n), 10))
	if err != nil {
		panic(err) // 62 bits have at most 19 digits
	}
	return id
}

// numberOf is the number that has an id, if one can.
func numberOf(id callvault.ID) (uint32, bool) {
	digits, err := strconv.ParseUint(id.String(), 10, idBits)
	n := digits*idInverse&idMask - idSmallest
	return uint32(n), err == nil && n <= 1<<32-1
}

// lot draws for each call, always the same, between 0 and 1.
func lot(seed uint64, n uint32) float64 {
	x := (seed+1)*0x9E3779B97F4A7C15 ^ uint64(n)*0xBF58476D1CE4E5B9
	x = (x ^ x>>31) * 0x94D049BB133111EB
	x ^= x >> 29
	return float64(x>>11) / (1 << 53)
}
