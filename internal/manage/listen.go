package manage

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/callvault/callvault/internal/web"
)

const (
	// writeWithin is the time from the end of a header to the end of its answer. A
	// profile of a minute gets that minute on top; a download may last as long as its
	// client goes on reading.
	writeWithin = 60 * time.Second

	// drainWithin is short: only the operator waits for these answers.
	drainWithin = 2 * time.Second
)

// Serve answers the connections of a listener until the context is done. Requests that
// are under way then have two seconds to end, and are cut off. It closes the listener.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler, log *slog.Logger) error {
	err := web.Server{Handler: handler, Log: log, AnswerWithin: writeWithin, DrainWithin: drainWithin}.Serve(ctx, listener)
	if _, ok := errors.AsType[*web.CutOffError](err); ok {
		return nil
	}
	return err
}
