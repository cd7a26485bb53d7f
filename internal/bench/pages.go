package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/callvault/callvault/gong"
)

// kind is pages of one kind.
type kind struct {
	name     string
	requests []request
}

// yardsticks makes a turn for each kind of pages of a program, rows to be measured beside them,
// and what ends them.
type yardsticks func(context.Context, *program) (turns []turn, more []*row, stop func(), err error)

// comparePages starts each program on its store and compares their pages.
func (b *bench) comparePages(ctx context.Context, s *sample, engine string, yardsticks yardsticks) error {
	for _, p := range b.programs {
		if err := b.serve(ctx, s, p); err != nil {
			return err
		}
		defer p.stop()
	}
	turns, more, stop, err := yardsticks(ctx, b.programs[0])
	if err != nil {
		return err
	}
	defer stop()
	kinds := b.programs[0].kinds
	for _, p := range b.programs { // an older one may serve fewer
		kinds = kinds[:min(len(kinds), len(p.kinds))]
	}
	var rows []*row
	for i, k := range kinds {
		asking := func(p *program) turn { return b.asking(p.server, p.kinds[i].requests) }
		rows = append(rows, b.newRow(s, engine+", "+k.name, asking, turns[i]))
	}
	if len(b.programs) == 1 {
		waiting, err := b.besideReaders(ctx, s, engine, b.programs[0])
		if err != nil {
			return err
		}
		if waiting != nil {
			rows = append(rows, waiting)
		}
		for _, r := range more {
			r.calls = s.count
			rows = append(rows, r)
		}
	}
	return b.compare(ctx, rows...)
}

// serve starts a program with everything switched on but the limit, and chooses
// what it is asked for.
func (b *bench) serve(ctx context.Context, s *sample, p *program) error {
	authorization, err := p.newKey(ctx)
	if err != nil {
		return err
	}
	p.server, err = startServer(p.command(ctx, "serve", "--listen", "127.0.0.1:0", "--manage", p.manage, "--limit", "off")) // an older program does not know --rate-limit
	if err != nil {
		return err
	}
	if p.kinds, err = b.newKinds(ctx, s, p.address, authorization); err != nil {
		p.stop()
	}
	return err
}

// newKinds makes the requests of every kind, for the same ranges on each program.
func (b *bench) newKinds(ctx context.Context, s *sample, address, authorization string) ([]kind, error) {
	chance := rand.New(rand.NewPCG(seed, 2))
	all, within := &asker{chance, s.all, authorization}, &asker{chance, s.second, authorization}
	later, ids, err := all.laters(ctx, address, b.variety)
	if err != nil {
		return nil, err
	}
	ofWorkspace, _, err := within.laters(ctx, address, b.variety)
	if err != nil {
		return nil, err
	}
	var first, packed, details, calls []request
	for i, r := range later {
		f := all.first(gong.PageSize)
		first, packed = append(first, f), append(packed, r.compressed())
		details, calls = append(details, f.detailed()), append(calls, f.ofCall(ids[i]))
	}
	kinds := []kind{
		{laterPages, later},
		{"first pages", first},
		{fmt.Sprintf("later pages of a workspace with %d %% of the calls", 100*len(s.second.moments)/s.count), ofWorkspace},
		{laterGzip, packed},
	}
	c, err := dial(ctx, address)
	if err != nil {
		return nil, err
	}
	defer c.conn.Close()
	if err := c.ask(&details[0]); err != nil { // an older program
		return kinds, nil
	}
	return append(kinds, kind{"first pages, extensive", details}, kind{"calls by id", calls}), nil
}

// The kinds that nginx serves too.
const (
	laterPages = "later pages"
	laterGzip  = "later pages, gzip"
)

// asking asks a server for pages.
func (b *bench) asking(s *server, requests []request) turn {
	p := &pages{requests: requests}
	return spending(s.pid, func(ctx context.Context) (cost, error) { return p.load(ctx, s.address, b.seconds) })
}

// bytesCommand is the first argument of the process that is besideBytes.
const bytesCommand = "bytes"

// besideBytes is the yardstick of pages: a net/http server that sends from memory
// what the program answered to the first request of each kind. nginx sends some of them too.
func (b *bench) besideBytes(ctx context.Context, p *program) (turns []turn, more []*row, stop func(), err error) {
	folder, err := os.MkdirTemp(b.folder, "answers-")
	if err != nil {
		return nil, nil, nil, err
	}
	c, err := dial(ctx, p.address)
	if err != nil {
		return nil, nil, nil, err
	}
	defer c.conn.Close()
	for i, k := range p.kinds {
		if err := c.ask(&k.requests[0]); err != nil {
			return nil, nil, nil, err
		}
		if err := os.WriteFile(filepath.Join(folder, strconv.Itoa(i)), append(c.header, c.body...), 0o600); err != nil {
			return nil, nil, nil, err
		}
	}
	path, err := os.Executable()
	if err != nil {
		return nil, nil, nil, err
	}
	server, err := startServer(exec.CommandContext(ctx, path, bytesCommand, folder))
	if err != nil {
		return nil, nil, nil, err
	}
	for i, k := range p.kinds {
		r := k.requests[0] // as long as the others
		r.bytes = bytes.Replace(r.bytes, []byte(" "), fmt.Appendf(nil, " /%d", i), 1)
		turns = append(turns, b.asking(server, []request{r}))
	}
	nginx, err := b.startNginx(ctx, p.kinds, c)
	if err != nil || nginx == nil {
		return turns, nil, server.stop, err
	}
	for i, k := range p.kinds {
		if k.name == laterPages || k.name == laterGzip {
			r := k.requests[0]
			r.bytes = bytes.Replace(r.bytes, []byte(r.target), []byte("/"+laterFile), 1)
			more = append(more, &row{name: "nginx, " + k.name, measured: b.asking(nginx, []request{r}), yardstick: turns[i]})
		}
	}
	return turns, more, func() { nginx.stop(); server.stop() }, nil
}

// serveBytes sends the answers in the files of a folder. Each is asked for by the
// name of its file as the first part of a path.
func serveBytes(ctx context.Context, folder string, stdout io.Writer) error {
	files, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	routes := http.NewServeMux()
	for _, file := range files {
		saved, err := os.ReadFile(filepath.Join(folder, file.Name()))
		if err != nil {
			return err
		}
		answer, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(saved)), nil)
		if err != nil {
			return err
		}
		answer.Header.Del("Date") // each answer has its own
		body := saved[len(saved)-int(answer.ContentLength):]
		routes.HandleFunc("/"+file.Name()+"/", func(w http.ResponseWriter, _ *http.Request) {
			maps.Copy(w.Header(), answer.Header)
			w.Write(body)
		})
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { listener.Close() })
	fmt.Fprintf(stdout, "serving at http://%s\n", listener.Addr())
	if err := http.Serve(listener, routes); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}
