package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// profileSpan is how long each kind of page is asked for while it is watched.
const profileSpan = 10 * time.Second

// profiled is a kind of page and where the time went that it took.
type profiled struct {
	name     string
	server   *server
	requests []request

	pages  float64 // a second
	shares profile
}

// measureProfile asks for pages while perf watches the machine, and tells where
// the time went. It needs Linux, perf, and the right to watch other processes.
func (b *bench) measureProfile(ctx context.Context, stdout io.Writer) error {
	if _, err := exec.LookPath("perf"); err != nil {
		return err
	}
	for _, count := range b.calls {
		kinds, stop, err := b.profiledKinds(ctx, count)
		if err != nil {
			return err
		}
		for _, k := range kinds {
			if err = b.watch(ctx, k); err != nil {
				break
			}
		}
		stop()
		if err != nil {
			return err
		}
		printProcesses(stdout, count, kinds)
		printProfile(stdout, count, kinds)
	}
	return nil
}

// profiledKinds are the pages of stores of a size on both engines. Stop ends
// their servers.
func (b *bench) profiledKinds(ctx context.Context, count int) (kinds []*profiled, stop func(), err error) {
	var servers []*server
	stop = func() {
		for _, s := range servers {
			s.stop()
		}
	}
	s, err := b.makeSample(count, invent(count))
	if err != nil {
		return nil, nil, err
	}
	d, err := b.makeStore(ctx, s)
	if err != nil {
		return nil, nil, err
	}
	stores, err := b.appendDatabase(ctx, []*dataset{d}, s)
	if err != nil {
		return nil, nil, err
	}
	for i, d := range stores {
		server, err := b.serve(ctx, d.db)
		if err != nil {
			stop()
			return nil, nil, err
		}
		servers = append(servers, server)
		s, err := b.newSeries(ctx, d, server, d.allCalls())
		if err != nil {
			stop()
			return nil, nil, err
		}
		engine := []string{"SQLite", "PostgreSQL"}[i]
		kinds = append(kinds,
			&profiled{name: engine + ", later", server: server, requests: s.later},
			&profiled{name: engine + ", first", server: server, requests: s.first},
			&profiled{name: engine + ", later, gzip", server: server, requests: s.gzip},
		)
	}
	return kinds, stop, nil
}

// watch asks for pages of a kind under perf.
func (b *bench) watch(ctx context.Context, k *profiled) error {
	b.say("watching pages: %s", k.name)
	path := b.file("perf.data")
	record := exec.CommandContext(ctx, "perf", "record", "--quiet", "--all-cpus", "-F", "499", "-g", "-o", path)
	var complaint strings.Builder
	record.Stderr = &complaint
	if err := record.Start(); err != nil {
		return err
	}
	var err error
	k.pages, err = load(ctx, k.server.address, k.requests, profileSpan)
	record.Process.Signal(os.Interrupt)
	record.Wait() // it ends as interrupted; whether it recorded shows below
	if err != nil {
		return err
	}
	script := exec.CommandContext(ctx, "perf", "script", "-i", path, "-F", "comm,pid,ip,sym")
	stacks, err := script.StdoutPipe()
	if err != nil {
		return err
	}
	if err := script.Start(); err != nil {
		return err
	}
	k.shares, err = readProfile(stacks, k.server.pid)
	if err := errors.Join(err, script.Wait()); err != nil {
		return fmt.Errorf("perf: %w\n%s", err, complaint.String())
	}
	if k.shares.server == 0 {
		return fmt.Errorf("perf saw nothing of the server\n%s", complaint.String())
	}
	return os.Remove(path)
}
