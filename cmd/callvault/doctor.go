package main

import (
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/api"
	"github.com/callvault/callvault/internal/doctor"
	"github.com/callvault/callvault/internal/manage"
	"github.com/callvault/callvault/internal/postgres"
	"github.com/callvault/callvault/internal/screen"
	"github.com/callvault/callvault/internal/web"
)

// doctorOptions are the flags of doctor.
type doctorOptions struct {
	db, listen, manage, output string
	tls                        web.CertFiles
}

func (a *app) doctor() *cobra.Command {
	var o doctorOptions
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Find what is wrong and say what to do",
		Long: `Look at the store, its schema, the clock, the addresses, the certificate and the
keys, and send a test request; print a line for each with what is wrong and what
to do. It has the flags and the environment of serve, and is best run as the user
that serves. The exit code is 1 when anything is wrong; a warning is not.

It changes nothing. The test request is answered by a server within this command,
with a key that is in memory alone. Whether counts agree with the calls is for
'callvault check', which reads everything.`,
		Example: `  callvault doctor
  callvault doctor --db calls.db --listen :8443 --tls-cert tls.crt --tls-key tls.key
  callvault doctor -o json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.runDoctor(cmd.Context(), o)
		},
	}
	dbFlag(cmd, &o.db)
	cmd.Flags().StringVar(&o.listen, "listen", "127.0.0.1:8080", "the address that serve listens on")
	cmd.Flags().StringVar(&o.manage, "manage", defaultManage, "the operator's address of serve, or off")
	tlsFlags(cmd, &o.tls)
	outputFlag(cmd, &o.output)
	return cmd
}

// check refuses what serve would refuse too.
func (o doctorOptions) check() error {
	if err := checkOutput(o.output); err != nil {
		return err
	}
	if err := checkTLS(o.tls); err != nil {
		return err
	}
	if !web.IsAddress(o.listen) || o.manage != manageOff && !web.IsAddress(o.manage) {
		return usagef("--listen %.80q, --manage %.80q: accepted is HOST:PORT, such as 127.0.0.1:8080", o.listen, o.manage)
	}
	if postgres.IsURL(o.db) {
		return nil
	}
	return checkFile(o.db)
}

func (a *app) runDoctor(ctx context.Context, o doctorOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	var unsaid error
	report := doctor.NewReport(func(f doctor.Finding) {
		if _, err := screen.Printf(a.stdout, "%v\n", f); err != nil {
			unsaid = err
		}
	})
	if o.output == "json" {
		report = doctor.NewReport(func(doctor.Finding) {})
	}
	o.examine(ctx, report)
	if o.output == "json" {
		unsaid = report.WriteJSON(a.stdout)
	}
	switch n := report.Wrong(); {
	case unsaid != nil:
		return unsaid
	case ctx.Err() != nil:
		return ctx.Err()
	case n == 1:
		return fmt.Errorf("1 thing is wrong")
	case n > 1:
		return fmt.Errorf("%d things are wrong", n)
	}
	return nil
}

// examine looks at everything.
func (o doctorOptions) examine(ctx context.Context, report *doctor.Report) {
	report.Add(doctor.Finding{Check: "program", Status: doctor.OK, What: strings.Join([]string{"callvault", buildVersion(), runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH}, " ")})
	report.Add(doctor.Limits()...)
	leaf, findings := o.certificate()
	report.Add(findings...)
	o.examineDoors(ctx, report, leaf)
	p := patient{db: o.db, name: storeName(o.db)}
	if postgres.IsURL(o.db) {
		p.openDatabase(ctx, report, o.db)
	} else {
		p.openFile(ctx, report, o.db)
	}
	if p.store == nil {
		o.compareServer(ctx, report, p)
		report.Add(doctor.Clock(time.Now(), nil, p.written))
		return
	}
	defer p.store.Close()
	o.compareServer(ctx, report, p)
	p.examineKeys(ctx, report)
	if p.outdated {
		report.Add(doctor.Finding{Check: "request", Status: doctor.Warning, What: "no test request was sent: the schema is older than this program"})
		return
	}
	report.Add(o.askItself(ctx, p))
}

// certificate looks at the certificate, when there is to be one. The leaf is nil
// when it can't be served.
func (o doctorOptions) certificate() (leaf *x509.Certificate, findings []doctor.Finding) {
	if o.tls == (web.CertFiles{}) {
		return nil, nil
	}
	pair, err := o.tls.Read()
	if err != nil {
		return nil, []doctor.Finding{{Check: "tls", Status: doctor.Wrong, What: err.Error(), Do: "--tls-cert and --tls-key name two PEM files that belong together"}}
	}
	for _, problem := range o.tls.Problems(pair.Leaf, time.Now()) {
		f := doctor.Finding{Check: "tls", Status: doctor.Warning, What: "the certificate " + o.tls.Cert + ": " + problem.Text}
		if problem.Refused {
			f.Status, f.Do = doctor.Wrong, "clients refuse it: put another in its place, which serve takes by itself"
		}
		findings = append(findings, f)
	}
	if len(findings) == 0 {
		names := pair.Leaf.DNSNames
		for _, ip := range pair.Leaf.IPAddresses {
			names = append(names, ip.String())
		}
		findings = []doctor.Finding{{Check: "tls", Status: doctor.OK, What: fmt.Sprintf("the certificate is for %s, until %s", strings.Join(names, ", "), pair.Leaf.NotAfter.UTC().Format(time.RFC3339))}}
	}
	return pair.Leaf, findings
}

// answerWithin is how long doctor waits for what should answer at once.
const answerWithin = 5 * time.Second

// examineDoors looks at the two addresses.
func (o doctorOptions) examineDoors(ctx context.Context, report *doctor.Report, leaf *x509.Certificate) {
	client := web.OwnClient(answerWithin)
	door := doctor.Door{Check: "listen", Flag: "--listen", At: o.listen, IsOurs: doctor.IsAPI, Taken: doctor.Wrong, Leaf: leaf}
	scheme := "http"
	if o.tls != (web.CertFiles{}) {
		scheme = "https"
	}
	listen, err := net.ResolveTCPAddr("tcp", o.listen)
	if err != nil {
		report.Add(doctor.Finding{Check: door.Check, Status: doctor.Wrong, What: err.Error(), Do: "--listen names another address"})
	} else {
		door.URL = (&url.URL{Scheme: scheme, Host: web.Reachable(listen), Path: gong.Path}).String()
		report.Add(door.Look(ctx, client))
	}
	if o.manage == manageOff {
		return
	}
	door = doctor.Door{Check: "manage", Flag: "--manage", At: o.manage, IsOurs: doctor.IsAlive, Taken: doctor.Wrong}
	door.URL, err = o.probe("/livez").URL()
	if err != nil {
		report.Add(doctor.Finding{Check: door.Check, Status: doctor.Wrong, What: err.Error(), Do: "--manage names another address"})
		return
	}
	report.Add(door.Look(ctx, client))
}

// probe asks the operator's listener of serve.
func (o doctorOptions) probe(path string) manage.Probe {
	return manage.Probe{Address: o.manage, Secure: o.tls.Cert != "", Path: path}
}

// askItself serves the store for one request: on loopback, with the certificate, to
// a key that nobody else has.
func (o doctorOptions) askItself(ctx context.Context, p patient) doctor.Finding {
	failed := func(err error) doctor.Finding {
		return doctor.Finding{Check: "request", Status: doctor.Wrong, What: fmt.Sprintf("no server for a test request: %v", err)}
	}
	visitor := doctor.NewVisitor(p.store, p.busy(ctx))
	handler, err := api.New(ctx, api.Config{Store: visitor})
	if err != nil {
		return failed(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return failed(err)
	}
	silent := slog.New(slog.DiscardHandler)
	if secure, err := followTLS(o.tls, silent); err == nil { // what is wrong with it was told
		listener = secure.Secure(listener)
	}
	serving, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- web.Server{Handler: handler, Log: silent, DrainWithin: answerWithin}.Serve(serving, listener) }()
	finding := visitor.Ask(ctx, web.URL(listener), web.OwnClient(answerWithin))
	stop()
	if err := <-ended; err != nil {
		return failed(err)
	}
	return finding
}

// busy is a company that has calls, if there is one: the request for its calls tries more.
func (p patient) busy(ctx context.Context) string {
	for _, name := range p.companies {
		if number, err := p.store.Calls(name).Latest(ctx); err == nil && number > 0 {
			return name
		}
	}
	if len(p.companies) > 0 {
		return p.companies[0]
	}
	return callvault.DefaultCompany
}
