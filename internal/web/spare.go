package web

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// sparedLines is how many lines a second strangers can cause in a log: enough to show
// an attack, too few to fill a disk.
const sparedLines = 20

// Spare returns a handler for lines that strangers cause. It lets 20 lines a second
// through, and then one that counts those it left out.
func Spare(log slog.Handler) slog.Handler { return spare{log, &allowance{log: log}} }

type spare struct {
	slog.Handler
	allowance *allowance
}

func (s spare) Handle(ctx context.Context, r slog.Record) error {
	if !s.allowance.take() {
		return nil
	}
	return s.Handler.Handle(ctx, r)
}

func (s spare) WithAttrs(attrs []slog.Attr) slog.Handler {
	return spare{s.Handler.WithAttrs(attrs), s.allowance}
}

func (s spare) WithGroup(name string) slog.Handler {
	return spare{s.Handler.WithGroup(name), s.allowance}
}

// allowance counts the lines of a second that begins with the first of them.
type allowance struct {
	log   slog.Handler
	mu    sync.Mutex
	lines int // with those left out
}

func (a *allowance) take() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.lines++; a.lines == 1 {
		time.AfterFunc(time.Second, a.end)
	}
	return a.lines <= sparedLines
}

func (a *allowance) end() {
	a.mu.Lock()
	left := a.lines - sparedLines
	a.lines = 0
	a.mu.Unlock()
	if left > 0 {
		slog.New(a.log).Warn("left out log lines that clients without a key caused", "lines", left)
	}
}
