package page

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// oneCall is a call: what people ask of it, and its document as the store keeps it and for
// people to read. Both are texts, since a browser that reads numbers keeps no more than 16 of
// their digits.
type oneCall struct {
	ID        string `json:"id"`
	Listed    bool   `json:"listed"`              // the list of the view has it
	Scheduled string `json:"scheduled,omitempty"` // like every time here, RFC 3339 by the zone's clock
	Started   string `json:"started,omitempty"`
	Document  string `json:"document"`
	Indented  string `json:"indented"`
	Curl      string `json:"curl,omitempty"`

	Names entryName `json:"names"` // of its host and workspace
}

// call is the call with the id in parameter id, whether or not the view has it.
func (h *Handler) call(r *http.Request, keyCompany string) (any, error) {
	id, err := callvault.ParseID(r.URL.Query().Get("id"))
	if err != nil {
		return nil, refusef(http.StatusBadRequest, "id: %v", err)
	}
	v, err := h.place(r, keyCompany)
	if err != nil {
		return nil, err
	}
	var found []callvault.Record
	err = v.calls.Get(r.Context(), []callvault.ID{id}, func(row callvault.Record) error {
		row.Document = slices.Clone(row.Document)
		found = append(found, row)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, refusef(http.StatusNotFound, "call %v not found: it was deleted, or it belongs to another company", id)
	}
	c := &found[0]
	isListed := true
	if err := v.parse(r, h); errors.As(err, new(*refusal)) { // the answer about the view says why
		isListed = false
	} else if err != nil {
		return nil, err
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, c.Document, "", "  "); err != nil {
		return nil, fmt.Errorf("indent the document of call %v: %w", id, err)
	}
	d, err := gong.ParseCall(c.Document)
	if err != nil {
		return nil, fmt.Errorf("read the document of call %v: %w", id, err)
	}
	one := oneCall{
		ID:        id.String(),
		Listed:    isListed && v.query.Has(&c.Call) && v.has(&c.Call),
		Scheduled: shownTime(d.Scheduled, v.zone),
		Started:   shownTime(d.Started, v.zone),
		Document:  string(c.Document),
		Indented:  indented.String(),
	}
	if h.API != "" {
		one.Curl = shell(h.curl(r, keyCompany, gong.Path+"/"+id.String())...)
	}
	one.Names, err = h.namesOf(r.Context(), v.company, idsOf(found))
	return one, err
}
