package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/api"
	"github.com/callvault/callvault/internal/doctor"
	"github.com/callvault/callvault/internal/manage"
	"github.com/callvault/callvault/internal/measure"
	"github.com/callvault/callvault/internal/openapi"
	"github.com/callvault/callvault/internal/screen"
	"github.com/callvault/callvault/internal/web"
)

// Where the operator's listener is unless told otherwise, and what --manage says
// for none.
const (
	defaultManage = "127.0.0.1:8081"
	manageOff     = "off"
)

// service is the two listeners of serve.
type service struct {
	*app
	log    *slog.Logger
	asked  serveOptions
	db     string     // names the store
	secure *transport // nil when nobody speaks TLS
	api    net.Listener
	manage net.Listener    // nil when there is none
	panel  *manage.Handler // of manage
	stop   context.CancelFunc
	ended  chan struct{} // is closed when manage is
	serves bool          // requests have been answered
}

// logged is the end of the service, which the log tells once requests were answered: from
// then on, all that comes to standard error is the log's. An error before is for the
// person who starts it.
func (s *service) logged(err error) error {
	if err == nil || !s.serves {
		return err
	}
	s.log.Error("serve ended", "error", err)
	return errLogged
}

// begin takes both addresses, before a store is made that nobody could read, and
// answers on the operator's: to bring a schema up to date may take a while. It is
// ended by end.
func (a *app) begin(ctx context.Context, o serveOptions) (*service, error) {
	log, err := o.log.newLog(a.stderr)
	if err != nil {
		return nil, err
	}
	secure, err := followTLS(o.tls, log)
	if err != nil {
		return nil, err
	}
	s := &service{app: a, log: log, asked: o, db: o.db, secure: secure, ended: make(chan struct{})}
	if s.api, err = web.Listen(ctx, o.listen); err != nil {
		return nil, listenError("--listen", err)
	}
	if s.manage, err = listenManage(ctx, o, log); err != nil {
		return nil, errors.Join(err, s.api.Close())
	}
	s.api = secure.listener(s.api)
	if s.manage != nil && !manage.IsLoopback(s.manage.Addr()) {
		s.manage = secure.listener(s.manage)
	}
	// The operator may see how the last requests end.
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	s.answer(watching)
	return s, nil
}

// answer begins to answer the operator, until the context is done.
func (s *service) answer(ctx context.Context) {
	if s.manage == nil {
		close(s.ended)
		return
	}
	s.panel = manage.New(s.manage.Addr(), s.api.Addr())
	go func() {
		defer close(s.ended)
		if err := manage.Serve(ctx, s.manage, s.panel, s.log); err != nil {
			s.log.Error("the operator's listener ended", "error", err)
		}
	}()
}

// listenManage listens on the operator's address. It returns nil for --manage off, and
// where the default address is in use.
func listenManage(ctx context.Context, o serveOptions, log *slog.Logger) (net.Listener, error) {
	if o.manage == manageOff {
		return nil, nil
	}
	listener, err := web.Listen(ctx, o.manage)
	if doctor.IsTaken(err) && !o.manageGiven {
		log.Warn("the operator's address is in use: serving without its listener; choose another with --manage, or off for none", "address", o.manage)
		return nil, nil
	}
	if err != nil {
		return nil, listenError("--manage", err)
	}
	return listener, nil
}

// listenError names the flag of an address that can't be used, and what to do if it is
// in use.
func listenError(flag string, err error) error {
	if doctor.IsTaken(err) {
		return fmt.Errorf("%s: %w; choose another address: %s 127.0.0.1:0 takes a free port", flag, err, flag)
	}
	return fmt.Errorf("%s: %w", flag, err)
}

// end gives up both addresses. To end again does nothing.
func (s *service) end() {
	s.stop()
	<-s.ended
	s.api.Close() // is closed already when it was served
}

// serve answers with the calls of a store until the context is done, and ends the
// service. Greet is called once requests are answered.
func (s *service) serve(ctx context.Context, store callvault.Store, config api.Config, greet func(address string)) (err error) {
	defer s.end()
	metrics := newRegistry()
	s.secure.measure(metrics)
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
		// What was drawn from the day's quota goes back although the context
		// is done.
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		err = errors.Join(err, handler.Close(closing))
	}()
	if s.panel != nil {
		page, err := s.page(store)
		if err != nil {
			return err
		}
		panel := manage.Config{Store: store, Key: handler.Key, Page: page.Serve, Metrics: serveMetrics(metrics, s.log), Log: s.log}
		if panel.Description, err = openapi.Document(opened(s.api, s.asked.listen)); err != nil {
			return err
		}
		if panel.Docs, err = openapi.Page(opened(s.api, s.asked.listen)); err != nil {
			return err
		}
		if err := s.panel.Start(panel); err != nil {
			return err
		}
		defer context.AfterFunc(ctx, s.panel.Stop)()
	}
	s.serves = true
	greet(opened(s.api, s.asked.listen))
	if s.manage != nil {
		screen.Printf(s.stdout, "the operator's listener is at %s and shows the calls as a web page%s%s\n", opened(s.manage, s.asked.manage), wants(s.manage), elsewhere("; it is also at ", s.manage))
	}
	return api.Serve(ctx, s.api, handler, s.log)
}

// wants says what the operator's listener needs from those who look at the calls.
func wants(listener net.Listener) string {
	if manage.IsLoopback(listener.Addr()) {
		return ""
	}
	return ", for an access key and its secret"
}

// address is the URL of a listener.
func address(listener net.Listener) string {
	return (&url.URL{Scheme: scheme(listener), Host: listener.Addr().String()}).String()
}

// opened is the URL by which this machine reaches a listener, given the address it was
// asked for. Not every system connects to 0.0.0.0 and [::].
func opened(listener net.Listener, asked string) string {
	if !web.IsEverywhere(listener.Addr()) {
		return address(listener)
	}
	host, err := reachable(asked)
	if err != nil {
		return address(listener)
	}
	name, _, _ := net.SplitHostPort(host)
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return (&url.URL{Scheme: scheme(listener), Host: net.JoinHostPort(name, port)}).String()
}

// elsewhere says, after a conjunction, which addresses reach a listener besides the one
// that opened names. It is empty if there are none.
func elsewhere(conjunction string, listener net.Listener) string {
	switch {
	case !web.IsEverywhere(listener.Addr()):
		return ""
	case listener.Addr().(*net.TCPAddr).IP.To4() != nil:
		return conjunction + "every other IPv4 address of this machine"
	}
	return conjunction + "every other address of this machine"
}
