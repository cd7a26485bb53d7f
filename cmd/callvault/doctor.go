package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/callvault/callvault/internal/command"
	"github.com/callvault/callvault/internal/doctor"
	"github.com/callvault/callvault/internal/manage"
	"github.com/callvault/callvault/internal/postgres"
	"github.com/callvault/callvault/internal/screen"
	"github.com/callvault/callvault/internal/sqlite"
	"github.com/callvault/callvault/internal/upstream"
)

// doctorOptions are the flags of doctor.
type doctorOptions struct {
	addresses
	tenant
	serverOptions
	output string
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

With --mirror it also sends three requests to the server that a company is to mirror, and
says what the credential may see there.

doctor changes nothing. 'callvault check' reads every call and looks for damage.`,
		Example: `  callvault doctor
  callvault doctor --db calls.db --listen :8443 --tls-cert tls.crt --tls-key tls.key
  callvault doctor --mirror https://us-12345.api.gong.io --company acme
  callvault doctor -o json`,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runDoctor(cmd.Context(), o) },
	}
	o.tenant.flags(cmd)
	o.addresses.flags(cmd)
	cmd.Flags().StringVar(&o.url, "mirror", "", "also check the server that the company mirrors, or is to mirror, such as https://us-12345.api.gong.io")
	credentialsFlag(cmd, &o.credentials, "mirror")
	command.Need(cmd, "mirror", "credentials")
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
	if o.url != "" {
		address, credential, err := o.find(ctx, a, "mirror")
		if err != nil {
			return err
		}
		d.Open = func(ctx context.Context) doctor.Store { return openOrExpect(ctx, o.db) }
		d.Mirror = &doctor.Upstream{Address: address, Requests: upstream.NewRequests(address, credential, "callvault/"+buildVersion(), nil), Company: o.company}
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
		unsaid = screen.JSON(a.stdout, findings)
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
	open := examineFile
	if postgres.IsURL(db) {
		open = examineDatabase
	}
	if err := open(ctx, db, &s); err != nil {
		s.Findings = append(s.Findings, doctor.Unopened(err, postgres.Advice(err)))
	}
	return s
}

// openOrExpect is openToExamine of a store that a mirror makes if there is none.
func openOrExpect(ctx context.Context, db string) doctor.Store {
	if _, err := os.Stat(db); !postgres.IsURL(db) && errors.Is(err, fs.ErrNotExist) {
		what := fmt.Sprintf("there is no store at %s yet; 'callvault mirror' makes it", db)
		return doctor.Store{Findings: []doctor.Finding{{Check: "store", Status: doctor.OK, What: what}}}
	}
	return openToExamine(ctx, db)
}

// examineFile opens a SQLite store.
func examineFile(ctx context.Context, db string, s *doctor.Store) error {
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

// examineDatabase opens a PostgreSQL store.
func examineDatabase(ctx context.Context, db string, s *doctor.Store) error {
	store, err := postgres.OpenAsIs(ctx, db)
	if err != nil {
		return err
	}
	c, err := store.Condition(ctx)
	if err != nil {
		return errors.Join(err, store.Close())
	}
	s.Opened, s.Outdated = store, c.Schema < c.Known
	s.Findings = append(s.Findings, doctor.Finding{Check: "store", Status: doctor.OK, What: "PostgreSQL " + c.Server + ", " + storeName(db)})
	s.Findings = append(s.Findings, doctor.Database(c).Findings()...)
	return nil
}

func (a *app) healthcheck() *cobra.Command {
	var certificate string
	var live bool
	probe := manage.Probe{Path: "/readyz"}
	cmd := &cobra.Command{
		Use:   "healthcheck",
		Short: "Ask a server on this machine whether it is ready",
		Long: `Request /readyz from the operator's listener of a server on this machine. The
exit code is 0 when the server is ready; otherwise it is 1, and a line says why.
healthcheck is for container images without curl. It reads serve's environment
variables to find the server.`,
		Example: `  callvault healthcheck
  callvault healthcheck --manage :9000 --timeout 1s
  callvault healthcheck --live`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if probe.Within <= 0 {
				return command.Usagef("--timeout %v must be longer than 0; try --timeout 5s", probe.Within)
			}
			if probe.Address == manageOff {
				return command.Usagef("--manage off: healthcheck needs the operator's listener; name its address")
			}
			probe.Secure = certificate != ""
			if live {
				probe.Path = "/livez"
			}
			if err := probe.Ask(cmd.Context()); err != nil {
				return err
			}
			_, err := fmt.Fprintln(a.stdout, "ok")
			return err
		},
	}
	manageFlag(cmd, &probe.Address, "the operator's address, as for serve")
	cmd.Flags().StringVar(&certificate, "tls-cert", "", "serve's certificate; needed if --manage is beyond loopback and serve has one")
	cmd.Flags().BoolVar(&live, "live", false, "ask whether the server is alive (/livez), not whether it is ready")
	cmd.Flags().DurationVar(&probe.Within, "timeout", 5*time.Second, "how long the answer may take")
	return cmd
}
