package api

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/callvault/callvault/internal/web"
)

const (
	// writeWithin: from the end of the header to the end of the answer. A page
	// of a thousand large calls gets through a slow line in it.
	writeWithin = 60 * time.Second

	// drainWithin: what requests under way are given when the server stops. It
	// is less than the 30 seconds after which most supervisors kill.
	drainWithin = 20 * time.Second
)

// Serve answers the connections of a listener until the context is done. Then
// it takes no more, gives the requests under way time to end, and returns nil,
// or an error when they took too long and were cut off. It closes the listener.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler, log *slog.Logger) error {
	return web.Server{Handler: handler, Log: log, AnswerWithin: writeWithin, DrainWithin: drainWithin}.Serve(ctx, listener)
}
