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
	among := &chosen{Reads: calls, ids: p.ids("filter.callIds: ", filter.CallIDs, maxCallIDs), users: p.userIDs(filter.PrimaryUserIDs)}
	p.values = [parameterCount]string{filter.FromDateTime, filter.ToDateTime, filter.WorkspaceID, cursor}
	l := &listing{walk: h.readWalk(x, &p, among), calls: among}
	if among.hasAll() {
		l.calls = calls
	}
	return l, p.err()
}

// ids reads a list of ids in a body, each once and in order. There are none if it is null.
func (p *parameters) ids(name string, texts []string, most int) []callvault.ID {
	if texts == nil {
		return nil
	}
	if len(texts) == 0 {
		p.others = append(p.others, name+gong.MustNotBeEmpty)
	}
	ids := make(map[callvault.ID]bool)
	for _, text := range texts {
		id, err := callvault.ParseID(text)
		if err != nil {
			p.others = append(p.others, name+fmt.Sprintf("%.*q is not an id; send numbers of 1 to 20 digits", maxEcho, text))
			break
		}
		if ids[id] = true; len(ids) > most { // a body has room for many more
			p.others = append(p.others, fmt.Sprintf("%shas more than %d ids; send them in parts", name, most))
			break
		}
	}
	return callvault.SortIDs(slices.AppendSeq([]callvault.ID{}, maps.Keys(ids))) // not nil: they were sent
}

// userIDs reads filter.primaryUserIds into the form of documents.
func (p *parameters) userIDs(texts []string) map[string]bool {
	const name = "filter.primaryUserIds: "
	if texts == nil {
		return nil
	}
	if len(texts) == 0 {
		p.others = append(p.others, name+gong.MustNotBeEmpty)
	}
	users := make(map[string]bool)
	for _, text := range texts {
		quoted := gong.AppendString(nil, text)
		if users[string(quoted[1:len(quoted)-1])] = true; len(users) > maxUserIDs {
			p.others = append(p.others, fmt.Sprintf(name+"has more than %d ids; send them in parts", maxUserIDs))
			break
		}
	}
	return users
}
