package page

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/callvault/callvault"
)

// document is a call's document, as the store keeps it and for people to read. Both
// are texts, since a browser that reads numbers keeps no more than 16 of their digits.
type document struct {
	Time     string `json:"time"` // RFC 3339, by the zone's clock
	Document string `json:"document"`
	Indented string `json:"indented"`

	Names shownNames `json:"names"` // of its host and workspace
}

// document is the call at the position in parameter at. Its time is shown by the clock
// of tz.
func (h *Handler) document(r *http.Request, keyCompany string) (any, error) {
	parameters := r.URL.Query()
	at, err := parsePosition(parameters.Get("at"))
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
	var found []byte
	err = h.Store.Calls(company).Get(r.Context(), []callvault.ID{at.ID}, func(row callvault.Record) error {
		if row.Position() == at {
			found = slices.Clone(row.Document)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if found == nil {
		return nil, refusef(http.StatusNotFound, "call not found: it was deleted, or its time has changed")
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, found, "", "  "); err != nil {
		return nil, fmt.Errorf("indent the document of call %v: %w", at.ID, err)
	}
	names, err := h.names(r.Context(), company, found)
	return document{shown(at.Time.UTC().In(zone)), string(found), indented.String(), names}, err
}
