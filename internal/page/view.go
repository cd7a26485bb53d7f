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
	preset  string    // of the range, empty for another one
	span    when.Span // with both ends, as the clock of its zone shows them
	earlier when.Span // the period that figures are compared with; zero for none
	query   callvault.Query
	where   *where.Where // what is searched for
	filter  callvault.Filter
}

// view parses the parameters that every request has: company, of which a key allows only its
// own; range, a preset, or from and to as people write them; tz, the zone's IANA name; where,
// the words of a search.
func (h *Handler) view(r *http.Request, keyCompany string) (v view, err error) {
	parameters := r.URL.Query()
	if v.company, err = h.company(r.Context(), parameters.Get("company"), keyCompany); err != nil {
		return v, err
	}
	v.calls = h.Store.Calls(v.company)
	zone, err := parseZone(parameters)
	if err != nil {
		return v, err
	}
	if err := v.parseRange(r.Context(), parameters, h.Now().In(zone)); err != nil {
		return v, err
	}
	v.query.Range = rangeOf(v.span)
	v.where, err = where.Parse(parameters.Get("where"))
	if err == nil {
		v.filter, err = v.where.Resolve(r.Context(), v.calls, h.Store.Directory(v.company))
	}
	if wrong := (*where.Error)(nil); errors.As(err, &wrong) {
		refused := refusef(http.StatusBadRequest, "%v", wrong).blame("where", wrong.Text)
		refused.culprit.Without = v.where.Without(wrong.Index)
		return v, refused
	}
	return v, err
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
