package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/doctor"
	"github.com/callvault/callvault/internal/postgres"
	"github.com/callvault/callvault/internal/screen"
	"github.com/callvault/callvault/internal/sqlite"
	"github.com/callvault/callvault/internal/web"
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
	o.examine(ctx, func(f doctor.Finding) {
		findings = append(findings, f)
		if f.Status == doctor.Wrong {
			wrong++
		}
		if o.output == "text" && unsaid == nil {
			_, unsaid = screen.Printf(a.stdout, "%v\n", f)
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
		return fmt.Errorf("%s wrong", plural(wrong, "thing"))
	}
	return nil
}

// answerWithin is how long doctor waits for what should answer at once.
const answerWithin = 5 * time.Second

// tell is called with each finding.
type tell func(doctor.Finding)

// examine looks at everything.
func (o doctorOptions) examine(ctx context.Context, tell tell) {
	tell(doctor.Finding{Check: "program", Status: doctor.OK, What: strings.Join([]string{"callvault", buildVersion(), runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH}, " ")})
	client := web.OwnClient(answerWithin)
	listen := doctor.Address{Flag: "listen", At: o.listen, Path: gong.Path, TLS: o.tls.Cert != "", IsOurs: doctor.IsAPI}
	if listen.TLS {
		var findings []doctor.Finding
		findings, listen.Leaf = doctor.Certificate(o.tls, time.Now())
		for _, f := range findings {
			tell(f)
		}
	}
	f, _ := listen.Look(ctx, client)
	tell(f)
	var server *doctor.Answer
	if o.manage != manageOff {
		f, server = doctor.Address{Flag: "manage", At: o.manage, Path: "/readyz", TLS: o.tls.Cert != "", IsOurs: doctor.IsReadyz}.Look(ctx, client)
		tell(f)
	}
	p, identity := patient{db: o.db, tell: tell}, ""
	if p.open(ctx); p.store != nil {
		defer p.store.Close()
		identity, _ = p.store.Identity(ctx) // without it the stores can't be compared
	}
	if server != nil {
		tell(doctor.Server(o.manage, *server, identity))
	}
	p.examineKeys(ctx)
}

// patient is the store that doctor looks at.
type patient struct {
	db       string
	tell     tell
	store    callvault.Store // nil if it can't be opened
	outdated bool            // its schema is older than this program
	written  time.Time       // when its file was; zero if it has none
}

// openWithin is how long a database server may take to let doctor in.
const openWithin = 15 * time.Second

// open looks at the store and opens it.
func (p *patient) open(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, openWithin)
	defer cancel()
	open := p.openFile
	if postgres.IsURL(p.db) {
		open = p.openDatabase
	}
	if err := open(ctx); err != nil {
		f := doctor.Finding{Check: "store", Status: doctor.Wrong, What: err.Error()}
		var orphan *sqlite.OrphanError
		switch {
		case errors.Is(err, callvault.ErrSchemaNewer):
			f.Do = "use the newer program"
		case errors.As(err, &orphan):
			f.What, f.Do = orphan.What, orphan.Do
		case postgres.IsURL(p.db):
			f.Do = postgres.Advice(err)
		default:
			var advised bool
			if f.What, f.Do, advised = strings.Cut(err.Error(), "; "); !advised {
				f.Do = "run this as the user of serve, name another file with --db, or restore a backup: callvault restore FILE"
			}
		}
		p.tell(f)
	}
}

// openFile opens a SQLite store.
func (p *patient) openFile(ctx context.Context) error {
	if err := mustExist(p.db); err != nil {
		return err
	}
	info, err := os.Stat(p.db)
	if err != nil {
		return err
	}
	var kept []doctor.Finding
	if info.Mode().IsRegular() {
		kept = append(doctor.File(p.db, info), doctor.Disk(p.db, info.Size())...)
		p.written = info.ModTime()
	}
	store, err := sqlite.OpenReadOnly(ctx, p.db)
	if err != nil {
		return err
	}
	p.store = store
	p.tell(doctor.Finding{Check: "store", Status: doctor.OK, What: "SQLite, " + p.db})
	for _, f := range kept {
		p.tell(f)
	}
	have, known, err := store.Schema(ctx)
	if err == nil {
		p.addSchema(have, known)
	}
	return err
}

// openDatabase opens a PostgreSQL store.
func (p *patient) openDatabase(ctx context.Context) error {
	store, err := postgres.OpenAsIs(ctx, p.db)
	if err != nil {
		return err
	}
	c, err := store.Condition(ctx)
	if err != nil {
		return errors.Join(err, store.Close())
	}
	p.store = store
	p.tell(doctor.Finding{Check: "store", Status: doctor.OK, What: "PostgreSQL " + c.Server + ", " + storeName(p.db)})
	p.addSchema(c.Schema, c.Known)
	for _, f := range conditionFindings(c) {
		p.tell(f)
	}
	p.tell(doctor.Clocks(c.Skew, c.RoundTrip))
	return nil
}

func (p *patient) addSchema(have, known int) {
	p.outdated = have < known
	p.tell(doctor.Schema(have, known))
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

// examineKeys looks at the keys, and at the clock by what it has written.
func (p *patient) examineKeys(ctx context.Context) {
	now := time.Now()
	if p.store == nil || p.outdated {
		p.tell(doctor.Clock(now, nil, p.written))
		return
	}
	ctx, cancel := context.WithTimeout(ctx, openWithin)
	defer cancel()
	keys, _, err := p.store.Keys(ctx, callvault.KeysVersion{})
	p.tell(doctor.Clock(now, keys, p.written))
	companies, err2 := p.store.Companies(ctx)
	if err = errors.Join(err, err2); err != nil {
		p.tell(doctor.Finding{Check: "keys", Status: doctor.Wrong, What: err.Error(), Do: "read the whole store: callvault check"})
		return
	}
	for _, f := range (doctor.Keyring{Companies: companies, Keys: keys, Create: createKey(p.db)}).Look(now) {
		p.tell(f)
	}
}
