// Package web is what both listeners of a server have in common: connections, TLS,
// time-outs, and how much a stranger may take of the memory before a key is known.
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

// What a connection may take. Each limit ends something that would otherwise
// hold a connection, and with it memory and a file, for as long as a client
// likes.
const (
	// headerWithin: a request has a few hundred bytes of header; whoever sends
	// them byte by byte is not asking for calls. A handshake is part of it.
	headerWithin = 10 * time.Second

	// readWithin: the whole request. There is no body worth waiting for.
	readWithin = 30 * time.Second

	// idleWithin: longer than the pauses of clients that keep to three requests
	// a second or poll each minute, so that they keep their connection.
	idleWithin = 120 * time.Second

	// maxHeader: the longest query there is has less than a kilobyte; proxies
	// add their own.
	maxHeader = 64 << 10

	// maxLines: a browser behind two proxies sends thirty. Go keeps twenty bytes or
	// more for each byte of a line that has four.
	maxLines = 100
)

// CutOffError is what Serve returns when requests had to be cut off.
type CutOffError struct {
	After time.Duration
}

func (e *CutOffError) Error() string { return fmt.Sprintf("requests were cut off after %v", e.After) }

// Server answers the connections of a listener.
type Server struct {
	Handler http.Handler
	Log     *slog.Logger

	// AnswerWithin is the time from the end of a request's header to the end of its
	// answer.
	AnswerWithin time.Duration

	// DrainWithin is what the requests under way are given when the server stops.
	DrainWithin time.Duration
}

// Serve answers until the context is done. Then it takes no more connections and
// gives the requests under way time to end. It returns nil, or a CutOffError when
// they took too long. It closes the listener.
func (s Server) Serve(ctx context.Context, listener net.Listener) error {
	spare := Spare(s.Log.Handler())
	server := &http.Server{
		Handler:           answering{s.Handler},
		ReadHeaderTimeout: headerWithin,
		ReadTimeout:       readWithin,
		WriteTimeout:      s.AnswerWithin,
		IdleTimeout:       idleWithin,
		MaxHeaderBytes:    maxHeader,
		// "OPTIONS *" is a request like any other: authenticated and logged.
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(spare, slog.LevelWarn),
		ConnContext:                  func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, connKey{}, c) },
		ConnState: func(c net.Conn, state http.ConnState) {
			if state == http.StateIdle {
				c.(*conn).answered()
			}
		},
	}
	connections := newConns(listener, debug.SetMemoryLimit(-1), slog.New(spare)) // which reads the limit
	served := make(chan error, 1)
	go func() { served <- server.Serve(connections) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve %s: %w", listener.Addr(), err)
	case <-ctx.Done():
	}
	// The requests under way keep their own contexts: they are to end, not to break.
	draining, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.DrainWithin)
	defer cancel()
	err := server.Shutdown(draining)
	<-served
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.Join(&CutOffError{s.DrainWithin}, server.Close())
	}
	return err
}
