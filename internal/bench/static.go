package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
)

// serveStatic is the yardstick: a plain net/http server that sends one page
// from memory, with the headers that callvault sends.
func serveStatic(ctx context.Context, path, requestID string, stdout io.Writer) error {
	page, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	length := strconv.Itoa(len(page))
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		header := w.Header()
		header["X-Traceid"] = []string{requestID}
		header["Vary"] = []string{"Accept-Encoding"}
		header["Content-Type"] = []string{"application/json;charset=UTF-8"}
		header["Content-Length"] = []string{length}
		w.Write(page)
	})}
	context.AfterFunc(ctx, func() { server.Close() })
	fmt.Fprintf(stdout, "serving %s at http://%s\n", path, listener.Addr())
	if err := server.Serve(listener); err != http.ErrServerClosed {
		return err
	}
	return nil
}

// startStatic starts the yardstick in a process of its own, with a real page:
// the first one of a series.
func (b *bench) startStatic(ctx context.Context, s *series) (*server, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.server.address+s.first[0].target(), nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", s.authorization)
	r.Header.Set("Accept-Encoding", "identity")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	page, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("a first page: %s: %s", answer.Status, page)
	}
	path := b.file("page.json")
	if err := os.WriteFile(path, page, 0o600); err != nil {
		return nil, err
	}
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return startServer(ctx, program, staticCommand, path, answer.Header.Get("X-Traceid"))
}
