package screen

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// The log is text where a person reads it, and JSON elsewhere.
func TestLogFormat(t *testing.T) {
	for format, want := range map[string]string{
		"auto": `"level":"WARN","msg":"hello","took":0.5}` + "\n",
		"json": `"level":"WARN","msg":"hello","took":0.5}` + "\n",
		"text": "level=WARN msg=hello took=0.5\n",
	} {
		var out bytes.Buffer
		log := NewLog(&out, format, "warn")
		log.Info("not this")
		log.Warn("hello", "took", 0.5)
		if !strings.HasSuffix(out.String(), want) || strings.Count(out.String(), "\n") != 1 {
			t.Errorf("%s: got %s", format, out.String())
		}
	}
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no terminal here: ", err)
	}
	defer terminal.Close()
	log := NewLog(terminal, "auto", "info")
	if _, isText := log.Handler().(*slog.TextHandler); !isText {
		t.Errorf("on a terminal: %T", log.Handler())
	}
}

// What a kept log writes is what slog writes, byte for byte.
func TestKeptLogWritesAsSlog(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	text := func() string {
		b := make([]byte, random.IntN(8))
		for i := range b {
			b[i] = byte(random.IntN(128))
			if random.IntN(8) > 0 {
				b[i] = "abcz09 /.:=\"\\\n\u00e4<"[random.IntN(17)]
			}
		}
		return string(b)
	}
	plain := func() string { return strings.Map(func(r rune) rune { return 'a' + r%26 }, text()) }
	value := func() slog.Value {
		switch random.IntN(10) {
		case 0:
			return slog.AnyValue(errors.New(text()))
		case 1:
			return slog.AnyValue(nil)
		case 2:
			return slog.GroupValue(slog.String(text(), text()))
		case 3:
			return slog.DurationValue(time.Duration(random.Int64()))
		case 4, 5:
			return slog.Float64Value([]float64{0, math.Copysign(0, -1), 1e-6, 9.9e-7, 1e21, 9e20, math.NaN(), math.Inf(1), -0.25, random.NormFloat64()}[random.IntN(10)])
		case 6, 7:
			return slog.Int64Value(random.Int64() >> random.IntN(64))
		case 8:
			return slog.StringValue(plain())
		}
		return slog.StringValue(text())
	}
	for _, format := range []string{"json", "text"} {
		var want, got strings.Builder
		log, flush := NewKeptLog(&got, format, "info")
		plainLog := NewLog(&want, format, "info")
		for i := range 5_000 {
			r := slog.NewRecord(time.Unix(random.Int64N(1<<32), random.Int64N(1e9)), []slog.Level{-1, 0, 1, 4, 8}[random.IntN(5)], plain(), 0)
			if random.IntN(50) == 0 {
				r.Time, r.Message = time.Time{}, text()
			}
			for range random.IntN(9) {
				r.AddAttrs(slog.Attr{Key: plain(), Value: value()})
			}
			if random.IntN(9) == 0 {
				r.AddAttrs(slog.Attr{Key: text(), Value: value()})
			}
			other, handler := plainLog.Handler(), log.Handler()
			switch i % 9 {
			case 0:
				attrs := []slog.Attr{slog.String("a", text())}
				other, handler = other.WithAttrs(attrs), handler.WithAttrs(attrs)
			case 1:
				other, handler = other.WithGroup("g"), handler.WithGroup("g")
			}
			if err := errors.Join(other.Handle(t.Context(), r), handler.Handle(t.Context(), r)); err != nil {
				t.Fatal(err)
			}
		}
		flush()
		if got.String() != want.String() {
			a, b := strings.SplitAfter(got.String(), "\n"), strings.SplitAfter(want.String(), "\n")
			for i := range b {
				if i >= len(a) || a[i] != b[i] {
					t.Fatalf("%s: line %d is %q, want %q", format, i, a[min(i, len(a)-1)], b[i])
				}
			}
		}
	}
}

// Lines wait for a tenth of a second, or for so many that they are worth a write; a warning is
// written at once, behind those that wait.
func TestKeptLogWritesInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &writes{}
		log, flush := NewKeptLog(out, "json", "info")
		wait := func(d time.Duration, want ...int) {
			t.Helper()
			time.Sleep(d) // the bubble's
			synctest.Wait()
			out.want(t, want...)
		}
		wait(time.Second)
		log.Info("one")
		wait(keptWithin / 2)
		log.Info("two")
		wait(keptWithin/2 - 1)
		wait(1, 2)
		wait(time.Second, 2)
		log.Info("three")
		log.Warn("four")
		out.want(t, 2, 2)
		for range keptRoom / 1024 {
			log.Info(strings.Repeat("a", 1024))
		}
		out.want(t, 2, 2, keptRoom/1024-1)
		flush()
		out.want(t, 2, 2, keptRoom/1024-1, 1)
		log.Error("five")
		wait(time.Second, 2, 2, keptRoom/1024-1, 1, 1)
	})
}

// A line that is plain is appended by hand, and every line of a request is.
func TestPlainLines(t *testing.T) {
	r := slog.NewRecord(time.Now(), slog.LevelInfo, "request", 0)
	r.AddAttrs(slog.String("route", "/v2/calls"), slog.Int("status", 200), slog.Float64("duration", 0.000234))
	k := &kept{lines: []byte("before"), timer: time.NewTimer(time.Hour)}
	if !k.add(&r) {
		t.Errorf("%+v is not plain", r)
	}
	before := len(k.lines)
	r.AddAttrs(slog.Any("error", errors.New("disk on fire")))
	if k.add(&r) || len(k.lines) != before {
		t.Errorf("%+v is plain, %q", r, k.lines)
	}
}

// A disk that is full cuts a line off. What is written when it has room again begins a line.
func TestTornLine(t *testing.T) {
	out := &disk{room: 40}
	log, flush := NewKeptLog(out, "json", "info")
	for _, room := range []int{40, 40, 1 << 10} {
		out.room = room
		log.Info("whole")
		log.Info("torn")
		flush()
	}
	var whole []string
	for line := range strings.Lines(out.text.String()) {
		if json.Valid([]byte(line)) {
			whole = append(whole, line)
		}
	}
	if len(whole) != 2 || out.text.Len() != 40+len("\n"+whole[0]+whole[1]) {
		t.Errorf("%d lines are whole, want the last 2, in %q", len(whole), &out.text)
	}
}

// disk has room for some bytes.
type disk struct {
	text strings.Builder
	room int
}

func (d *disk) Write(p []byte) (int, error) {
	n := min(len(p), max(0, d.room-d.text.Len()))
	d.text.Write(p[:n])
	if n < len(p) {
		return n, errors.New("no space left on device")
	}
	return n, nil
}

// writes counts the lines of each write.
type writes struct {
	mu    sync.Mutex
	lines []int
}

func (w *writes) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lines = append(w.lines, bytes.Count(p, []byte("\n")))
	return len(p), nil
}

func (w *writes) want(t *testing.T, want ...int) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.Equal(w.lines, want) {
		t.Errorf("writes of %d lines, want %d", w.lines, want)
	}
}
