package mirror

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/callvault/callvault"
)

// memory is what survives a restart, but for the bins of the budget. Each part is a value of
// its own, under the key that stands beside it; pages, leaves, absent calls and days of late
// calls have a key each.
type memory struct {
	edge       edge                        // edge
	access     access                      // access
	horizon    horizon                     // horizon
	head       headState                   // head
	hot        windowState                 // window/hot
	warm       windowState                 // window/warm
	rounds     [3]round                    // round/NAME
	backfill   backfillState               // backfill
	held       *hold                       // hold
	accepted   accepted                    // accepted
	gone       deletions                   // deletions
	people     peopleState                 // people
	workspaces workspacesState             // workspaces
	hurry      int                         // hurry
	pages      pages                       // span/START
	leaves     leaves                      // leaf/START
	absent     map[callvault.ID]absentCall // absent/ID
	late       map[int]*lateDay            // late/DAY
}

// timeKey is a time as a part of a key: as wide as any other, so that keys are in order of time.
func timeKey(t callvault.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

// parseTimeKey reads a timeKey.
func parseTimeKey(text string) (callvault.Time, error) {
	t, err := time.Parse("2006-01-02T15:04:05.000000Z", text)
	return callvault.FloorTime(t), err
}

// parts are the values that have one key each.
func (m *memory) parts() map[string]any {
	parts := map[string]any{
		"edge": &m.edge, "access": &m.access, "horizon": &m.horizon, "head": &m.head,
		"window/hot": &m.hot, "window/warm": &m.warm, "backfill": &m.backfill, "hold": &m.held,
		"accepted": &m.accepted, "deletions": &m.gone, "people": &m.people, "workspaces": &m.workspaces, "hurry": &m.hurry,
	}
	for i := range m.rounds {
		parts["round/"+sweeps[i].name] = &m.rounds[i]
	}
	return parts
}

// exceptPages are prefixes of all keys but those of pages, of which a large account has tens of
// thousands.
var exceptPages = [...]string{"a", "b", "c", "d", "e", "h", "l", "p", "r", "w"}

// readStatus reads what a status needs.
func (m *memory) readStatus(ctx context.Context, state callvault.MirrorReads) error {
	m.reset()
	for _, prefix := range exceptPages {
		if err := m.read(ctx, state, prefix); err != nil {
			return err
		}
	}
	return nil
}

func (m *memory) reset() {
	*m = memory{
		absent: make(map[callvault.ID]absentCall),
		late:   make(map[int]*lateDay),
	}
}

// read reads what a process before kept under the keys that begin with a prefix. Values of
// other keys are left alone.
func (m *memory) read(ctx context.Context, state callvault.MirrorReads, prefix string) error {
	parts := m.parts()
	return state.Values(ctx, prefix, func(key string, value []byte) (err error) {
		prefix, rest, _ := strings.Cut(key, "/")
		switch part := parts[key]; {
		case part != nil:
			err = json.Unmarshal(value, part)
		case prefix == "span":
			err = m.pages.parse(rest, value)
		case prefix == "leaf":
			err = m.leaves.parse(rest, value)
		case prefix == "absent":
			err = parseAbsent(m.absent, rest, value)
		case prefix == "late":
			err = parseLate(m.late, rest, value)
		}
		if err != nil {
			return fmt.Errorf("the mirror's value %s can't be read: %w", key, err)
		}
		return nil
	})
}

// remember is what Open reads.
func (m *Mirror) remember(ctx context.Context) error {
	m.memory.reset()
	if err := m.memory.read(ctx, m.state, ""); err != nil {
		return err
	}
	m.clock.Ahead = m.access.Ahead
	return nil
}

// draft is what the next commit writes.
type draft struct {
	calls   []callvault.Call
	remove  []callvault.ID
	keep    []callvault.ID
	strange map[callvault.ID]callvault.Time
	entries map[callvault.Kind][]callvault.Entry
	values  map[string][]byte
	line    *slog.Record // for the log, once it is committed
	read    *reading     // that changes this; it has a line at its end
}

func (d *draft) reset() {
	*d = draft{strange: make(map[callvault.ID]callvault.Time), values: make(map[string][]byte)}
}

// keep drafts a value.
func (m *Mirror) keep(key string, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // values are structs of ours
	}
	m.draft.values[key] = text
}

// forget drafts that a value goes.
func (m *Mirror) forget(key string) { m.draft.values[key] = nil }

// commit writes what was drafted, all or nothing.
func (m *Mirror) commit(ctx context.Context) error {
	d := &m.draft
	if len(d.calls)+len(d.remove)+len(d.keep)+len(d.entries)+len(d.values) == 0 {
		d.line, d.read = nil, nil // a line about nothing is not one about what comes next
		return nil
	}
	change := callvault.MirrorChange{
		Calls: callvault.NewBatch(d.calls), Delete: d.remove, Keep: d.keep,
		Strange: d.strange, Entries: d.entries, Values: d.values,
	}
	result, err := m.state.Commit(ctx, m.lease, change)
	if err != nil {
		return err
	}
	if n := (changed{result.Created, result.Changed, len(d.remove), len(d.keep)}); d.line != nil {
		m.tell(d.line, n)
	} else if d.read != nil {
		d.read.add(n)
	}
	d.reset()
	return nil
}

// changed is how many calls were created, changed, deleted and kept.
type changed [4]int

// tell logs a line about something that changed calls, and nothing if it changed none.
func (m *Mirror) tell(line *slog.Record, n changed) {
	if n == (changed{}) || !m.log.Enabled(context.Background(), line.Level) {
		return
	}
	for i, name := range [...]string{"created", "changed", "deleted", "kept"} {
		if n[i] > 0 {
			line.AddAttrs(slog.Int(name, n[i]))
		}
	}
	_ = m.log.Handler().Handle(context.Background(), *line)
}

// line is a line of the log, at the time of the machine's clock.
func (m *Mirror) line(what string, args ...any) *slog.Record {
	line := slog.NewRecord(m.config.Now(), slog.LevelInfo, what, 0)
	line.Add(args...)
	return &line
}

// says is the line that the log gets when the next commit changed something.
func (m *Mirror) says(what string, args ...any) { m.draft.line = m.line(what, args...) }

// reading is what a run of an activity has read and changed. However many pages that are, the
// log gets one line at the end.
type reading struct {
	from, to callvault.Time
	changed  changed
}

func (r *reading) add(n changed) {
	for i := range n {
		r.changed[i] += n[i]
	}
}

// reads notes that what is drafted comes from a page of a range.
func (t *thread) reads(from, to callvault.Time) {
	r := &t.reading
	if r.to == 0 {
		*r = reading{from: from, to: to}
	}
	r.from, r.to = min(r.from, from), max(r.to, to)
	t.draft.read = r
}

// tellEnd logs what a run has read, when it has ended.
func (t *thread) tellEnd(name string) {
	args := []any{"from", t.reading.from.String()}
	if t.reading.to < forever {
		args = append(args, "to", t.reading.to.String())
	}
	t.tell(t.line("read "+name, args...), t.reading.changed)
}
