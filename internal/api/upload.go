package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/web"
)

// uploadSource is the source of calls that are posted, for their ids.
const uploadSource = "api"

// onlyReads is added to the refusal of an upload by a server that writes nothing.
const onlyReads = "; it only reads: post to one that runs without --read-only"

// newUploads makes the turns in which calls are put. Writers wait for each other in the
// store, so more at once would only take its connections from those who read. Their short
// answers need no room.
func newUploads() *web.Turns { return web.NewTurns(2, maxHeld) }

// addCall is POST /v2/calls: a call that another system has made. Its id comes from its
// clientUniqueId, so that a duplicate is found by id, in the transaction that would add it.
func (h *Handler) addCall(ctx context.Context, x *exchange, body *gong.NewCallRequest) error {
	call, err := newCall(body)
	if err != nil {
		return err
	}
	place, err := h.uploads.Enter(ctx, x.key.Company)
	if err != nil {
		return fmt.Errorf("wait for the company's turn: %w", err)
	}
	defer place.Leave()
	calls := h.config.Store.Calls(x.key.Company)
	for {
		result, err := calls.Put(ctx, callvault.NewBatch([]callvault.Call{call}).OnlyNew())
		if err != nil {
			return fmt.Errorf("add a call: %w", err)
		}
		if result.Created == 1 {
			break
		}
		refused := error(nil)
		err = calls.Get(ctx, []callvault.ID{call.ID}, func(there callvault.Record) error {
			refused = duplicate(&call, &there.Call, *body.ClientUniqueID)
			return nil
		})
		if err != nil {
			return fmt.Errorf("look for a duplicate: %w", err)
		}
		if refused != nil {
			return refused
		} // else it has been deleted meanwhile
	}
	answer, err := json.Marshal(gong.NewCallResponse{RequestID: x.id, CallID: call.ID.String()})
	if err != nil {
		return err
	}
	return x.send(http.StatusOK, answer)
}

// newCall checks a body, and is its call.
func newCall(body *gong.NewCallRequest) (callvault.Call, error) {
	client := ""
	if body.ClientUniqueID != nil {
		client = *body.ClientUniqueID
	}
	document, problems := body.Call(callvault.SourceID(uploadSource, client).String())
	var call callvault.Call
	if problems == nil {
		var err error
		var refused *gong.CallError
		if call, err = callvault.NewCall(&document); err != nil && !errors.As(err, &refused) {
			return call, err
		}
		if refused != nil {
			problems = refused.Problems
		}
	}
	if problems == nil {
		return call, nil
	}
	told := &clientError{status: http.StatusBadRequest, cause: "bad body: a call that can't be kept"}
	for _, p := range problems {
		if p.Field == "scheduled" && body.ScheduledStart == nil { // it is actualStart
			continue
		}
		told.texts = append(told.texts, bodyName(p.Field)+": "+p.Problem)
	}
	return call, told
}

// bodyName is what a field of a call is called in a body. Its other fields have the same
// name there, and a problem without a field is one of the whole.
func bodyName(field string) string {
	switch field {
	case "":
		return "body"
	case "started":
		return "actualStart"
	case "scheduled":
		return "scheduledStart"
	}
	return field
}

// duplicate is the refusal of a call whose id is there.
func duplicate(call, there *callvault.Call, client string) error {
	id := call.ID.String()
	if there.Client() != nil && !there.HasOtherClient(call) {
		return refuse(http.StatusBadRequest, gong.AlreadyPosted(client, id), "already posted")
	}
	return refuse(http.StatusConflict, "Call ID "+id+" belongs to a call with another clientUniqueId; send a different one", "the id is taken")
}
