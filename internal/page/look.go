package page

import (
	"cmp"
	"context"
	"net/http"
	"slices"

	"github.com/callvault/callvault"
)

// look is all that the page shows of a view, of one moment.
type look struct {
	Company string `json:"company"`
	Number  int64  `json:"number"` // of the company's last change
	All     int    `json:"all"`    // calls of the company
	Zone    string `json:"zone"`
	Range   string `json:"range"` // the preset that is shown, empty for another range
	From    string `json:"from"`  // like every time here, RFC 3339 by the zone's clock
	To      string `json:"to"`

	Figures callvault.Figures `json:"figures"`
	Earlier *earlier          `json:"earlier"` // the period before, null where there is none
	Chart   chart             `json:"chart"`
	Facets  []facet           `json:"facets"`
	Newest  string            `json:"newest,omitempty"` // when the company's newest call was, if none is shown
	List    list              `json:"list"`
	Names   entryName         `json:"names"` // of all users and workspaces above
	Lines   []line            `json:"lines"`
	Meant   *instead          `json:"meant,omitempty"` // if the search finds nothing, but its words are a name
}

type earlier struct {
	From string `json:"from"`
	To   string `json:"to"`
	callvault.Figures
}

// facet is a field with the values that most calls have.
type facet struct {
	Field  string  `json:"field"`
	Values []value `json:"values"`
	Others int     `json:"others"` // values that are not here
}

type value struct {
	callvault.Bar
	Chosen string `json:"chosen,omitempty"` // the term of the search that finds it
}

// maxValues is how many values of a facet an answer has by their calls, and as many by their hours.
const maxValues = 50

// facets are the fields whose values the page lists, by their names in a search.
var facets = []struct {
	field string
	facet callvault.Facet
	names callvault.Kind
}{
	{"system", callvault.BySystem, ""},
	{"direction", callvault.ByDirection, ""},
	{"host", callvault.ByHost, callvault.Users},
	{"workspace", callvault.ByWorkspace, callvault.Workspaces},
}

// look answers with a view: its figures, those of the period before, the chart, the facets and
// the list. A view with the parameter before has only the list, from there on.
func (h *Handler) look(r *http.Request, keyCompany string) (any, error) {
	parameters := r.URL.Query()
	v, err := h.view(r, keyCompany)
	if err != nil {
		return nil, err
	}
	q := callvault.ViewQuery{Query: v.query, Filter: v.filter}
	if err := v.order(&q, parameters.Get("order"), parameters.Get("before")); err != nil {
		return nil, err
	}
	if q.Before != nil {
		return h.next(r.Context(), v, q)
	}
	l := look{
		Company: v.company,
		Zone:    v.zone.String(),
		Range:   v.preset,
		From:    shown(v.span.From),
		To:      shown(v.span.To),
		Lines:   h.lines(r, keyCompany, v),
	}
	if l.Chart, err = h.newChart(r.Context(), &v, parameters.Get("by"), parameters.Get("stack"), &q); err != nil {
		return nil, err
	}
	before := v.earlier
	if !before.From.IsZero() {
		q.Earlier = rangeOf(before)
	}
	found, err := v.calls.View(r.Context(), q)
	if err != nil {
		return nil, err
	}
	l.Number, l.Figures, l.List = found.Number, found.Figures, v.list(found)
	if !before.From.IsZero() {
		l.Earlier = &earlier{shown(before.From), shown(before.To), found.Earlier}
	}
	l.Chart.fill(found.Units)
	ids := idsOf(found.Calls)
	for _, f := range facets {
		shown := facet{f.field, v.ranked(f.field, f.facet, found.Facets[f.facet]), 0}
		shown.Others = len(found.Facets[f.facet]) - len(shown.Values)
		for _, value := range shown.Values {
			if id, err := callvault.ParseID(value.Value); err == nil && f.names != "" {
				ids[f.names] = append(ids[f.names], id)
			}
		}
		l.Facets = append(l.Facets, shown)
	}
	if l.Names, err = h.namesOf(r.Context(), v.company, ids); err != nil {
		return nil, err
	}
	if l.All, err = v.calls.Count(r.Context(), callvault.Query{Range: callvault.AllTime}); err != nil || l.Figures.Calls > 0 {
		return l, err
	}
	if l.Newest, err = v.newest(r.Context()); err != nil {
		return nil, err
	}
	terms, without, err := v.where.Meant(r.Context(), v.calls, h.Store.Directory(v.company))
	if len(terms) > 0 {
		l.Meant = &instead{without, terms}
	}
	return l, err
}

// ranked are the values with the most calls, those with the most hours, and those that the search
// asks for, in the order of their calls.
func (v *view) ranked(field string, f callvault.Facet, all []callvault.Bar) []value {
	isValue := make(map[string]bool)
	for _, b := range all {
		isValue[callvault.Fold(b.Value)] = true
	}
	byHours := slices.SortedStableFunc(slices.Values(all), func(a, b callvault.Bar) int { return cmp.Compare(b.Seconds, a.Seconds) })
	isLong := make(map[string]bool)
	for _, b := range byHours[:min(maxValues, len(all))] {
		isLong[b.Value] = true
	}
	values := []value{}
	for i, b := range all {
		chosen := ""
		if b.Value != "" && v.filter.Allows(f, b.Value) {
			chosen = v.termOf(field, b.Value, isValue)
		}
		if i < maxValues || isLong[b.Value] || chosen != "" {
			values = append(values, value{b, chosen})
		}
	}
	return values
}

// termOf is the term by which the search finds a value: the one that equals it, or else the first
// that no value equals, such as the beginning of a name.
func (v *view) termOf(field, value string, isValue map[string]bool) (text string) {
	for _, t := range v.where.Terms {
		switch meant := callvault.Fold(t.Value); {
		case t.Field != field:
		case meant == callvault.Fold(value):
			return t.Text
		case text == "" && !isValue[meant]:
			text = t.Text
		}
	}
	return text
}

// next is the list from a place on.
func (h *Handler) next(ctx context.Context, v view, q callvault.ViewQuery) (any, error) {
	found, err := v.calls.View(ctx, q)
	if err != nil {
		return nil, err
	}
	names, err := h.namesOf(ctx, v.company, idsOf(found.Calls))
	return struct {
		List  list      `json:"list"`
		Names entryName `json:"names"`
	}{v.list(found), names}, err
}

// newest is when the newest call of the company was, or nothing.
func (v *view) newest(ctx context.Context) (text string, err error) {
	q := callvault.Query{Range: callvault.AllTime}
	err = v.calls.ScanBack(ctx, q, q.End(), 1, func(r callvault.Record) error {
		text = shown(r.Time.UTC().In(v.zone))
		return nil
	})
	return text, err
}

// idsOf are the hosts and workspaces of calls.
func idsOf(calls []callvault.Record) map[callvault.Kind][]callvault.ID {
	ids := make(map[callvault.Kind][]callvault.ID)
	for i := range calls {
		if id, err := callvault.ParseID(string(calls[i].Host())); err == nil {
			ids[callvault.Users] = append(ids[callvault.Users], id)
		}
		if !calls[i].Workspace.IsZero() {
			ids[callvault.Workspaces] = append(ids[callvault.Workspaces], calls[i].Workspace)
		}
	}
	return ids
}
