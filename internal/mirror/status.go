package mirror

import (
	"context"
	"fmt"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/budget"
	"github.com/callvault/callvault/internal/lease"
)

// Seconds is a length of time, which JSON has in seconds.
type Seconds time.Duration

// MarshalJSON writes whole seconds.
func (s Seconds) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "%d", time.Duration(s).Round(time.Second)/time.Second), nil
}

// Status is how a company's mirror stands. Any process on the store can read it. Its JSON is what
// scripts rely on; what only people are told is not in it.
type Status struct {
	Connected bool         `json:"connected"`
	Reason    *string      `json:"reason"`   // why not; also set when the key sees no calls
	Calls     int          `json:"calls"`    // here
	Upstream  int          `json:"upstream"` // that the upstream counted last
	Newest    *time.Time   `json:"newest"`   // the newest call here
	Windows   []Window     `json:"windows"`
	Backfill  Backfilled   `json:"backfill"`
	Rounds    []Round      `json:"rounds"`
	Requests  budget.Spent `json:"requests"`
	Late      Late         `json:"late"`
	Held      *Held        `json:"held"` // null while nothing is held

	Reads   `json:"-"`
	URL     string            `json:"-"` // of the upstream
	Own     int               `json:"-"` // calls that were here before the mirror, and that nobody has decided about
	Excess  int               `json:"-"` // calls that the upstream counts and does not list
	Absent  int               `json:"-"` // calls that are about to be looked up by id
	Notes   map[string]string `json:"-"` // why users or workspaces can't be read
	Holder  string            `json:"-"` // the process that runs the mirror; empty if none does
	Hurry   int               `json:"-"` // what divides the periods
	Suggest int               `json:"-"` // the --daily that would make the old round 20 days; 0 if it is 30 days at most
}

// Window is how fresh a window is.
type Window struct {
	Name   string   `json:"name"`
	Age    *Seconds `json:"age"`    // of the last whole reading; null before the first
	Last   *Seconds `json:"-"`      // since the last reading, whole or not
	Period Seconds  `json:"period"` // between readings, at present
}

// Backfilled is how far the backfill is.
type Backfilled struct {
	Done  bool       `json:"done"`
	From  *time.Time `json:"from"`  // all calls from here on are here
	Calls int        `json:"calls"` // of Total
	Total int        `json:"total"`
	Left  *Seconds   `json:"left"` // null if that is not known
}

// Round is how far a round of the sweep is.
type Round struct {
	Name    string     `json:"name"`
	Began   *time.Time `json:"began"`
	Pages   int        `json:"pages"` // of Total
	Total   int        `json:"total"`
	Left    *Seconds   `json:"left"`
	Period  Seconds    `json:"period"`  // that a round takes
	Running bool       `json:"running"` // or it waits for the next period
}

// Held is what is held back, and what would release it.
type Held struct {
	Calls   int    `json:"calls"`
	Reason  string `json:"reason"`
	Release string `json:"release"`
	hold    hold
}

// shown is a hold in words. Some arguments name the company in a command.
func (h *hold) shown(arguments string) *Held {
	if h == nil {
		return nil
	}
	held, again := &Held{Calls: h.Calls, hold: *h}, ""
	switch h.Reason {
	case heldEmpty:
		held.Reason = "the upstream lists no call at all: the key's user may see none"
		again = "lists calls again"
	case heldRetention:
		held.Reason = fmt.Sprintf("the upstream has no calls before %s any more: a new retention policy, or a key limited to recent calls", h.Until.UTC().Format(time.RFC3339))
		again = "lists older calls again"
	case heldMany:
		held.Reason = "more calls are gone upstream than may be deleted here in 24 hours"
		again = "lists them again"
	default:
		held.Reason = "the upstream counts fewer calls than are here: calls were deleted there, or the key lost rights"
		again = "counts them again"
	}
	held.Release = "when the upstream " + again + ", or: callvault mirror accept" + arguments
	return held
}

// Reads is what a status is read from.
type Reads struct {
	Company   string
	Arguments string // that name the company in a command, such as " --db calls.db --company acme"
	Calls     callvault.Reads
	Mirror    callvault.MirrorReads
	Now       time.Time // by the machine's clock; times are shown in its zone
}

// ReadStatus reads how a company's mirror stands. ErrNotFound where there is no mirror.
func ReadStatus(ctx context.Context, r Reads) (*Status, error) {
	held, err := r.Mirror.Lease(ctx)
	if err != nil {
		return nil, err
	}
	if held.Upstream == "" {
		return nil, callvault.ErrNotFound
	}
	var m memory
	if err := m.readStatus(ctx, r.Mirror); err != nil {
		return nil, err
	}
	s := &Status{
		Reads: r, URL: held.Upstream, Holder: lease.InShort(held.Holder), Hurry: max(1, m.hurry),
		Notes: m.people.Note, Absent: len(m.absent), Held: m.held.shown(r.Arguments),
	}
	up := r.Now.Add(m.access.Ahead)
	s.connection(&m)
	s.Excess = m.warm.Excess
	for _, leaf := range m.leaves {
		s.Excess += leaf.kept.Excess
	}
	if s.Calls, err = r.Calls.Count(ctx, callvault.Query{Range: callvault.AllTime}); err != nil {
		return nil, err
	}
	if s.Newest, err = newest(ctx, r.Calls); err != nil {
		return nil, err
	}
	if s.Own, err = r.Mirror.CountApart(ctx, callvault.Own); err != nil {
		return nil, err
	}
	covered, err := s.countUpstream(ctx, &m, r.Calls)
	if err != nil {
		return nil, err
	}
	s.Windows = []Window{m.hot.shown("hot", up, s.period(hotPeriod)), m.warm.shown("warm", up, s.period(warmPeriod))}
	s.Backfill = m.backfill.shown(covered, s.Calls, up)
	if s.Requests, err = budget.ReadSpent(ctx, r.Mirror, r.Now); err != nil {
		return nil, err
	}
	for i, of := range sweeps {
		of.period = s.period(of.period)
		s.Rounds = append(s.Rounds, m.rounds[i].shown(of, up))
	}
	s.suggest()
	s.Late = lateness(m.late, callvault.DayOf(up))
	return s, nil
}

