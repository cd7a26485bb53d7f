package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/api"
	"github.com/callvault/callvault/internal/command"
	"github.com/callvault/callvault/internal/screen"
	"github.com/callvault/callvault/internal/upkeep"
	"github.com/callvault/callvault/internal/when"
)

func (a *app) key() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "key",
		Short: "Create, list and revoke the keys that clients authenticate with",
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.keyCreate(), a.keyList(), a.keyRevoke())
	return cmd
}

// keyOptions are the flags of key create.
type keyOptions struct {
	tenant
	name, output string
	expires      time.Time
	scopes       []string
	bearer       bool
}

func (a *app) keyCreate() *cobra.Command {
	var o keyOptions
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Create a key and print its secret, once",
		Long: `Create a key for a company and print it with its secret. callvault keeps only a
digest of the secret and can't show it again. The key works at once, in every
process on the store.

Without --scope a key may read everything in the API and open the web page. To
post calls it needs --scope api:calls:create. For a key that also lists calls, add
--scope api:calls:read:basic.

The scope callvault:profiles:read opens the profiles of an operator's listener
beyond loopback. Profiles contain the memory of the server, with secrets and
calls of every company: give this scope only to operators.`,
		Example: `  callvault key create --name etl
  callvault key create --company acme --expires 90d
  callvault key create --bearer -o json
  callvault key create --name pbx --scope api:calls:create
  callvault key create --scope callvault:profiles:read --expires 1d`,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.createKey(cmd.Context(), o) },
	}
	o.flags(cmd)
	command.Parsed(cmd, &o.name, "name", "", "what the key is for, such as etl; key list shows it", upkeep.ParseKeyName)
	cmd.Flags().StringSliceVar(&o.scopes, "scope", nil, "a scope of the key; can be repeated (default: all that only read the API)")
	command.Parsed(cmd, &o.expires, "expires", "", "when the key expires: 12h, 90d, 2w or 1y from now, or a date in UTC (default: never)", func(text string) (time.Time, error) {
		return when.Ahead(text, time.Now().UTC().Truncate(time.Microsecond))
	})
	cmd.Flags().BoolVar(&o.bearer, "bearer", false, "create a bearer token instead of an access key and secret")
	command.Complete(cmd, "scope", scopes()...)
	outputFlag(cmd, &o.output)
	return cmd
}

// scopes are the scopes that callvault serves.
func scopes() (names []string) {
	for _, scope := range append(api.ReadScopes(), gong.ScopeCallsCreate, callvault.ScopeProfilesRead) {
		names = append(names, string(scope))
	}
	return names
}

func (a *app) createKey(ctx context.Context, o keyOptions) error {
	kind := callvault.BasicKey
	if o.bearer {
		kind = callvault.BearerKey
	}
	key, secret := callvault.NewKey(kind)
	key.Company, key.Name, key.Expires = o.company, o.name, o.expires
	for _, scope := range o.scopes {
		if !slices.Contains(scopes(), scope) {
			return command.Usagef("--scope %.80q: unknown scope; use %s", scope, command.OrList(scopes()))
		}
		key.Scopes = append(key.Scopes, callvault.Scope(scope))
	}
	if len(key.Scopes) == 0 {
		key.Scopes = api.ReadScopes()
	}
	store, err := o.openOrMake(ctx, a)
	if err != nil {
		return err
	}
	if err := store.AddKey(ctx, key); err != nil {
		return err
	}
	fields := [][]string{{"accessKey", key.ID}, {"accessKeySecret", secret}}
	if key.Kind == callvault.BearerKey {
		fields = [][]string{{"token", key.Token(secret)}}
	}
	if o.output == "json" {
		object := make(map[string]string)
		for _, field := range fields {
			object[field[0]] = field[1]
		}
		err = screen.JSON(a.stdout, object)
	} else {
		err = screen.Columns(a.stdout, fields)
	}
	if err != nil {
		return err
	}
	ends := ""
	if !key.Expires.IsZero() {
		ends = " The key expires at " + key.Expires.Format(time.RFC3339) + "."
	}
	a.say("The secret is not shown again.%s", ends)
	a.say("To revoke the key: callvault key revoke %s%s", key.ID, o.arguments())
	return nil
}

func (a *app) keyList() *cobra.Command {
	var o tenant
	var output string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List a company's keys, without their secrets",
		Example: `  callvault key list
  callvault key list --company acme -o json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			store, err := o.open(cmd.Context(), a)
			if err != nil {
				return err
			}
			keys, err := upkeep.Keys(cmd.Context(), store, o.company)
			if err != nil {
				return err
			}
			if len(keys) == 0 {
				a.say("company %q has no keys; make one: callvault key create%s", o.company, o.arguments())
			}
			if output == "json" {
				return screen.JSON(a.stdout, keys)
			}
			return screen.Columns(a.stdout, upkeep.KeyTable(keys, time.Now()))
		},
	}
	o.flags(cmd)
	outputFlag(cmd, &output)
	return cmd
}

func (a *app) keyRevoke() *cobra.Command {
	var o tenant
	cmd := &cobra.Command{
		Use:     "revoke ID",
		Short:   "Revoke a key; within 5 seconds every process on the store refuses it",
		Example: "  callvault key revoke MFRGGZDFMZTWQ2LKNNWG23TP",
		RunE: func(cmd *cobra.Command, args []string) error {
			store, err := o.open(cmd.Context(), a)
			if err != nil {
				return err
			}
			err = store.RevokeKey(cmd.Context(), o.company, args[0], time.Now())
			if errors.Is(err, callvault.ErrNotFound) {
				return fmt.Errorf("company %q has no key %.80q; list its keys with 'callvault key list'", o.company, args[0])
			}
			if err != nil {
				return err
			}
			_, err = screen.Printf(a.stdout, "revoked %s\n", args[0])
			return err
		},
	}
	o.flags(cmd)
	return cmd
}
