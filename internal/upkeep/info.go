package upkeep

import (
	"context"
	"time"

	"github.com/callvault/callvault"
)

// Info is what is in a store, as info prints it in JSON.
type Info struct {
	Store     string    `json:"store"` // its name, which the caller knows
	Size      int64     `json:"size"`  // bytes
	Companies []Company `json:"companies"`
}

// Company is what a company has in a store.
type Company struct {
	Name  string     `json:"name"`
	Calls int        `json:"calls"`
	First *time.Time `json:"first"`
	Last  *time.Time `json:"last"`

	Workspaces int `json:"workspaces"` // that have calls
	Keys       int `json:"keys"`       // that are valid

	WorkspaceNames map[string]string `json:"workspaceNames"` // of those that have calls and a name, by id

	Imported map[callvault.Kind]int `json:"imported"` // users and workspaces
}

// Look finds what is in a store, with the keys that are valid at a time.
func Look(ctx context.Context, store callvault.Store, now time.Time) (info Info, err error) {
	if info.Size, err = store.Size(ctx); err != nil {
		return info, err
	}
	names, err := store.Companies(ctx)
	if err != nil {
		return info, err
	}
	keys, _, err := store.Keys(ctx, callvault.KeysVersion{})
	if err != nil {
		return info, err
	}
	for _, name := range names {
		c, err := company(ctx, store.Calls(name), store.Directory(name))
		if err != nil {
			return info, err
		}
		c.Name, c.Imported = name, make(map[callvault.Kind]int)
		for _, kind := range callvault.Kinds() {
			if c.Imported[kind], err = store.Directory(name).Count(ctx, kind); err != nil {
				return info, err
			}
		}
		for i := range keys {
			if keys[i].Company == name && keys[i].ActiveAt(now) {
				c.Keys++
			}
		}
		info.Companies = append(info.Companies, c)
	}
	return info, nil
}

// company is what a company has of calls.
func company(ctx context.Context, calls callvault.Calls, entries callvault.Entries) (c Company, err error) {
	all := callvault.Query{Range: callvault.AllTime}
	at := func(kept **time.Time) func(callvault.Record) error {
		return func(record callvault.Record) error {
			*kept = new(record.Time.UTC())
			return nil
		}
	}
	if c.Calls, err = calls.First(ctx, all, 1, at(&c.First)); err != nil {
		return c, err
	}
	if err = calls.ScanBack(ctx, all, all.End(), 1, at(&c.Last)); err != nil {
		return c, err
	}
	workspaces, err := calls.Workspaces(ctx)
	if err != nil {
		return c, err
	}
	names := make(callvault.EntryNames)
	err = names.Add(ctx, entries, callvault.Workspaces, workspaces)
	c.Workspaces, c.WorkspaceNames = len(workspaces), names.All()[callvault.Workspaces]
	return c, err
}
