package status

import (
	"time"

	"github.com/callvault/callvault/internal/budget"
	"github.com/callvault/callvault/internal/mirror"
)

// Document is a status for machines. Times are RFC 3339, lengths of time are whole seconds.
type Document struct {
	Connected bool              `json:"connected"`
	Reason    *string           `json:"reason"`
	Calls     int               `json:"calls"`
	Upstream  int               `json:"upstream"`
	Newest    *time.Time        `json:"newest"`
	Windows   []mirror.Window   `json:"windows"`
	Backfill  mirror.Backfilled `json:"backfill"`
	Rounds    []mirror.Round    `json:"rounds"`
	Requests  budget.Spent      `json:"requests"`
	Late      lateness          `json:"late"`
	Held      *mirror.Held      `json:"held"`
}

// lateness is how late calls come; null while no call came late.
type lateness struct {
	Median *mirror.Seconds `json:"median"`
	P95    *mirror.Seconds `json:"p95"`
	Worst  *mirror.Seconds `json:"worst"`
}

// JSON is the document of a status.
func JSON(s *mirror.Status) Document {
	d := Document{s.Connected, s.Reason, s.Calls, s.Upstream, s.Newest, s.Windows, s.Backfill, s.Rounds, s.Requests, lateness{}, s.Held}
	if s.Late != nil {
		d.Late = lateness{&s.Late.Median, &s.Late.P95, &s.Late.Worst}
	}
	return d
}
