package page

import (
	"context"
	"net/http"
	"time"
)

// ReadMirror reads how a company's mirror stands, as assets/mirror.js shows it: nil if it has
// none. Times are shown by the clock of now's zone.
type ReadMirror func(ctx context.Context, company string, now time.Time) (any, error)

// mirrored is the answer about a company's mirror.
type mirrored struct {
	Mirror any `json:"mirror"`
}

func (h *Handler) mirror(r *http.Request, keyCompany string) (any, error) {
	parameters := r.URL.Query()
	company, err := h.company(r.Context(), parameters.Get("company"), keyCompany)
	if err != nil {
		return nil, err
	}
	zone, err := parseZone(parameters)
	if err != nil || h.Mirror == nil {
		return mirrored{}, err
	}
	m, err := h.Mirror(r.Context(), company, h.Now().In(zone))
	return mirrored{m}, err
}
