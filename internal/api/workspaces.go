package api

import (
	"context"
	"fmt"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

var workspaces = entries{callvault.Workspaces, callvault.WorkspaceNames, appendNamedWorkspace}

// appendNamedWorkspace appends the document of a workspace that is known from calls. Some
// clients reject a name that is null.
func appendNamedWorkspace(dst []byte, id callvault.ID, _ callvault.Time) []byte {
	w := gong.Workspace{ID: id.String(), Name: new("Workspace " + id.String())}
	return w.AppendJSON(dst)
}

// listWorkspaces is GET /v2/workspaces: all of them, since the wire has no pages here.
func (h *Handler) listWorkspaces(ctx context.Context, x *exchange) error {
	body, err := h.newPageBody(ctx, x, appendDocument)
	if err != nil {
		return err
	}
	defer body.release()
	err = workspaces.each(ctx, h.config.Store, x.key.Company, chosenEntries{}, func(e entry) error { return body.add(e.document()) })
	if err != nil {
		return fmt.Errorf("list workspaces: %w", err)
	}
	return body.send(x, `","workspaces":[`, "]}")
}
