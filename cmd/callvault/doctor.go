package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/doctor"
	"github.com/callvault/callvault/internal/postgres"
	"github.com/callvault/callvault/internal/screen"
	"github.com/callvault/callvault/internal/sqlite"
)

// doctorOptions are the flags of doctor.
type doctorOptions struct {
	addresses
	db, output string
}

func (a *app) doctor() *cobra.Command {
	var o doctorOptions
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Find what is wrong and say what to do",
		Long: `Check the addresses, the certificate, the store, its schema, rights and disk, the clock
and the keys. Print a line for each, with what is wrong and what to do. doctor takes
serve's flags and environment variables; run it as the user that runs serve. The exit
code is 1 if anything is wrong. Warnings do not count.

doctor changes nothing. 'callvault check' reads every call and looks for damage.`,
		Example: `  callvault doctor
  callvault doctor --db calls.db --listen :8443 --tls-cert tls.crt --tls-key tls.key
  callvault doctor -o json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runDoctor(cmd.Context(), o) },
	}
	dbFlag(cmd, &o.db)
	o.addresses.flags(cmd)
	outputFlag(cmd, &o.output)
	return cmd
}

func (a *app) runDoctor(ctx context.Context, o doctorOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	var unsaid error
	findings, wrong := []doctor.Finding{}, 0
	d := doctor.Doctor{
		Program: strings.Join([]string{"callvault", buildVersion(), runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH}, " "),
		Listen:  o.listen,
		Manage:  o.manage,
		TLS:     o.tls,
		Open:    func(ctx context.Context) doctor.Store { return openToExamine(ctx, o.db) },
		Create:  createKey(o.db),
	}
	if o.manage == manageOff {
		d.Manage = ""
	}
	d.Examine(ctx, func(found ...doctor.Finding) {
		findings = append(findings, found...)
		for _, f := range found {
			if f.Status == doctor.Wrong {
				wrong++
			}
			if o.output == "text" && unsaid == nil {
				_, unsaid = screen.Printf(a.stdout, "%v\n", f)
			}
		}
	})
	if o.output == "json" {
		e := json.NewEncoder(a.stdout)
		e.SetEscapeHTML(false)
		unsaid = e.Encode(findings)
	}
	switch {
	case unsaid != nil:
		return unsaid
	case ctx.Err() != nil:
		return ctx.Err()
	case wrong > 0:
		return fmt.Errorf("%s wrong", screen.Count(wrong, "thing"))
	}
	return nil
}

// openToExamine opens a store so that nothing in it is changed.
func openToExamine(ctx context.Context, db string) (s doctor.Store) {
	open := openFile
	if postgres.IsURL(db) {
		open = openDatabase
	}
	err := open(ctx, db, &s)
	if err == nil {
		return s
	}
	f := doctor.Finding{Check: "store", Status: doctor.Wrong, What: err.Error()}
	var orphan *sqlite.OrphanError
	switch {
	case errors.Is(err, callvault.ErrSchemaNewer):
		f.Do = "use the newer program"
	case errors.As(err, &orphan):
		f.What, f.Do = orphan.What, orphan.Do
	case postgres.IsURL(db):
		f.Do = postgres.Advice(err)
	default:
		var advised bool
		if f.What, f.Do, advised = strings.Cut(err.Error(), "; "); !advised {
			f.Do = "run this as the user of serve, name another file with --db, or restore a backup: callvault restore FILE"
		}
	}
	s.Findings = append(s.Findings, f)
	return s
}

// openFile opens a SQLite store.
func openFile(ctx context.Context, db string, s *doctor.Store) error {
	var kept []doctor.Finding
	if info, err := os.Stat(db); err == nil && info.Mode().IsRegular() { // before the store is opened: see doctor.File
		kept = append(doctor.File(db, info), doctor.Disk(db, info.Size())...)
		s.Written = info.ModTime()
	}
	store, err := sqlite.OpenReadOnly(ctx, db)
	if err != nil {
		return err
	}
	s.Opened = store
	s.Findings = append([]doctor.Finding{{Check: "store", Status: doctor.OK, What: "SQLite, " + db}}, kept...)
	have, known, err := store.Schema(ctx)
	if err == nil {
		s.Outdated = have < known
		s.Findings = append(s.Findings, doctor.Schema(have, known))
	}
	return err
}

// openDatabase opens a PostgreSQL store.
func openDatabase(ctx context.Context, db string, s *doctor.Store) error {
	store, err := postgres.OpenAsIs(ctx, db)
	if err != nil {
		return err
	}
	c, err := store.Condition(ctx)
	if err != nil {
		return errors.Join(err, store.Close())
	}
	s.Opened, s.Outdated = store, c.Schema < c.Known
	s.Findings = append(s.Findings, doctor.Finding{Check: "store", Status: doctor.OK, What: "PostgreSQL " + c.Server + ", " + storeName(db)}, doctor.Schema(c.Schema, c.Known))
	s.Findings = append(s.Findings, conditionFindings(c)...)
	s.Findings = append(s.Findings, doctor.Clocks(c.Skew, c.RoundTrip))
	return nil
}

// conditionFindings is what a PostgreSQL server's condition means.
func conditionFindings(c postgres.Condition) (findings []doctor.Finding) {
	add := func(check string, status doctor.Status, what, do string) {
		findings = append(findings, doctor.Finding{Check: check, Status: status, What: what, Do: do})
	}
	if c.Standby {
		add("server", doctor.Wrong, "it is a standby and takes no writes", "name the primary (target_session_attrs=read-write in the URL finds it among several hosts), or use 'callvault serve --read-only'")
	}
	if len(c.Lossy) > 0 {
		add("server", doctor.Warning, strings.Join(c.Lossy, " and ")+" off: acknowledged writes may be lost", "turn it on")
	}
	if len(c.Missing) > 0 {
		add("rights", doctor.Wrong, "the role lacks "+strings.Join(c.Missing, ", "), "let it own the schema, or grant them: docs/postgresql.md")
	} else {
		add("rights", doctor.OK, "the role may read and write the tables", "")
	}
	return findings
}
