package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/postgres"
	"github.com/callvault/callvault/internal/screen"
	"github.com/callvault/callvault/internal/sqlite"
)

func (a *app) info() *cobra.Command {
	var db, output string
	cmd := &cobra.Command{
		Use:   "info",
		Short: "Show what is in a store",
		Long: `Show how large a store is, and for each company how many calls and valid keys it has and
when its first and last call took place.`,
		Example: `  callvault info
  callvault info --db calls.db -o json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkOutput(output); err != nil {
				return err
			}
			return a.runInfo(cmd.Context(), db, output)
		},
	}
	dbFlag(cmd, &db)
	outputFlag(cmd, &output)
	return cmd
}

// storeInfo is what info -o json prints.
type storeInfo struct {
	Store     string        `json:"store"`
	Size      *int64        `json:"size"` // bytes; null where the files are a server's
	Calls     int           `json:"calls"`
	First     *time.Time    `json:"first"`
	Last      *time.Time    `json:"last"`
	Keys      int           `json:"keys"`
	Companies []companyInfo `json:"companies"`
}

type companyInfo struct {
	Name  string     `json:"name"`
	Calls int        `json:"calls"`
	First *time.Time `json:"first"`
	Last  *time.Time `json:"last"`
	Keys  int        `json:"keys"`
}

func (a *app) runInfo(ctx context.Context, db, output string) (err error) {
	store, err := openExisting(ctx, db)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	info := storeInfo{Store: storeName(db), Size: sizeOf(db)}
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
		info.add(c)
	}
	if output == "json" {
		return json.NewEncoder(a.stdout).Encode(info)
	}
	return a.printInfo(info)
}

func (s *storeInfo) add(c companyInfo) {
	s.Companies = append(s.Companies, c)
	s.Calls += c.Calls
	s.Keys += c.Keys
	if c.First != nil && (s.First == nil || c.First.Before(*s.First)) {
		s.First = c.First
	}
	if c.Last != nil && (s.Last == nil || c.Last.After(*s.Last)) {
		s.Last = c.Last
	}
}

// companyOf is what a company has, but for its name and keys.
func companyOf(ctx context.Context, calls callvault.Calls) (c companyInfo, err error) {
	all := callvault.Query{Range: callvault.AllTime}
	instant := func(at callvault.Time) *time.Time { t := at.UTC(); return &t }
	c.Calls, err = calls.First(ctx, all, 1, func(record callvault.Record) error {
		c.First = instant(record.Time)
		return nil
	})
	if err != nil || c.First == nil {
		return c, err
	}
	last, err := lastOf(ctx, calls, callvault.CeilTime(*c.First))
	c.Last = instant(last)
	return c, err
}

// lastOf is the time of the last call, found by counts from a time that a call has.
func lastOf(ctx context.Context, calls callvault.Calls, low callvault.Time) (callvault.Time, error) {
	high := callvault.CeilTime(time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)) // dates have four digits
	for high-low > 1 {
		middle := low + (high-low)/2
		n, err := calls.Count(ctx, callvault.Query{Range: callvault.Range{From: middle, To: callvault.MaxTime}})
		if err != nil {
			return 0, err
		}
		if n > 0 {
			low = middle
		} else {
			high = middle
		}
	}
	return low, nil
}

// sizeOf is how many bytes the files of a store have; nil for a database on a server.
func sizeOf(db string) *int64 {
	if postgres.IsURL(db) {
		return nil
	}
	size := int64(0)
	for _, name := range sqlite.Files(db) {
		if info, err := os.Stat(name); err == nil { // the log may be gone
			size += info.Size()
		}
	}
	return &size
}

func (a *app) printInfo(info storeInfo) error {
	size, companies := "", "1 company"
	if n := len(info.Companies); n != 1 {
		companies = humanize.Comma(int64(n)) + " companies"
	}
	if info.Size != nil {
		size = ", " + humanize.IBytes(uint64(*info.Size))
	}
	screen.Printf(a.stdout, "%s: %s, %s, %s%s\n", info.Store, companies, plural(info.Calls, "call"), plural(info.Keys, "valid key"), size)
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nCOMPANY\tCALLS\tFIRST\tLAST\tKEYS")
	for _, c := range info.Companies {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\n", c.Name, humanize.Comma(int64(c.Calls)), dayOf(c.First), dayOf(c.Last), c.Keys)
	}
	return w.Flush()
}

func dayOf(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.Format(time.RFC3339)
}
