package upkeep

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/screen"
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

// Table is the companies as a table, with its head.
func (i Info) Table() [][]string {
	rows := [][]string{{"COMPANY", "CALLS", "FIRST", "LAST", "WORKSPACES", "KEYS", "IMPORTED"}}
	for _, c := range i.Companies {
		rows = append(rows, []string{c.Name, screen.Number(c.Calls), moment(c.First), moment(c.Last), c.workspaces(), strconv.Itoa(c.Keys), c.imported()})
	}
	return rows
}

// workspaces are how many workspaces of a company have calls, and the first names of these.
func (c Company) workspaces() string {
	const most = 3
	names := slices.Sorted(maps.Values(c.WorkspaceNames))
	text := strconv.Itoa(c.Workspaces)
	if len(names) == 0 {
		return text
	}
	shown := names[:min(len(names), most)]
	for i, name := range shown {
		shown[i] = screen.Short(name, 24)
	}
	text += " (" + strings.Join(shown, ", ")
	if c.Workspaces > len(shown) {
		text += ", …"
	}
	return text + ")"
}

// imported is how many users and workspaces a company has that were imported.
func (c Company) imported() string {
	var texts []string
	for _, kind := range callvault.Kinds() {
		if n := c.Imported[kind]; n > 0 {
			texts = append(texts, screen.Count(n, kind.One()))
		}
	}
	if texts == nil {
		return "-"
	}
	return strings.Join(texts, ", ")
}

func moment(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.Format(time.RFC3339)
}
