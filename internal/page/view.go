package page

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/when"
)

// view is the calls that a request asks to see.
type view struct {
	company string
	calls   callvault.Calls
	span    when.Span // with both ends, as the clock of its zone shows them
	query   callvault.Query
}

// defaultRange is the range of a request without one.
const defaultRange = "30d"

// view parses the parameters that every request has: company, of which a key allows only its
// own; range, a preset, or from and to as people write them; tz, the zone's IANA name; workspace.
func (h *Handler) view(r *http.Request, keyCompany string) (v view, err error) {
	parameters := r.URL.Query()
	if v.company, err = h.company(r.Context(), parameters.Get("company"), keyCompany); err != nil {
		return v, err
	}
	v.calls = h.Store.Calls(v.company)
	if w := parameters.Get("workspace"); w != "" {
		if v.query.Workspace, err = callvault.ParseID(w); err != nil {
			return v, refusef(http.StatusBadRequest, "workspace: %v", err)
		}
	}
	zone, err := parseZone(parameters)
	if err != nil {
		return v, err
	}
	now := h.Now().In(zone)
	if v.span, err = parseRange(parameters, now); err != nil {
		return v, refusef(http.StatusBadRequest, "%v", err)
	}
	if err := v.closeSpan(r.Context(), now); err != nil {
		return v, err
	}
	v.query.Range = rangeOf(v.span)
	return v, nil
}

func parseZone(parameters url.Values) (*time.Location, error) {
	zone, err := when.Zone(cmp.Or(parameters.Get("tz"), "UTC"))
	if err != nil {
		return nil, refusef(http.StatusBadRequest, "tz: %v", err)
	}
	return zone, nil
}

// company is the company that is shown: the key's, or the chosen one, or the default
// company, or the first.
func (h *Handler) company(ctx context.Context, chosen, keyCompany string) (string, error) {
	switch {
	case keyCompany != "" && (chosen == "" || chosen == keyCompany):
		return keyCompany, nil
	case keyCompany != "":
		return "", refusef(http.StatusForbidden, "the key does not belong to company %.80q", chosen)
	case chosen == "":
		companies, err := h.companies(ctx)
		if err != nil {
			return "", err
		}
		return companies[0], nil
	}
	if err := callvault.CheckCompany(chosen); err != nil {
		return "", refusef(http.StatusBadRequest, "company: %v", err)
	}
	return chosen, nil
}

// companies are all companies, at least one. The first is the one to begin with.
func (h *Handler) companies(ctx context.Context) ([]string, error) {
	companies, err := h.Store.Companies(ctx)
	if err != nil {
		return nil, err
	}
	for i, name := range companies {
		if name == callvault.DefaultCompany {
			copy(companies[1:i+1], companies[:i])
			companies[0] = name
		}
	}
	if len(companies) == 0 {
		companies = []string{callvault.DefaultCompany}
	}
	return companies, nil
}

// parseRange reads a range. An end that is open is zero.
func parseRange(parameters url.Values, now time.Time) (when.Span, error) {
	from, to := parameters.Get("from"), parameters.Get("to")
	if from == "" && to == "" {
		return preset(cmp.Or(parameters.Get("range"), defaultRange), now)
	}
	span, err := when.Bounds(from, to, now)
	if err != nil {
		// The page has no flags.
		return span, errors.New(strings.NewReplacer("--from", "from", "--to", "to").Replace(err.Error()))
	}
	return span, nil
}

// preset is a range with a name. The last days end with all of today, so that each is whole.
func preset(name string, now time.Time) (when.Span, error) {
	days := map[string]int{"7d": 7, "30d": 30, "90d": 90}[name]
	switch {
	case name == "all":
		return when.Span{}, nil
	case name == "today" || name == "yesterday":
		return when.Parse(name, now)
	case name == "this-month" || name == "last-month":
		return when.Parse(strings.Replace(name, "-", " ", 1), now)
	case days == 0:
		return when.Span{}, errors.New("range must be today, yesterday, 7d, 30d, 90d, this-month, last-month or all")
	}
	year, month, day := now.Date()
	first := time.Date(year, month, day+1-days, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
	return when.Bounds(first, "tomorrow", now)
}

func rangeOf(span when.Span) callvault.Range {
	return callvault.Range{From: callvault.CeilTime(span.From), To: callvault.CeilTime(span.To)}
}

// closeSpan replaces an open end by the first day or the last day that has calls.
func (v *view) closeSpan(ctx context.Context, now time.Time) error {
	if !v.span.From.IsZero() && !v.span.To.IsZero() {
		return nil
	}
	q := callvault.Query{Range: callvault.AllTime, Workspace: v.query.Workspace}
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
		v.span.From = dayAt(first, now.Location()).From
	}
	if v.span.To.IsZero() {
		v.span.To = dayAt(last, now.Location()).To
	}
	return nil
}

// dayAt is the day in a zone's calendar at a time.
func dayAt(t callvault.Time, zone *time.Location) when.Span {
	day, err := when.Parse("today", t.UTC().In(zone))
	if err != nil {
		panic(err) // it is a word that Parse knows
	}
	return day
}
