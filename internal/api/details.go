package api

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// detailsRequest is the body of POST /v2/calls/extensive.
type detailsRequest struct {
	Cursor          string       `json:"cursor"`
	Filter          *callsFilter `json:"filter"`
	ContentSelector struct {
		ExposedFields struct {
			Parties bool `json:"parties"`
		} `json:"exposedFields"`
	} `json:"contentSelector"`
}

// transcriptsRequest is the body of POST /v2/calls/transcript.
type transcriptsRequest struct {
	Cursor string       `json:"cursor"`
	Filter *callsFilter `json:"filter"`
}

// callsFilter says which calls are meant. What it names must all hold.
type callsFilter struct {
	FromDateTime   string   `json:"fromDateTime"`
	ToDateTime     string   `json:"toDateTime"`
	WorkspaceID    string   `json:"workspaceId"`
	CallIDs        []string `json:"callIds"`
	PrimaryUserIDs []string `json:"primaryUserIds"`
}

const (
	maxCallIDs = 100 // as on the wire
	maxUserIDs = 1000
)

// listDetails is POST /v2/calls/extensive: the documents of the list as metaData, and no
// parties. The rest is left out as on the wire, which leaves out what it does not have.
func (h *Handler) listDetails(ctx context.Context, x *exchange, body *detailsRequest) error {
	l, err := h.listChosen(x, body.Cursor, body.Filter)
	if err != nil {
		return err
	}
	end := "}"
	if body.ContentSelector.ExposedFields.Parties {
		end = `,"parties":[]}`
	}
	l.array = "calls"
	l.write = func(dst, document []byte) []byte {
		return append(h.document(append(dst, `{"metaData":`...), document), end...)
	}
	return h.sendPage(ctx, x, l)
}

// listTranscripts is POST /v2/calls/transcript: callvault has none, so they are empty.
func (h *Handler) listTranscripts(ctx context.Context, x *exchange, body *transcriptsRequest) error {
	l, err := h.listChosen(x, body.Cursor, body.Filter)
	if err != nil {
		return err
	}
	l.array = "callTranscripts"
	l.write = func(dst, document []byte) []byte {
		dst = append(append(dst, `{"callId":"`...), callID(document)...)
		return append(dst, `","transcript":[]}`...)
	}
	return h.sendPage(ctx, x, l)
}

// listChosen reads the cursor and the filter of a body. It names every problem.
func (h *Handler) listChosen(x *exchange, cursor string, filter *callsFilter) (*listing, error) {
	if filter == nil {
		return nil, refuse(http.StatusBadRequest, "filter: "+gong.MustNotBeNull, "bad body: filter")
	}
	p := parameters{names: &bodyNames}
	calls := h.config.Store.Calls(x.key.Company)
	among := &chosen{Reads: calls, ids: p.ids("filter.callIds", filter.CallIDs, maxCallIDs), users: p.userIDs(filter.PrimaryUserIDs)}
	p.values = [parameterCount]string{filter.FromDateTime, filter.ToDateTime, filter.WorkspaceID, cursor}
	l := &listing{walk: h.readWalk(x, &p, among), calls: among}
	if among.hasAll() {
		l.calls = calls
	}
	return l, p.err()
}

// ids reads a list of ids in a body, in order. It is nil if that is null.
func (p *parameters) ids(name string, texts []string, most int) []callvault.ID {
	ids := each(p, name, texts, most, parseID)
	if ids == nil {
		return nil
	}
	return callvault.SortIDs(slices.AppendSeq([]callvault.ID{}, maps.Keys(ids))) // not nil: they were sent
}

// userIDs reads filter.primaryUserIds into the form of documents.
func (p *parameters) userIDs(texts []string) map[string]bool {
	return each(p, "filter.primaryUserIds", texts, maxUserIDs, func(text string) (string, error) {
		quoted := gong.AppendString(nil, text)
		return string(quoted[1 : len(quoted)-1]), nil
	})
}

// each reads a list in a body, which counts what it has twice once. It is nil if that is null.
func each[T comparable](p *parameters, name string, texts []string, most int, parse func(string) (T, error)) map[T]bool {
	if texts == nil {
		return nil
	}
	if len(texts) == 0 {
		p.others = append(p.others, name+": "+gong.MustNotBeEmpty)
	}
	values := make(map[T]bool)
	for _, text := range texts {
		value, err := parse(text)
		if err != nil {
			p.others = append(p.others, name+": "+err.Error())
			break
		}
		if values[value] = true; len(values) > most { // a body has room for many more
			p.others = append(p.others, fmt.Sprintf("%s: has more than %d ids; send them in parts", name, most))
			break
		}
	}
	return values
}
