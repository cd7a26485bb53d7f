package page

import (
	"context"
	"errors"
	"net/http"

	"github.com/callvault/callvault"
)

// shownNames are names by kind and id.
type shownNames map[callvault.Kind]map[string]string

// names are those of the hosts and workspaces of calls.
func (h *Handler) names(ctx context.Context, company string, documents ...[]byte) (shownNames, error) {
	names, err := callvault.ReadNamesOf(ctx, h.Store.Directory(company), documents...)
	return names.All(), h.unlessDamage(err)
}

// unlessDamage logs that a user or a workspace is damaged: calls are shown by their ids then.
func (h *Handler) unlessDamage(err error) error {
	if damage := (*callvault.DamageError)(nil); errors.As(err, &damage) {
		h.Log.Error("names can't be shown", "error", err)
		return nil
	}
	return err
}

// maxWorkspaces is how many workspaces the page offers to choose from.
const maxWorkspaces = 1000

// workspaces are those of a company that have calls, to choose from.
type workspaces struct {
	Workspaces []workspace `json:"workspaces"`
}

type workspace struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
}

func (h *Handler) workspaces(r *http.Request, keyCompany string) (any, error) {
	company, err := h.company(r.Context(), r.URL.Query().Get("company"), keyCompany)
	if err != nil {
		return nil, err
	}
	ids, err := h.Store.Calls(company).Workspaces(r.Context())
	if err != nil {
		return nil, err
	}
	ids = ids[:min(len(ids), maxWorkspaces)]
	names := make(callvault.EntryNames)
	if err := h.unlessDamage(names.Add(r.Context(), h.Store.Directory(company), callvault.Workspaces, ids)); err != nil {
		return nil, err
	}
	all := workspaces{[]workspace{}}
	for _, id := range ids {
		all.Workspaces = append(all.Workspaces, workspace{id.String(), names.Of(callvault.Workspaces, id.String())})
	}
	return all, nil
}
