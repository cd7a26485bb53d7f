package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/api"
	"github.com/callvault/callvault/internal/bulk"
	"github.com/callvault/callvault/internal/command"
	"github.com/callvault/callvault/internal/manage"
	"github.com/callvault/callvault/internal/measure"
	"github.com/callvault/callvault/internal/openapi"
	"github.com/callvault/callvault/internal/page"
	"github.com/callvault/callvault/internal/postgres"
	"github.com/callvault/callvault/internal/screen"
	"github.com/callvault/callvault/internal/status"
	"github.com/callvault/callvault/internal/web"
)

// manageOff is what --manage says for no operator's listener.
const manageOff = "off"

// addresses are the flags that serve and doctor share.
type addresses struct {
	listen, manage string
	tls            web.CertFiles
}

func (o *addresses) flags(cmd *cobra.Command) {
	command.Parsed(cmd, &o.listen, "listen", "127.0.0.1:8080", "the address to listen on; port 0 picks a free one", func(text string) (string, error) {
		if web.IsAddress(text) {
			return text, nil
		}
		return "", fmt.Errorf("%.80q must be HOST:PORT with a port up to 65535, such as 127.0.0.1:8080, or :8080 for every address", text)
	})
	manageFlag(cmd, &o.manage, "the operator's address, for health, metrics, profiles and the web page, or off; beyond loopback it requires a key")
	cmd.Flags().StringVar(&o.tls.Cert, "tls-cert", "", "the certificate to serve HTTPS with: a PEM file, reloaded when it changes")
	cmd.Flags().StringVar(&o.tls.Key, "tls-key", "", "the key of --tls-cert: a PEM file")
}

func manageFlag(cmd *cobra.Command, address *string, usage string) {
	command.Parsed(cmd, address, "manage", "127.0.0.1:8081", usage, func(text string) (string, error) {
		if text == manageOff || web.IsAddress(text) {
			return text, nil
		}
		return "", fmt.Errorf("%.80q must be HOST:PORT with a port up to 65535, such as 127.0.0.1:8081, or :8081 for every address, or off for none", text)
	})
}

// check refuses a certificate without its key, and a key without its certificate.
func (o addresses) check() error {
	if (o.tls.Cert == "") != (o.tls.Key == "") {
		return command.Usagef("--tls-cert and --tls-key belong together; give both or neither")
	}
	return nil
}

const (
	// drainWithin is the time for requests under way when the server stops: less than
	// the 30 seconds after which most supervisors kill.
	drainWithin = 20 * time.Second

	// returnWithin is the time to give leased requests back to the store.
	returnWithin = 5 * time.Second
)

// service is the two listeners of serve.
type service struct {
	*app
	db     string        // names the store
	secure *web.Follower // nil without TLS
	api    net.Listener
	manage net.Listener     // nil for --manage off
	panel  *manage.Handler  // of manage
	end    func()           // closes both listeners; a second call does nothing
	serves bool             // it answers requests
	demo   *gong.Credential // the key of a demo, nil for a store of one's own

	mirrored *status.Collector // of the company that it mirrors; nil if it mirrors none
}

// logged logs the error that ends the service. Before it answers requests, errors are
// for the person who starts it, and are returned as they are.
func (s *service) logged(err error) error {
	if err == nil || !s.serves {
		return err
	}
	s.log.Error("serve ended", "error", err)
	return errLogged
}

// begin listens on both addresses, before it makes a store that nobody could read, and
// answers the operator: a migration may take a while. The caller calls end.
func (a *app) begin(ctx context.Context, o serveOptions) (s *service, err error) {
	log, flush := screen.NewKeptLog(a.stderr, o.log, o.logLevel)
	a.ends = append(a.ends, func() error { flush(); return nil })
	s = &service{app: a, db: o.db}
	if s.secure, err = web.Follow(o.tls, log); err != nil {
		return nil, fmt.Errorf("--tls-cert: %w", err)
	}
	if o.manage != manageOff { // first, so that the demo's page is where people look for it
		if s.manage, err = o.listenOn(ctx, "--manage", o.manage); err != nil {
			return nil, err
		}
		if !web.IsLoopback(s.manage.Addr()) {
			s.manage = s.secure.Secure(s.manage)
		}
	}
	if s.api, err = o.listenOn(ctx, "--listen", o.listen); err != nil {
		if s.manage != nil {
			err = errors.Join(err, s.manage.Close())
		}
		return nil, err
	}
	a.log = log
	s.api = s.secure.Secure(s.api)
	s.end = func() { s.api.Close() }
	if s.manage != nil { // answers until the last request of the API has ended
		s.panel = manage.New(s.manage.Addr())
		end := s.panel.Serve(s.manage, log)
		s.end = func() { end(); s.api.Close() }
	}
	return s, nil
}

