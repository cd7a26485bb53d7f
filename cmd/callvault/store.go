package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/command"
	"github.com/callvault/callvault/internal/file"
	"github.com/callvault/callvault/internal/postgres"
	"github.com/callvault/callvault/internal/sqlite"
)

// defaultDB is the store of a person who named none.
const defaultDB = "callvault.db"

func dbFlag(cmd *cobra.Command, db *string) {
	command.Parsed(cmd, db, "db", defaultDB, "the store: a SQLite file, or postgres://HOST/DATABASE", parseDB)
}

// parseDB refuses what can't be a store. It repeats no URL: it may have a password.
func parseDB(db string) (string, error) {
	const instead = "; use the path of a SQLite file or postgres://HOST/DATABASE"
	scheme, _, isURL := strings.Cut(db, "://")
	switch {
	case postgres.IsURL(db):
	case db == ":memory:":
		return "", fmt.Errorf("%q is not a store"+instead, db)
	case isURL:
		return "", fmt.Errorf("%.20q is not a kind of store"+instead, scheme)
	case postgres.IsNearlyURL(db):
		return "", errors.New("is not a PostgreSQL URL; use postgres://HOST/DATABASE, or postgres:///DATABASE?host=FOLDER for a socket")
	}
	return db, nil
}

// tenant is the flags of a command that works on a company of a store.
type tenant struct{ db, company string }

func (o *tenant) flags(cmd *cobra.Command) {
	dbFlag(cmd, &o.db)
	companyFlag(cmd, &o.company, "the company to use")
}

func companyFlag(cmd *cobra.Command, company *string, usage string) {
	command.Parsed(cmd, company, "company", callvault.DefaultCompany, usage, func(name string) (string, error) {
		if err := callvault.CheckCompany(name); err != nil {
			return "", fmt.Errorf("%.80q: %w", name, err)
		}
		return name, nil
	})
}

// open opens the store, which must be there and have the company.
func (o tenant) open(ctx context.Context, a *app) (callvault.Store, error) {
	store, err := a.open(ctx, o.db)
	if err != nil {
		return nil, err
	}
	switch names, err := store.Companies(ctx); {
	case err != nil:
		return nil, err
	case len(names) == 0:
		return nil, fmt.Errorf("this store has no calls yet; add some: callvault import FILE, or callvault mirror --url URL, or make a key: %s", createKey(o.db))
	case !slices.Contains(names, o.company):
		return nil, fmt.Errorf("there is no company %q in this store; it has %s", o.company, strings.Join(names, ", "))
	}
	return store, nil
}

// openOrMake opens the store, and makes it and the company where they are missing. It says
// so: both may be misspelt.
func (o tenant) openOrMake(ctx context.Context, a *app) (callvault.Store, error) {
	store, err := a.openOrMake(ctx, o.db)
	if err != nil {
		return nil, err
	}
	made, err := store.MakeCompany(ctx, o.company)
	if err != nil || !made {
		return store, err
	}
	names, err := store.Companies(ctx)
	others := ""
	if names = slices.DeleteFunc(names, func(name string) bool { return name == o.company }); len(names) > 0 {
		others = "; the store also has " + strings.Join(names, ", ")
	}
	a.say("made company %q%s", o.company, others)
	return store, err
}

// closes keeps what was opened until the command ends.
func (a *app) closes(store callvault.Store, err error) (callvault.Store, error) {
	if err != nil {
		return nil, err
	}
	a.ends = append(a.ends, store.Close)
	return store, nil
}

// open opens a store that must be there.
func (a *app) open(ctx context.Context, db string) (callvault.Store, error) {
	if postgres.IsURL(db) {
		return a.closes(postgres.OpenExisting(ctx, db))
	}
	return a.opened(sqlite.OpenExisting(ctx, db))
}

