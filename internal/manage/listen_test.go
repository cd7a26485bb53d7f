package manage

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
)

// What is under way when the server stops ends, or is cut off; Serve returns
// without an error in both cases.
func TestServeEnds(t *testing.T) {
	for name, leave := range map[string]bool{"idle": true, "held": false} {
		t.Run(name, func(t *testing.T) {
			listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			begun := make(chan struct{})
			handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.(http.Flusher).Flush()
				close(begun)
				if !leave {
					<-r.Context().Done()
				}
			})
			ended := make(chan error, 1)
			go func() { ended <- Serve(ctx, listener, handler, slog.New(slog.DiscardHandler)) }()
			response, err := http.Get("http://" + listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			<-begun
			stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
			_, err = io.ReadAll(response.Body)
			response.Body.Close()
			if cut := err != nil; cut == leave {
				t.Errorf("the answer ended with %v", err)
			}
		})
	}
}