// listenOn listens on the address of a flag. The demo takes the next port if that is in
// use: it must work where another server runs.
func (o serveOptions) listenOn(ctx context.Context, flag, address string) (net.Listener, error) {
	listen := web.Listen
	if o.demo {
		listen = web.ListenNear
	}
	listener, err := listen(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, web.ListenError(flag, address, err))
	}
	return listener, nil
}

// serve answers with the calls of a store until the context is done, and ends the
// service. It calls greet when it answers requests.
func (s *service) serve(ctx context.Context, store callvault.Store, config api.Config, greet func()) (err error) {
	defer s.end()
	metrics := measure.NewRegistry(buildVersion())
	s.secure.Measure(metrics)
	if s.mirrored != nil {
		metrics.MustRegister(s.mirrored)
	}
	store = measure.Store(store, metrics)
	config.Store, config.Log, config.Metrics = store, s.log, metrics
	// The API is where its description is: a proxy may stand before both.
	if config.Description, err = openapi.Document("/"); err != nil {
		return err
	}
	handler, err := api.New(ctx, config)
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), returnWithin)
		defer cancel()
		err = errors.Join(err, handler.Close(closing))
	}()
	defer context.AfterFunc(ctx, handler.Stop)()
	server := web.Server{Handler: handler, Log: s.log, DrainWithin: drainWithin}
	if s.panel != nil {
		if err := s.show(store, handler, metrics); err != nil {
			return err
		}
		defer context.AfterFunc(ctx, s.panel.Stop)()
		server.Handler = manage.Signpost(s.api.Addr(), web.URL(s.manage), handler)
	}
	s.serves = true
	greet()
	return server.Serve(ctx, s.api)
}

// show lets the operator's listener show the store.
func (s *service) show(store callvault.Store, handler *api.Handler, metrics *prometheus.Registry) error {
	calls, err := page.New(page.Config{
		Store:   store,
		Name:    s.storeName(),
		Version: buildVersion(),
		Demo:    s.demo,
		Formats: page.Formats(func(w io.Writer, extension string, names callvault.EntryNames) (page.Writer, error) {
			return bulk.NewWriter(w, bulk.Format(extension), names)
		}),
		API:     web.BoundURL(s.api),
		Command: s.listCommand(),
		Mirror:  pageMirror(store, s.db),
		Log:     s.log,
	})
	if err != nil {
		return err
	}
	panel := manage.Config{Store: store, Key: handler.Key, Page: calls.Serve, Metrics: metrics, Log: s.log}
	if panel.Description, err = openapi.Document(web.URL(s.api)); err != nil {
		return err
	}
	if panel.Docs, err = openapi.Page(web.URL(s.api)); err != nil {
		return err
	}
	return s.panel.Start(panel)
}

// storeName is what the web page calls the store: a file by its name without folders, and no
// password. The temporary store of the demo has none.
func (s *service) storeName() string {
	switch {
	case s.demo != nil:
		return ""
	case postgres.IsURL(s.db):
		return storeName(s.db)
	}
	return filepath.Base(s.db)
}

// listCommand lists the calls of the store. The demo's store is removed when it ends, so it has
// none.
func (s *service) listCommand() []string {
	command := []string{"callvault", "calls"}
	switch path, err := filepath.Abs(s.db); {
	case s.demo != nil:
		return nil
	case postgres.HasPassword(s.db): // CALLVAULT_DB names it
		return command
	case err == nil && !postgres.IsURL(s.db):
		return append(command, "--db", path)
	}
	return append(command, "--db", s.db)
}
