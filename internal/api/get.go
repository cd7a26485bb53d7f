package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// getCall is GET /v2/calls/{id}: one call.
func (h *Handler) getCall(ctx context.Context, x *exchange) error {
	body, err := h.newPageBody(ctx, x, h.document)
	if err != nil {
		return err
	}
	defer body.release()
	calls := h.config.Store.Calls(x.key.Company)
	err = calls.Get(ctx, []callvault.ID{x.object}, func(r callvault.Record) error { return body.add(r.Document) })
	if err != nil {
		return fmt.Errorf("get a call: %w", err)
	}
	if len(body.calls) == 0 {
		return refuse(http.StatusNotFound, gong.CallNotFound(x.object.String()), "no such call")
	}
	return body.send(x, `","call":`, "}")
}
