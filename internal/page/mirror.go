package page

import (
	"context"
	"net/http"
	"time"
)

// Mirror is how a company's mirror stands, in words.
type Mirror struct {
	State    MirrorState  `json:"state"`
	Headline string       `json:"headline"`
	Lines    []MirrorLine `json:"lines"`
}

// MirrorState decides how a headline looks. The headline says the same in words.
type MirrorState string

// The states of a mirror.
const (
	MirrorCurrent MirrorState = "current"
	MirrorBusy    MirrorState = "busy"    // it catches up
	MirrorTrouble MirrorState = "trouble" // an operator should look
)

// MirrorLine is a line of a mirror's status. It may be about a part of a whole, which gets a bar.
type MirrorLine struct {
	Name  string `json:"name"` // the same as of the line before if it is empty
	Text  string `json:"text"`
	Part  int    `json:"part"`
	Whole int    `json:"whole"` // 0 if it is about no part
}

// ReadMirror reads how a company's mirror stands; nil if it has none. Times are shown by the
// clock of now's zone.
type ReadMirror func(ctx context.Context, company string, now time.Time) (*Mirror, error)

// mirrored is the answer about a company's mirror.
type mirrored struct {
	Mirror *Mirror `json:"mirror"`
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
