package main

import (
	"context"
	"encoding/json"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/screen"
)

func (a *app) info() *cobra.Command {
	var db, output string
	cmd := &cobra.Command{
		Use:   "info",
		Short: "Show what is in a store",
		Long: `Show the size of a store, and for each company its first and last call and the numbers of
its calls, its workspaces with calls, and its valid keys.`,
		Example: `  callvault info
  callvault info --db calls.db -o json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runInfo(cmd.Context(), db, output) },
	}
	dbFlag(cmd, &db)
	outputFlag(cmd, &output)
	return cmd
}

// storeInfo is what info -o json prints.
type storeInfo struct {
	Store     string        `json:"store"`
	Size      int64         `json:"size"` // bytes
	Companies []companyInfo `json:"companies"`
}

type companyInfo struct {
	Name  string     `json:"name"`
	Calls int        `json:"calls"`
	First *time.Time `json:"first"`
	Last  *time.Time `json:"last"`

	Workspaces int `json:"workspaces"` // that have calls
	Keys       int `json:"keys"`       // that are valid
}

func (a *app) runInfo(ctx context.Context, db, output string) error {
	store, err := a.open(ctx, db)
	if err != nil {
		return err
	}
	info := storeInfo{Store: storeName(db)}
	if info.Size, err = store.Size(ctx); err != nil {
		return err
	}
	names, err := store.Companies(ctx)
	if err != nil {
		return err
	}
	keys, _, err := store.Keys(ctx, callvault.KeysVersion{})
	if err != nil {
		return err
	}
	for _, name := range names {
		c, err := companyOf(ctx, store.Calls(name))
		if err != nil {
			return err
		}
		c.Name = name
		for i := range keys {
			if keys[i].Company == name && keys[i].ActiveAt(time.Now()) {
				c.Keys++
			}
		}
		info.Companies = append(info.Companies, c)
	}
	if output == "json" {
		return json.NewEncoder(a.stdout).Encode(info)
	}
	return a.printInfo(info)
}

// companyOf is what a company has, but for its name and keys.
func companyOf(ctx context.Context, calls callvault.Calls) (c companyInfo, err error) {
	all := callvault.Query{Range: callvault.AllTime}
	at := func(kept **time.Time) func(callvault.Record) error {
		return func(record callvault.Record) error {
			t := record.Time.UTC()
			*kept = &t
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
	c.Workspaces = len(workspaces)
	return c, err
}

func (a *app) printInfo(info storeInfo) error {
	screen.Printf(a.stdout, "%s: %s\n", info.Store, humanize.IBytes(uint64(info.Size)))
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nCOMPANY\tCALLS\tFIRST\tLAST\tWORKSPACES\tKEYS")
	for _, c := range info.Companies {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%d\n", c.Name, humanize.Comma(int64(c.Calls)), dayOf(c.First), dayOf(c.Last), c.Workspaces, c.Keys)
	}
	return w.Flush()
}

func dayOf(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.Format(time.RFC3339)
}
