package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/postgres"
	"github.com/callvault/callvault/internal/screen"
)

func (a *app) key() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "key",
		Short: "Make, list and revoke the keys that clients authenticate with",
		Args:  onlyCommands,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.keyCreate(), a.keyList(), a.keyRevoke())
	return cmd
}

// keyOptions are the flags of key create.
type keyOptions struct {
	db, company, expires, output string
	scopes                       []string
	bearer                       bool
}

func (a *app) keyCreate() *cobra.Command {
	var o keyOptions
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Make a key and print its secret, once",
		Long: `Make a key of a company and print it with its secret. The secret is shown this
once: the store keeps only its digest. The key works at once, in every process
on the store.

A key may list calls and open the web page, unless --scope says otherwise. The scope
callvault:profiles:read opens profiles on an operator's listener beyond loopback.
Profiles contain the memory of the server, with secrets and calls of every company:
give this scope to operators alone.`,
		Example: `  callvault key create
  callvault key create --company acme --expires 90d
  callvault key create --bearer -o json
  callvault key create --scope callvault:profiles:read --expires 1d`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.createKey(cmd, o) },
	}
	dbFlag(cmd, &o.db)
	companyFlag(cmd, &o.company)
	cmd.Flags().StringSliceVar(&o.scopes, "scope", []string{gong.ScopeCallsRead}, "a right the key carries; may be given several times")
	cmd.Flags().StringVar(&o.expires, "expires", "", "how long the key is valid, such as 12h or 90d (default: for ever)")
	cmd.Flags().BoolVar(&o.bearer, "bearer", false, "make a bearer token instead of an access key and secret")
	completeWith(cmd, "scope", scopes()...)
	outputFlag(cmd, &o.output)
	return cmd
}

// scopes are all scopes that a key may have: the API's, and our own.
func scopes() []string { return append(gong.Scopes(), string(callvault.ScopeProfilesRead)) }

func outputFlag(cmd *cobra.Command, output *string) {
	cmd.Flags().StringVarP(output, "output", "o", "text", "text or json")
	completeWith(cmd, "output", "text", "json")
}

func checkOutput(output string) error {
	if output != "text" && output != "json" {
		return usagef("--output %.40q: accepted are text and json", output)
	}
	return nil
}

func (a *app) createKey(cmd *cobra.Command, o keyOptions) error {
	if err := checkOutput(o.output); err != nil {
		return err
	}
	kind := callvault.BasicKey
	if o.bearer {
		kind = callvault.BearerKey
	}
	key, secret := callvault.NewKey(kind)
	key.Company = o.company
	key.Created = time.Now().UTC().Truncate(time.Microsecond)
	for _, scope := range o.scopes {
		if !slices.Contains(scopes(), scope) {
			return usagef("--scope %.80q is not a scope; choose from %s", scope, strings.Join(scopes(), ", "))
		}
		key.Scopes = append(key.Scopes, callvault.Scope(scope))
	}
	if o.expires != "" {
		valid, err := parseDuration(o.expires)
		if err != nil {
			return usagef("--expires %w", err)
		}
		key.Expires = key.Created.Add(valid)
	}
	if err := checkCompany(o.company); err != nil {
		return err
	}
	store, err := a.openOrMake(cmd.Context(), o.db)
	if err != nil {
		return err
	}
	defer store.Close()
	if err := a.makeCompany(cmd.Context(), store, o.company); err != nil {
		return err
	}
	if err := store.AddKey(cmd.Context(), key); err != nil {
		return err
	}
	return a.printKey(key, secret, o.output)
}

func (a *app) printKey(key callvault.Key, secret, output string) error {
	lines := [][2]string{{"accessKey", key.ID}, {"accessKeySecret", secret}}
	if key.Kind == callvault.BearerKey {
		lines = [][2]string{{"token", key.Token(secret)}}
	}
	if err := a.printFields(lines, output); err != nil {
		return err
	}
	_, err := screen.Printf(a.stderr, "This is the only time the secret is shown. The key's id, for list and revoke: %s\n", key.ID)
	return err
}