// openOrMake opens a store, and makes a file that is not there.
func (a *app) openOrMake(ctx context.Context, db string) (callvault.Store, error) {
	if postgres.IsURL(db) {
		return a.closes(postgres.Open(ctx, db))
	}
	_, missing := os.Stat(db)
	store, err := a.opened(sqlite.Open(ctx, db))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("the folder %s does not exist; make it, or name another store with --db", filepath.Dir(db))
	case err == nil && errors.Is(missing, fs.ErrNotExist):
		a.say("made store %s", db)
	}
	return store, err
}

// openToRead opens a store that must be there, and does not write to it.
func (a *app) openToRead(ctx context.Context, db string) (callvault.Store, error) {
	if postgres.IsURL(db) {
		return a.closes(postgres.OpenToRead(ctx, db))
	}
	return a.opened(sqlite.OpenToRead(ctx, db))
}

// opened says that a SQLite store had the schema of an older program.
func (a *app) opened(store *sqlite.Store, err error) (callvault.Store, error) {
	if err == nil && store.Migrated() > 0 {
		a.say("migrated the store to the schema of this callvault in %v", store.Migrated().Round(10*time.Millisecond))
	}
	return a.closes(store, err)
}

// refuseFilesOf refuses to read or write a file of the store itself, by whatever name.
// To write it would destroy the store, and to close it drops SQLite's locks.
func refuseFilesOf(db string, names ...string) error {
	if postgres.IsURL(db) {
		return nil
	}
	for _, of := range sqlite.Files(db) {
		for _, name := range names {
			if name != stdinName && file.Same(name, of) {
				return command.Usagef("%s belongs to the store; name another file", name)
			}
		}
	}
	return nil
}

// checkUnmirrored refuses a company that its mirror writes, before anything is read for it.
func (o tenant) checkUnmirrored(ctx context.Context, store callvault.Store) error {
	lease, err := store.Mirror(o.company).Lease(ctx)
	if err != nil || lease.Upstream == "" {
		return err
	}
	return o.ofMirror(&callvault.MirroredError{Company: o.company, Upstream: lease.Upstream})
}

// ofMirror says what to do about a company that its mirror writes, or that mirrors another
// upstream. Other errors stay what they are.
func (o tenant) ofMirror(err error) error {
	mirrored, other := (*callvault.MirroredError)(nil), (*callvault.OtherUpstreamError)(nil)
	switch {
	case errors.As(err, &mirrored):
		err = mirrored
	case errors.As(err, &other):
		err = other
	default:
		return err
	}
	return fmt.Errorf("%w; name another company with --company, or end that mirror: callvault mirror end%s", err, o.arguments())
}

// storeName is the name of a store for people to read.
func storeName(db string) string { return postgres.Redact(db) }

// hidePassword refuses a password among the arguments, which every user of the
// machine can read.
func (a *app) hidePassword(cmd *cobra.Command, args []string) error {
	for _, arg := range args {
		if strings.Contains(arg, "://") && postgres.HasPassword(arg) {
			return command.Usagef("an argument shows a password to every user of this machine; name a file, and put the URL into CALLVAULT_DB")
		}
	}
	for _, name := range []string{"db", "from", "to"} {
		flag := cmd.Flags().Lookup(name)
		if flag != nil && flag.Changed && postgres.HasPassword(flag.Value.String()) {
			return command.Usagef("--%s shows a password to every user of this machine; put the URL into %s, or the password into a password file (~/.pgpass, or PGPASSFILE) or a service file (?service=NAME)", name, a.program().Variable(cmd, name))
		}
	}
	return nil
}

// createKey is the command that makes a key in a store.
func createKey(db string) string { return "callvault key create" + dbArgument(db) }

// dbArgument is what names a store in a command, if it must be named. A URL with a
// password is left out: CALLVAULT_DB has it.
func dbArgument(db string) string {
	if db == defaultDB || postgres.HasPassword(db) {
		return ""
	}
	return " --db " + quoted(db)
}

// quoted is a word for a POSIX shell.
func quoted(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }

// arguments are what names the company of the store in a command.
func (o tenant) arguments() string {
	if o.company == callvault.DefaultCompany {
		return dbArgument(o.db)
	}
	return dbArgument(o.db) + " --company " + o.company
}
