package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// What a connection may take. Each limit ends something that would otherwise
// hold a connection, and with it memory and a file, for as long as a client
// likes.
const (
	// headerWithin: a request has a few hundred bytes of header; whoever sends
	// them byte by byte is not asking for calls.
	headerWithin = 10 * time.Second

	// readWithin: the whole request. There is no body worth waiting for.
	readWithin = 30 * time.Second

	// writeWithin: from the end of the header to the end of the answer. A page
	// of a thousand large calls gets through a slow line in it.
	writeWithin = 60 * time.Second

	// idleWithin: longer than the pauses of clients that keep to three requests
	// a second or poll each minute, so that they keep their connection.
	idleWithin = 120 * time.Second

	// maxHeader: the longest query there is has less than a kilobyte; proxies
	// add their own.
	maxHeader = 64 << 10

	// drainWithin: what requests under way are given when the server stops. It
	// is less than the 30 seconds after which most supervisors kill.
	drainWithin = 20 * time.Second
)

// Serve answers the connections of a listener until the context is done. Then
// it takes no more, gives the requests under way time to end, and returns nil,
// or an error when they took too long and were cut off. It closes the listener.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler, log *slog.Logger) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerWithin,
		ReadTimeout:       readWithin,
		WriteTimeout:      writeWithin,
		IdleTimeout:       idleWithin,
		MaxHeaderBytes:    maxHeader,
		// "OPTIONS *" is a request like any other: authenticated and logged.
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve %s: %w", listener.Addr(), err)
	case <-ctx.Done():
	}
	// The requests under way keep their own contexts: they are to end, not to break.
	draining, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainWithin)
	defer cancel()
	err := server.Shutdown(draining)
	<-served
	if err != nil {
		return errors.Join(fmt.Errorf("requests were cut off after %v: %w", drainWithin, err), server.Close())
	}
	return nil
}