func (a *app) printFields(lines [][2]string, output string) error {
	if output == "json" {
		fields := make(map[string]string)
		for _, line := range lines {
			fields[line[0]] = line[1]
		}
		return json.NewEncoder(a.stdout).Encode(fields)
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, line := range lines {
		fmt.Fprintf(w, "%s\t%s\n", line[0], line[1])
	}
	return w.Flush()
}

func (a *app) keyList() *cobra.Command {
	var db, company, output string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List a company's keys, without their secrets",
		Example: `  callvault key list
  callvault key list --company acme -o json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkOutput(output); err != nil {
				return err
			}
			store, err := existing(cmd.Context(), db, company)
			if err != nil {
				return err
			}
			defer store.Close()
			keys, _, err := store.Keys(cmd.Context(), callvault.KeysVersion{})
			if err != nil {
				return err
			}
			keys = slices.DeleteFunc(keys, func(k callvault.Key) bool { return k.Company != company })
			return a.printKeys(keys, output)
		},
	}
	dbFlag(cmd, &db)
	companyFlag(cmd, &company)
	outputFlag(cmd, &output)
	return cmd
}

// listedKey is a key as key list -o json prints it.
type listedKey struct {
	ID      string            `json:"id"`
	Kind    callvault.KeyKind `json:"kind"`
	Company string            `json:"company"`
	Scopes  []callvault.Scope `json:"scopes"`
	Created time.Time         `json:"created"`
	Expires *time.Time        `json:"expires"`
	Revoked *time.Time        `json:"revoked"`
}

func (a *app) printKeys(keys []callvault.Key, output string) error {
	if output == "json" {
		list := make([]listedKey, len(keys))
		for i, k := range keys {
			list[i] = listedKey{k.ID, k.Kind, k.Company, k.Scopes, k.Created, set(k.Expires), set(k.Revoked)}
		}
		return json.NewEncoder(a.stdout).Encode(list)
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tKIND\tCREATED\tEXPIRES\tREVOKED\tSCOPES")
	for _, k := range keys {
		scopes := make([]string, len(k.Scopes))
		for i, s := range k.Scopes {
			scopes[i] = string(s)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", screen.Text(a.stdout, k.ID), k.Kind, date(k.Created), date(k.Expires), date(k.Revoked), screen.Text(a.stdout, strings.Join(scopes, ",")))
	}
	return w.Flush()
}

// set is the time, or nil for the zero time.
func set(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func date(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format(time.RFC3339)
}

func (a *app) keyRevoke() *cobra.Command {
	var db, company string
	cmd := &cobra.Command{
		Use:     "revoke ID",
		Short:   "Revoke a key: it stops within 5 seconds in every process on the store",
		Example: "  callvault key revoke MFRGGZDFMZTWQ2LKNNWG23TP",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			store, err := existing(cmd.Context(), db, company)
			if err != nil {
				return err
			}
			defer store.Close()
			err = store.RevokeKey(cmd.Context(), company, args[0], time.Now())
			if errors.Is(err, callvault.ErrNotFound) {
				return fmt.Errorf("company %q has no key %.80q; 'callvault key list' shows those it has", company, args[0])
			}
			if err != nil {
				return err
			}
			_, err = screen.Printf(a.stdout, "revoked %s\n", args[0])
			return err
		},
	}
	dbFlag(cmd, &db)
	companyFlag(cmd, &company)
	return cmd
}

// parseDuration is time.ParseDuration that knows whole days too, as in 90d.
func parseDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if days, ok := strings.CutSuffix(s, "d"); ok {
		var n int64
		// 100,000 days are more than anyone means and far from an overflow.
		if n, err = strconv.ParseInt(days, 10, 64); err == nil && n <= 100_000 {
			d = time.Duration(n) * 24 * time.Hour
		}
	}
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%.40q is not a duration; accepted are such as 12h, 90m and 90d", s)
	}
	return d, nil
}

// createKey is the command that makes a key in a store. It names the store unless that is
// found without, or its URL has a password that nobody should see.
func createKey(db string) string {
	if db == defaultDB || postgres.HasPassword(db) {
		return "callvault key create"
	}
	return "callvault key create --db '" + strings.ReplaceAll(db, "'", `'\''`) + "'"
}
