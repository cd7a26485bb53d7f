// Package web is what both listeners of a server share: connections, TLS, time-outs,
// and the bounds of what clients may use before and after they show a key.
package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"time"
)

// Limits of a connection. Without them a client could hold a connection, and with it
// memory and a file, for as long as it likes.
const (
	// headerWithin: a header has a few hundred bytes, so a client that needs longer
	// does not want calls. It includes a handshake.
	headerWithin = 10 * time.Second

	// readWithin: the whole request. No body is worth waiting for.
	readWithin = 30 * time.Second

	// answerWithin: from the end of the header to the end of the answer, enough for a page
	// of a thousand large calls on a slow line.
	answerWithin = 60 * time.Second

	// idleWithin: longer than the pauses of clients that keep to three requests
	// a second or poll each minute, so that they keep their connection.
	idleWithin = 120 * time.Second

	// maxHeader: the longest query has less than a kilobyte; proxies and cookies add
	// their own. Node.js has the same limit.
	maxHeader = 16 << 10

	// maxLines: a browser behind two proxies sends thirty. Go keeps twenty bytes for
	// each byte of a short line.
	maxLines = 100
)

// StoreHeader names the identity of the open store in answers of the operator's listener. It
// is empty while the server is not ready, and tells a callvault from other servers.
const StoreHeader = "Callvault-Store"

// ErrCutOff is the error of Serve when it had to cut off requests.
var ErrCutOff = errors.New("requests were cut off")

// Server answers the connections of a listener.
type Server struct {
	Handler http.Handler
	Log     *slog.Logger

	// DrainWithin is the time that requests under way have when the server stops.
	DrainWithin time.Duration
}

// Serve answers until the context is done. Then it accepts no more connections and lets
// the requests under way end. It returns nil, or ErrCutOff when they took too long. It
// closes the listener.
func (s Server) Serve(ctx context.Context, listener net.Listener) error {
	spare := Spare(s.Log.Handler())
	server := &http.Server{
		Handler:           answering{s.Handler},
		ReadHeaderTimeout: headerWithin,
		ReadTimeout:       readWithin,
		WriteTimeout:      answerWithin,
		IdleTimeout:       idleWithin,
		MaxHeaderBytes:    maxHeader,
		// "OPTIONS *" is a request like any other: authenticated and logged.
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(spare, slog.LevelWarn),
		ConnContext:                  func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, connKey{}, c) },
	}
	// -1 only reads the limit. A tiny one, such as GOMEMLIMIT=512, must not close everything.
	memory := max(leastMemory, debug.SetMemoryLimit(-1))
	connections := newConns(listener, memory, slog.New(spare))
	served := make(chan error, 1)
	go func() { served <- server.Serve(connections) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve %s: %w", listener.Addr(), err)
	case <-ctx.Done():
	}
	// The requests under way have contexts of their own, so they end and do not break.
	draining, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.DrainWithin)
	defer cancel()
	err := server.Shutdown(draining)
	<-served
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.Join(fmt.Errorf("%w after %v", ErrCutOff, s.DrainWithin), server.Close())
	}
	return err
}
