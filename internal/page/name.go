package page

import (
	"context"
	"errors"

	"github.com/callvault/callvault"
)

// entryName is names by kind and id.
type entryName map[callvault.Kind]map[string]string

// namesOf are the names of users and workspaces, read once for each kind.
func (h *Handler) namesOf(ctx context.Context, company string, ids map[callvault.Kind][]callvault.ID) (entryName, error) {
	names := make(callvault.EntryNames)
	for _, kind := range callvault.Kinds() {
		err := names.Add(ctx, h.Store.Directory(company), kind, callvault.SortIDs(ids[kind]))
		if damage := (*callvault.DamageError)(nil); errors.As(err, &damage) { // ids are shown then
			h.Log.Error("names can't be shown", "error", err)
		} else if err != nil {
			return nil, err
		}
	}
	return names.All(), nil
}
