package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
)

// serveStatic is the yardstick: a plain net/http server that sends one answer
// from memory, which was taken from callvault and saved to a file.
func serveStatic(ctx context.Context, path string, stdout io.Writer) error {
	header, body, err := readAnswer(path)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		maps.Copy(w.Header(), header)
		w.Write(body)
	})}
	context.AfterFunc(ctx, func() { server.Close() })
	fmt.Fprintf(stdout, "serving %s at http://%s\n", path, listener.Addr())
	if err := server.Serve(listener); err != http.ErrServerClosed {
		return err
	}
	return nil
}

func readAnswer(path string) (http.Header, []byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	answer, err := http.ReadResponse(bufio.NewReader(file), nil)
	if err != nil {
		return nil, nil, err
	}
	answer.Header.Del("Date") // each answer has its own
	body, err := io.ReadAll(answer.Body)
	return answer.Header, body, err
}

// startStatic starts the yardstick in a process of its own, with what a series
// answers to its first request in an encoding of HTTP.
func (b *bench) startStatic(ctx context.Context, s *series, encoding string) (*server, error) {
	answer, err := s.get(ctx, &s.first[0], encoding)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	path := b.file("page." + encoding)
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(answer.Write(file), file.Close()); err != nil {
		return nil, err
	}
	cmd, err := itself(ctx, staticCommand, path)
	if err != nil {
		return nil, err
	}
	return startServer(ctx, cmd)
}

// get asks for a page as an ordinary client does, in an encoding; "" leaves that
// to the client, which takes gzip and hands out what was in it.
func (s *series) get(ctx context.Context, asked *request, encoding string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.server.address+asked.target(), nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", s.authorization)
	if encoding != "" {
		r.Header.Set("Accept-Encoding", encoding)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		answer.Body.Close()
		return nil, fmt.Errorf("%s: %s", asked.target(), answer.Status)
	}
	return answer, nil
}

// checkGzip makes sure that some of the pages are, compressed, what they are
// otherwise: under load only the beginning is looked at.
func (s *series) checkGzip(ctx context.Context) error {
	for i := range s.later[:min(len(s.later), 50)] {
		asked := &s.later[i]
		answer, err := s.get(ctx, asked, "")
		if err != nil {
			return err
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil {
			return err
		}
		if !answer.Uncompressed || !bytes.Contains(body, asked.expect) || !bytes.HasSuffix(body, asked.end) {
			return fmt.Errorf("%s: not the page that was asked for, compressed", asked.target())
		}
	}
	return nil
}
