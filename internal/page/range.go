package page

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/when"
)

// lately is the range of a request without one, if it has calls. If not, the range is as many
// days up to the newest call.
const (
	lately     = "30d"
	latelyDays = 30
)

// parseRange reads the range of a view and the period that it is compared with.
func (v *view) parseRange(ctx context.Context, parameters url.Values, now time.Time) (err error) {
	from, to, name := parameters.Get("from"), parameters.Get("to"), parameters.Get("range")
	if from != "" || to != "" {
		if v.span, err = when.Bounds(from, to, now); err != nil {
			return refuseBounds(from, "to", to, now)
		}
	} else {
		v.preset = cmp.Or(name, lately)
		if v.span, err = preset(v.preset, now); err != nil {
			return err
		}
	}
	isOpen := v.span.From.IsZero()
	if err := v.closeSpan(ctx, now); err != nil {
		return err
	}
	if from+to+name == "" {
		if err := v.moveToCalls(ctx); err != nil {
			return err
		}
	}
	if !isOpen {
		v.earlier = v.span.Earlier(now)
	}
	return nil
}

// refuseBounds says what is wrong with a range, and which of its ends it is. Last is what the second
// end is called.
func refuseBounds(from, last, to string, now time.Time) error {
	ends := [...]struct{ parameter, name, value string }{{"from", "from", from}, {"to", last, to}}
	for _, end := range ends {
		if _, wrong := when.Parse(end.value, now); wrong == nil || end.value == "" {
			continue
		}
		problem := "is not a time; write 2026-01-31, 2026-01, 2026-01-31 09:00, yesterday or 2w"
		if _, err := time.Parse(time.DateOnly, end.value); err != nil && strings.HasSuffix(err.Error(), "out of range") {
			problem = "is not in the calendar"
		}
		return refusef(http.StatusBadRequest, "%s %.40q %s", end.name, end.value, problem).blame(end.parameter, end.value)
	}
	text := "from must be before " + strings.ToUpper(last[:1]) + last[1:]
	switch {
	case to == "":
		text = "from must be before now; use an earlier time"
	case last == "through" && from != to:
		text = "from is after Through"
	}
	return refusef(http.StatusBadRequest, "%s", text).blame("range", strings.Trim(from+" – "+to, " –"))
}

// written is a range as the page's dialog has it: by its first time, and by its last day or
// by the time at which it ends.
type written struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// written checks what a person wrote as a range, in parameters from and to: a day, month or
// year as the end includes all of it. A time ago is a whole second. An empty parameter leaves that
// end open.
func (h *Handler) written(r *http.Request, _ string) (any, error) {
	parameters := r.URL.Query()
	zone, err := parseZone(parameters)
	if err != nil {
		return nil, err
	}
	now, from, to := h.Now().In(zone).Truncate(time.Second), parameters.Get("from"), parameters.Get("to")
	read := when.Through
	if _, err := when.Through("", to, now); err != nil { // not a whole day
		read = when.Bounds
	}
	span, err := read(from, to, now)
	if err != nil {
		return nil, refuseBounds(from, "through", to, now)
	}
	var w written
	if !span.From.IsZero() {
		w.From = shown(span.From)
	}
	if !span.To.IsZero() {
		w.To = shown(span.To)
	}
	return w, nil
}

// preset is a range with a name. The last days end with all of today, so that each is whole.
func preset(name string, now time.Time) (when.Span, error) {
	days := map[string]int{"7d": 7, lately: latelyDays, "90d": 90}[name]
	switch {
	case name == "all":
		return when.Span{}, nil
	case name == "today" || name == "yesterday":
		return when.Parse(name, now)
	case name == "last-week" || name == "this-month" || name == "last-month":
		return when.Parse(strings.Replace(name, "-", " ", 1), now)
	case days == 0:
		return when.Span{}, refusef(http.StatusBadRequest, "unknown range %.40q; use today, yesterday, 7d, 30d, 90d, last-week, this-month, last-month or all", name).blame("range", name)
	}
	return lastDays(days, now), nil
}

// lastDays is some days of the calendar, up to and with the one of a time.
func lastDays(days int, at time.Time) when.Span {
	end := dayAt(at).To
	year, month, day := at.Date()
	begin, err := when.Parse(time.Date(year, month, day+1-days, 0, 0, 0, 0, time.UTC).Format(time.DateOnly), at)
	if err != nil {
		panic(err) // it is a date
	}
	return when.Span{From: begin.From, To: end}
}

func rangeOf(span when.Span) callvault.Range {
	return callvault.Range{From: callvault.CeilTime(span.From), To: callvault.CeilTime(span.To)}
}

// closeSpan replaces an open end by the first day or the last day that has calls.
func (v *view) closeSpan(ctx context.Context, now time.Time) error {
	if !v.span.From.IsZero() && !v.span.To.IsZero() {
		return nil
	}
	q := callvault.Query{Range: callvault.AllTime}
	empty := callvault.FloorTime(now) // the day to show when there is nothing
	if !v.span.To.IsZero() {
		q.To = callvault.CeilTime(v.span.To)
		empty = q.To - 1
	}
	if !v.span.From.IsZero() {
		q.From = callvault.CeilTime(v.span.From)
		empty = q.From
	}
	first, last := empty, empty
	err := v.calls.Scan(ctx, q, q.Start(), 1, func(r callvault.Record) error {
		first, last = r.Time, r.Time
		return nil
	})
	if err != nil {
		return err
	}
	err = v.calls.ScanBack(ctx, q, q.End(), 1, func(r callvault.Record) error {
		last = max(first, r.Time) // it may be another moment
		return nil
	})
	if err != nil {
		return err
	}
	if v.span.From.IsZero() {
		v.span.From = dayAt(first.UTC().In(now.Location())).From
	}
	if v.span.To.IsZero() {
		v.span.To = dayAt(last.UTC().In(now.Location())).To
	}
	return nil
}

// moveToCalls moves a range that has no calls to the days up to the newest call before it, or
// else after it.
func (v *view) moveToCalls(ctx context.Context) error {
	q := callvault.Query{Range: rangeOf(v.span)}
	n, err := v.calls.Count(ctx, q)
	if err != nil || n > 0 {
		return err
	}
	zone := v.zone
	q.From = callvault.MinTime
	for _, end := range []callvault.Time{q.To, callvault.MaxTime} {
		q.To = end
		err := v.calls.ScanBack(ctx, q, q.End(), 1, func(r callvault.Record) error {
			v.preset, v.span = "", lastDays(latelyDays, r.Time.UTC().In(zone))
			return nil
		})
		if err != nil || v.preset == "" {
			return err
		}
	}
	return nil
}

// dayAt is the day of a time, by the calendar of its zone.
func dayAt(t time.Time) when.Span {
	day, err := when.Parse("today", t)
	if err != nil {
		panic(err) // it is a word that Parse knows
	}
	return day
}
