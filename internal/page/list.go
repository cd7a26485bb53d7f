package page

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// rowsAtOnce is how many calls of the list one answer has.
const rowsAtOnce = 50

// list is calls of a view from its newest or its longest, or those after a place.
type list struct {
	Calls []row `json:"calls"`
	More  bool  `json:"more"` // calls follow
}

// row is a call of the list.
type row struct {
	At       string          `json:"at"`   // its position, for requests
	Time     string          `json:"time"` // RFC 3339, by the zone's clock
	Document json.RawMessage `json:"document"`
}

// order reads the parameters of the list: order, which may be longest, and before, the place
// of the call after which it goes on.
func (v *view) order(q *callvault.ViewQuery, order, before string) error {
	switch order {
	case "", "newest":
	case "longest":
		q.Longest = true
	default:
		return refusef(http.StatusBadRequest, "unknown order %.40q; use newest or longest", order).blame("order", order)
	}
	q.Limit = rowsAtOnce
	if before == "" {
		return nil
	}
	at, length, _ := strings.Cut(before, ",")
	position, err := parsePosition(at)
	if err != nil {
		return err
	}
	seconds, err := strconv.ParseInt(cmp.Or(length, "-1"), 10, 64)
	if err != nil {
		return refusef(http.StatusBadRequest, "%.60q is not a place in the list", before)
	}
	q.Before = &callvault.Place{Position: position, Duration: seconds}
	return nil
}

func (v *view) list(found callvault.View) list {
	l := list{Calls: []row{}, More: found.More}
	for _, r := range found.Calls {
		l.Calls = append(l.Calls, row{
			At:       formatPosition(r.Position()),
			Time:     shown(r.Time.UTC().In(v.zone)),
			Document: r.Document,
		})
	}
	return l
}

// shown is a time as its zone's clock shows it.
func shown(t time.Time) string { return t.Format(time.RFC3339Nano) }

// shownTime is a time of a document as the clock of a zone shows it, empty for none.
func shownTime(t *gong.Time, zone *time.Location) string {
	if t == nil {
		return ""
	}
	return shown(t.Instant().In(zone))
}

// A position is written as microseconds and id, with a dot between them.
func formatPosition(p callvault.Position) string {
	return strconv.FormatInt(int64(p.Time), 10) + "." + p.ID.String()
}

func parsePosition(text string) (p callvault.Position, err error) {
	micros, digits, _ := strings.Cut(text, ".")
	t, timeErr := strconv.ParseInt(micros, 10, 64)
	id, idErr := callvault.ParseID(digits)
	if timeErr != nil || idErr != nil || callvault.Time(t) >= callvault.CallTimes.To || callvault.Time(t) < callvault.CallTimes.From {
		return p, refusef(http.StatusBadRequest, "%.60q is not a position of a call", text)
	}
	return callvault.Position{Time: callvault.Time(t), ID: id}, nil
}
