package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

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
		return screen.JSON(a.stdout, info)
	}
	screen.Printf(a.stdout, "%s: %s\n\n", info.Store, screen.Size(info.Size))
	return screen.Columns(a.stdout, info.Table())
}
