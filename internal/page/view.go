package page

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/when"
	"github.com/callvault/callvault/internal/where"
)

// view is the calls that a request asks to see.
type view struct {
	company string
	calls   callvault.Calls
	zone    *time.Location
	preset  string    // of the range, empty for another one
	span    when.Span // with both ends, as the clock of its zone shows them
	earlier when.Span // the period that figures are compared with; zero for none
	query   callvault.Query
	where   *where.Where // what is searched for
	filter  callvault.Filter
}

// place is where a request looks: parameter company, of which a key allows only its own, and
// tz, the IANA name of the zone whose clock shows times.
func (h *Handler) place(r *http.Request, keyCompany string) (v view, err error) {
	parameters := r.URL.Query()
	if v.company, err = h.company(r.Context(), parameters.Get("company"), keyCompany); err != nil {
		return v, err
	}
	v.calls = h.Store.Calls(v.company)
	v.zone, err = parseZone(parameters)
	return v, err
}

// view parses the parameters that every view has: those of its place and its own.
func (h *Handler) view(r *http.Request, keyCompany string) (v view, err error) {
	if v, err = h.place(r, keyCompany); err == nil {
		err = v.parse(r, h)
	}
	return v, err
}

// parse reads what is asked of a place: range, a preset, or from and to as people write them;
// where, the words of a search.
func (v *view) parse(r *http.Request, h *Handler) error {
	parameters := r.URL.Query()
	if err := v.parseRange(r.Context(), parameters, h.Now().In(v.zone)); err != nil {
		return err
	}
	v.query.Range = rangeOf(v.span)
	var err error
	v.where, err = where.Parse(parameters.Get("where"))
	if err == nil {
		v.filter, err = v.where.Resolve(r.Context(), v.calls, h.Store.Directory(v.company))
	}
	if wrong := (*where.Error)(nil); errors.As(err, &wrong) {
		refused := refusef(http.StatusBadRequest, "%v", wrong).blame("where", wrong.Text)
		refused.culprit.instead = instead{v.where.Without(wrong.Index), wrong.Near}
		return refused
	}
	return err
}

// has tells whether the search finds a call, whenever it was.
func (v *view) has(c *callvault.Call) bool {
	return len(v.where.Terms) == 0 || v.filter.Has(c)
}

func parseZone(parameters url.Values) (*time.Location, error) {
	name := cmp.Or(parameters.Get("tz"), "UTC")
	zone, err := when.Zone(name)
	if err != nil {
		return nil, refusef(http.StatusBadRequest, "%v", err).blame("tz", name)
	}
	return zone, nil
}

// company is the company that is shown: the key's, or the chosen one, or the default
// company, or the first.
func (h *Handler) company(ctx context.Context, chosen, keyCompany string) (string, error) {
	if keyCompany != "" {
		if chosen != "" && chosen != keyCompany {
			return "", refusef(http.StatusForbidden, "the key does not belong to company %.80q", chosen).blame("company", chosen)
		}
		return keyCompany, nil
	}
	companies, err := h.companies(ctx)
	switch {
	case err != nil:
		return "", err
	case chosen == "":
		return companies[0], nil
	case !slices.Contains(companies, chosen):
		return "", refusef(http.StatusNotFound, "unknown company %.80q", chosen).blame("company", chosen)
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
