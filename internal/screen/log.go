package screen

import (
	"context"
	"io"
	"log/slog"
	"math"
	"strconv"
	"sync"
	"time"
)

// NewLog makes a log of lines from a level on, such as "info". Its format is "text", "json",
// or "auto", which is text for a terminal and JSON for anything else.
func NewLog(w io.Writer, format, level string) *slog.Logger {
	return slog.New(newHandler(w, isText(w, format), level))
}

func isText(w io.Writer, format string) bool {
	return format == "text" || format == "auto" && IsTerminal(w)
}

func newHandler(w io.Writer, text bool, level string) slog.Handler {
	var lowest slog.Level
	_ = lowest.UnmarshalText([]byte(level)) // it is a level
	if text {
		return slog.NewTextHandler(w, &slog.HandlerOptions{Level: lowest})
	}
	return slog.NewJSONHandler(w, &slog.HandlerOptions{Level: lowest})
}

// A log that is kept is written when its oldest line has waited for keptWithin, when it has
// keptRoom bytes, and with each line from level Warn on.
const (
	keptWithin = 100 * time.Millisecond
	keptRoom   = 32 << 10
)

// NewKeptLog is NewLog for a server with a line for each request: it keeps lines and writes many
// at once. Flush writes those that are kept; a process that is killed loses them.
func NewKeptLog(w io.Writer, format, level string) (log *slog.Logger, flush func()) {
	text, k := isText(w, format), &kept{out: w}
	k.timer = time.AfterFunc(keptWithin, k.flush) // once more with the first line of each write
	return slog.New(keptHandler{newHandler(k, text, level), k, !text}), k.flush
}

// keptHandler appends lines of plain JSON by hand, in a quarter of the time, and leaves what is
// rare to slog.
type keptHandler struct {
	slog.Handler
	kept   *kept
	byHand bool
}

func (h keptHandler) Handle(ctx context.Context, r slog.Record) (err error) {
	if !h.byHand || !h.kept.add(&r) {
		err = h.Handler.Handle(ctx, r)
	}
	if r.Level >= slog.LevelWarn {
		h.kept.flush()
	}
	return err
}

func (h keptHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return keptHandler{h.Handler.WithAttrs(attrs), h.kept, false}
}

func (h keptHandler) WithGroup(name string) slog.Handler {
	return keptHandler{h.Handler.WithGroup(name), h.kept, false}
}

// kept is lines that are still to be written.
type kept struct {
	mu    sync.Mutex
	out   io.Writer
	lines []byte
	torn  bool        // the last write ended within a line
	timer *time.Timer // stands while there are lines
}

// Write keeps a line of slog's.
func (k *kept) Write(line []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	begin := len(k.lines)
	k.lines = append(k.lines, line...)
	k.grown(begin)
	return len(line), nil
}

// add keeps the line of a record, unless it is not plain.
func (k *kept) add(r *slog.Record) (isPlain bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	begin := len(k.lines)
	line := append(k.lines, `{"time":"`...)
	line = r.Time.AppendFormat(line, time.RFC3339Nano)
	line = append(append(line, `","level":"`...), r.Level.String()...)
	line, isPlain = appendPlain(append(line, `","msg":`...), r.Message)
	isPlain = isPlain && !r.Time.IsZero()
	r.Attrs(func(a slog.Attr) bool {
		isPlain = isPlain && a.Key != ""
		if isPlain {
			line, isPlain = appendPlain(append(line, ','), a.Key)
		}
		if isPlain {
			line, isPlain = appendValue(append(line, ':'), a.Value)
		}
		return isPlain
	})
	if isPlain {
		k.lines = append(line, "}\n"...)
		k.grown(begin)
	}
	return isPlain
}

// appendPlain appends a text of printable ASCII that JSON does not escape.
func appendPlain(dst []byte, s string) (_ []byte, isPlain bool) {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return dst, false
		}
	}
	return append(append(append(dst, '"'), s...), '"'), true
}

// appendValue appends a text, an integer, or a number that encoding/json writes without an
// exponent.
func appendValue(dst []byte, v slog.Value) (_ []byte, isPlain bool) {
	switch v.Kind() {
	case slog.KindString:
		return appendPlain(dst, v.String())
	case slog.KindInt64:
		return strconv.AppendInt(dst, v.Int64(), 10), true
	case slog.KindFloat64:
		size := math.Abs(v.Float64())
		return strconv.AppendFloat(dst, v.Float64(), 'f', -1, 64), size == 0 || size >= 1e-6 && size < 1e21
	}
	return dst, false
}

// grown sees to it that lines are written that were added behind the begin.
func (k *kept) grown(begin int) {
	switch {
	case len(k.lines) >= keptRoom:
		k.write()
	case begin == 0:
		k.timer.Reset(keptWithin)
	}
}

func (k *kept) flush() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.write()
}

// write leaves out what can't be written, as slog does. Behind a line that a full disk has cut
// off a new one begins, so that no other line is lost with it.
func (k *kept) write() {
	lines := k.lines
	k.lines = k.lines[:0]
	if len(lines) == 0 {
		return
	}
	if k.torn {
		if _, err := io.WriteString(k.out, "\n"); err != nil {
			return
		}
		k.torn = false
	}
	if n, _ := k.out.Write(lines); 0 < n && n < len(lines) {
		k.torn = lines[n-1] != '\n'
	}
}