// period is a period of the rules, in the hurry that the mirror is in.
func (s *Status) period(d time.Duration) time.Duration { return d / time.Duration(s.Hurry) }

// NothingRead is the reason of a mirror that has just been made.
const NothingRead = "nothing has been read yet"

// connection says whether the upstream can be read.
func (s *Status) connection(m *memory) {
	reason := m.access.Reason
	s.Connected = reason == "" && !m.head.At.IsZero()
	switch {
	case reason == "" && m.head.At.IsZero():
		reason = NothingRead
	case reason == "" && !m.head.Visible && m.hot.Total+m.warm.Total == 0:
		reason = "0 calls visible: the key's user may see none"
	}
	if reason != "" {
		s.Reason = &reason
	}
}

// countUpstream sets how many calls are upstream, and returns how many of those before W are here.
// While the backfill is under way the head counts only what it has covered.
func (s *Status) countUpstream(ctx context.Context, m *memory, calls callvault.Reads) (covered int, err error) {
	b := &m.backfill
	if b.Done || b.Began.IsZero() {
		s.Upstream = m.head.Total + m.warm.Total
		return m.head.Total, nil
	}
	recent, err := calls.Count(ctx, callvault.Query{Range: callvault.Range{From: callvault.FloorTime(b.W), To: forever}})
	s.Upstream = b.Total + recent + m.warm.Excess
	return min(b.Total, max(0, s.Calls-s.Own-recent)), err
}

// suggest says which budget would make the old round 20 days, when it is longer than 30.
func (s *Status) suggest() {
	const long, good = 30 * 24 * time.Hour, 20 * 24 * time.Hour
	const oldShare = 0.34 // of further requests: the windows and the other rounds get their shares, too
	old := s.Rounds[len(s.Rounds)-1]
	if took := time.Duration(old.Period); took > long && s.Requests.Limit > 0 {
		// What the other classes need stays; the pages of the old round come on top.
		pages := float64(old.Total)
		more := pages/good.Hours()*24 - pages/took.Hours()*24
		s.Suggest = int((float64(s.Requests.Limit)+more/oldShare)/100+1) * 100
	}
}

// newest is the time of the newest call.
func newest(ctx context.Context, calls callvault.Reads) (at *time.Time, err error) {
	r := callvault.AllTime
	err = calls.ScanBack(ctx, callvault.Query{Range: r}, r.End(), 1, func(record callvault.Record) error {
		at = new(record.Time.UTC())
		return nil
	})
	return at, err
}

// shown is a window in a status.
func (s *windowState) shown(name string, up time.Time, period time.Duration) Window {
	w := Window{Name: name, Period: Seconds(period)}
	if s.Period > period {
		w.Period = Seconds(s.Period)
	}
	if !s.Read.IsZero() {
		w.Age = new(Seconds(up.Sub(s.Read)))
	}
	if !s.Began.IsZero() {
		w.Last = new(Seconds(up.Sub(s.Began)))
	}
	return w
}

// shown is the backfill in a status, while so many calls are upstream below W and here.
func (b *backfillState) shown(covered, here int, up time.Time) Backfilled {
	s := Backfilled{Done: b.Done, Calls: covered, Total: max(b.Total, covered)}
	if b.Began.IsZero() {
		return s
	}
	s.From = &b.C
	if b.Done {
		s.From, s.Calls, s.Total = nil, here, here
		s.Left = new(Seconds(0))
	} else if covered > 0 && up.After(b.Began) {
		s.Left = new(Seconds(float64(up.Sub(b.Began)) * float64(max(0, s.Total-covered)) / float64(covered)))
	}
	return s
}

// shown is a round in a status.
func (r *round) shown(of sweep, up time.Time) Round {
	s := Round{Name: of.name, Pages: min(r.I, r.K), Total: r.K, Period: Seconds(of.period), Running: !r.Began.IsZero() && r.Ended.IsZero()}
	if r.Began.IsZero() {
		return s
	}
	s.Began = &r.Began
	if !r.Ended.IsZero() {
		s.Pages = r.K
		s.Period = Seconds(max(of.period, r.Ended.Sub(r.Began)))
		s.Left = new(Seconds(0))
		return s
	}
	if r.I > 0 {
		whole := max(evenPart(of.period), time.Duration(float64(up.Sub(r.Began))*float64(r.K)/float64(r.I)))
		if r.I > r.K/50 {
			s.Period = Seconds(max(of.period, whole))
		}
		s.Left = new(Seconds(max(0, whole-up.Sub(r.Began))))
	}
	return s
}
