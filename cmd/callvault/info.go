package main

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/screen"
	"github.com/callvault/callvault/internal/upkeep"
)

func (a *app) info() *cobra.Command {
	var db, output string
	cmd := &cobra.Command{
		Use:   "info",
		Short: "Show what is in a store",
		Long: `Show the size of a store, and for each company its first and last call and the numbers of
its calls, its workspaces with calls (and names of these), its valid keys, and the users
and workspaces that were imported.`,
		Example: `  callvault info
  callvault info --db calls.db -o json`,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runInfo(cmd.Context(), db, output) },
	}
	dbFlag(cmd, &db)
	outputFlag(cmd, &output)
	return cmd
}

func (a *app) runInfo(ctx context.Context, db, output string) error {
	store, err := a.open(ctx, db)
	if err != nil {
		return err
	}
	info, err := upkeep.Look(ctx, store, time.Now())
	if err != nil {
		return err
	}
	info.Store = storeName(db)
	if output == "json" {
		return a.printJSON(info)
	}
	return a.printInfo(info)
}

func (a *app) printInfo(info upkeep.Info) error {
	screen.Printf(a.stdout, "%s: %s\n\n", info.Store, screen.Size(info.Size))
	rows := [][]string{{"COMPANY", "CALLS", "FIRST", "LAST", "WORKSPACES", "KEYS", "IMPORTED"}}
	for _, c := range info.Companies {
		rows = append(rows, []string{c.Name, screen.Number(c.Calls), dayOf(c.First), dayOf(c.Last), workspaces(c), strconv.Itoa(c.Keys), imported(c)})
	}
	return screen.Columns(a.stdout, rows)
}

// workspaces are how many workspaces of a company have calls, and the first names of these.
func workspaces(c upkeep.Company) string {
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
func imported(c upkeep.Company) string {
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

func dayOf(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.Format(time.RFC3339)
}
