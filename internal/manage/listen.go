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
	// writeWithin is from the end of a header to the end of its answer. A profile of a
	// minute has that minute more, and a download as long as its client goes on taking it.
	writeWithin = 60 * time.Second

	// drainWithin is short: nobody but the operator waits for an answer.
	drainWithin = 2 * time.Second
)

// Serve answers the connections of a listener until the context is done; then what
// is under way has two seconds to end and is cut off. It closes the listener.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler, log *slog.Logger) error {
	err := web.Server{Handler: handler, Log: log, AnswerWithin: writeWithin, DrainWithin: drainWithin}.Serve(ctx, listener)
	if _, ok := errors.AsType[*web.CutOffError](err); ok {
		return nil
	}
	return err
}
