package page

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// oneCall is a call: what people ask of it, and its document as the store keeps it and for
// people to read. Both are texts, since a browser that reads numbers keeps no more than 16 of
// their digits.
type oneCall struct {
	At        string `json:"at"`
	Scheduled string `json:"scheduled,omitempty"` // like every time here, RFC 3339 by the zone's clock
	Started   string `json:"started,omitempty"`
	Document  string `json:"document"`
	Indented  string `json:"indented"`
	Curl      string `json:"curl,omitempty"`

	Names entryName `json:"names"` // of its host and workspace
}

// call is the call at the position in parameter at, or with the id in parameter id. Times are
// shown by the clock of tz.
func (h *Handler) call(r *http.Request, keyCompany string) (any, error) {
	parameters := r.URL.Query()
	id, isMeant, err := meantCall(parameters)
	if err != nil {
		return nil, err
	}
	company, err := h.company(r.Context(), parameters.Get("company"), keyCompany)
	if err != nil {
		return nil, err
	}
	zone, err := parseZone(parameters)
	if err != nil {
		return nil, err
	}
	var found []callvault.Record
	err = h.Store.Calls(company).Get(r.Context(), []callvault.ID{id}, func(row callvault.Record) error {
		if isMeant(row.Position()) {
			row.Document = slices.Clone(row.Document)
			found = append(found, row)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, refusef(http.StatusNotFound, "call not found: it was deleted, or its time has changed")
	}
	c := &found[0]
	var indented bytes.Buffer
	if err := json.Indent(&indented, c.Document, "", "  "); err != nil {
		return nil, fmt.Errorf("indent the document of call %v: %w", id, err)
	}
	d, err := gong.ParseCall(c.Document)
	if err != nil {
		return nil, fmt.Errorf("read the document of call %v: %w", id, err)
	}
	one := oneCall{
		At:        formatPosition(c.Position()),
		Scheduled: shownTime(d.Scheduled, zone),
		Started:   shownTime(d.Started, zone),
		Document:  string(c.Document),
		Indented:  indented.String(),
	}
	if h.API != "" {
		one.Curl = shell("curl", "-u", "ACCESS_KEY", h.reachable(r)+gong.Path+"/"+id.String())
	}
	one.Names, err = h.namesOf(r.Context(), company, idsOf(found))
	return one, err
}

// meantCall is the id of the call that is asked for, and whether it stands where it should.
func meantCall(parameters url.Values) (id callvault.ID, isMeant func(callvault.Position) bool, err error) {
	if text := parameters.Get("id"); text != "" {
		if id, err = callvault.ParseID(text); err != nil {
			return id, nil, refusef(http.StatusBadRequest, "id: %v", err)
		}
		return id, func(callvault.Position) bool { return true }, nil
	}
	at, err := parsePosition(parameters.Get("at"))
	return at.ID, func(p callvault.Position) bool { return p == at }, err
}
