package page

import (
	"cmp"
	"context"
	"math"
	"net/http"
	"slices"
	"strings"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/when"
)

const (
	// maxUnits is how many units a chart may have, unless they are years.
	maxUnits = 400

	// maxLayers is how many systems have a layer of their own.
	maxLayers = 6
)

// units are the lengths that a unit of the chart can have, the shortest first, each with its
// seconds and with the most units that it is chosen for by default.
var units = [...]struct {
	when.Unit
	seconds int64
	few     int64
}{
	{when.Hour, 3600, 72},
	{when.Day, 86400, 124},
	{when.Week, 7 * 86400, 130},
	{when.Month, 30 * 86400, 240},
	{when.Year, 365 * 86400, math.MaxInt32}, // dates have four digits
}

// chart is what a view has of each unit of its range.
type chart struct {
	Unit    when.Unit   `json:"unit"`
	Units   []when.Unit `json:"units"`   // that can be chosen
	Running int         `json:"running"` // the number of the unit that is not over yet, or -1
	Stack   string      `json:"stack"`   // the field that divides the units
	Layers  []string    `json:"layers"`  // its values, "" for calls without one
	Rest    bool        `json:"rest"`    // the last layer is all other values
	Bars    []bar       `json:"bars"`    // without gaps, up to the range's end
}

// bar is a unit of the chart, with what each layer has. A unit without calls has neither list.
type bar struct {
	From    string  `json:"from"`
	Calls   []int   `json:"calls,omitempty"`
	Seconds []int64 `json:"seconds,omitempty"`
}

// unitOf is the unit in a parameter, or else the best for the range, with all that can be chosen.
func unitOf(span when.Span, wish when.Unit) (meant when.Unit, fitting []when.Unit, err error) {
	meant, fitting = unitsOf(span, wish)
	var all []string
	for _, u := range units {
		if u.Unit == wish {
			return meant, fitting, nil
		}
		all = append(all, string(u.Unit))
	}
	if wish != "" {
		return "", nil, refusef(http.StatusBadRequest, "unknown unit %.40q; use %s", wish, strings.Join(all, ", ")).blame("by", string(wish))
	}
	return meant, fitting, nil
}

// unitsOf are the units that fit a range, and the one to show. The longest is
// about as long as the range.
func unitsOf(span when.Span, wish when.Unit) (meant when.Unit, fitting []when.Unit) {
	seconds := span.To.Unix() - span.From.Unix()
	for _, u := range units {
		tooMany := u.Unit != when.Year && seconds > (maxUnits-2)*u.seconds // the first and the last may be cut short
		tooFew := seconds < u.seconds*9/10                                 // a day may have 23 hours, a month 28 days
		if tooMany || tooFew && len(fitting) > 0 {
			continue
		}
		fitting = append(fitting, u.Unit)
		if meant == "" && seconds <= u.few*u.seconds {
			meant = u.Unit
		}
	}
	if slices.Contains(fitting, wish) {
		meant = wish
	}
	return meant, fitting
}

// newChart is the chart of a view without its bars, whose beginnings it adds to the query.
func (h *Handler) newChart(ctx context.Context, v *view, by, stack string, q *callvault.ViewQuery) (c chart, err error) {
	if c.Unit, c.Units, err = unitOf(v.span, when.Unit(by)); err != nil {
		return c, err
	}
	if err := c.stack(ctx, v.calls, stack); err != nil {
		return c, err
	}
	q.Stack = stacks[c.Stack]
	now := h.Now()
	c.Running = -1
	for unit := range v.span.By(c.Unit) {
		if !now.Before(unit.From) && now.Before(unit.To) {
			c.Running = len(c.Bars)
		}
		c.Bars = append(c.Bars, bar{From: shown(unit.From)})
		q.Units = append(q.Units, callvault.CeilTime(unit.From))
	}
	return c, nil
}

// stacks are the fields that can divide a chart.
var stacks = map[string]callvault.Facet{"direction": callvault.ByDirection, "scope": callvault.ByScope, "system": callvault.BySystem}

// stack sets the layers. They do not depend on the range or the words, so that a layer keeps
// its colour.
func (c *chart) stack(ctx context.Context, calls callvault.Calls, by string) error {
	c.Stack = by
	switch by {
	case "", "direction":
		c.Stack = "direction"
		for _, d := range gong.Directions() {
			c.Layers = append(c.Layers, string(d))
		}
	case "scope":
		for _, s := range gong.CallScopes() {
			c.Layers = append(c.Layers, string(s))
		}
	case "system":
		var systems []callvault.Name
		err := calls.Names(ctx, callvault.Systems, func(n callvault.Name) error {
			systems = append(systems, n)
			return nil
		})
		if err != nil {
			return err
		}
		slices.SortFunc(systems, func(a, b callvault.Name) int {
			return cmp.Or(cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.Name, b.Name))
		})
		for _, s := range systems[:min(len(systems), maxLayers)] {
			c.Layers = append(c.Layers, s.Name)
		}
		c.Rest = len(systems) > maxLayers
	default:
		return refusef(http.StatusBadRequest, "unknown field %.40q to stack by; use direction, scope or system", by).blame("stack", by)
	}
	c.Layers = append(c.Layers, "")
	if c.Rest {
		c.Layers = append(c.Layers, "other")
	}
	return nil
}

// fill gives each unit its calls.
func (c *chart) fill(found [][]callvault.Bar) {
	for i, values := range found {
		for _, value := range values {
			b := &c.Bars[i]
			if b.Calls == nil {
				b.Calls, b.Seconds = make([]int, len(c.Layers)), make([]int64, len(c.Layers))
			}
			layer := c.layer(value.Value)
			b.Calls[layer] += value.Calls
			b.Seconds[layer] += value.Seconds
		}
	}
}

// layer is the number of a value's layer. Values that have arrived since count in the last one.
func (c *chart) layer(value string) int {
	known := c.Layers
	if c.Rest {
		known = known[:len(known)-1]
	}
	if i := slices.Index(known, value); i >= 0 {
		return i
	}
	return len(c.Layers) - 1
}
