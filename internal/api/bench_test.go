package api

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/limit"
)

// benchStore serves the same hundred calls, whatever is asked: what remains to
// be measured is ours.
type benchStore struct {
	*model
	rows []callvault.Record
}

func (b *benchStore) Calls(string) callvault.Calls { return &benchCalls{store: b} }

type benchCalls struct {
	callvault.Calls
	store *benchStore
}

func (b *benchCalls) Scan(_ context.Context, _ callvault.Query, _ callvault.Position, limit int, visit func(callvault.Record) error) error {
	for _, row := range b.store.rows[:limit] {
		if err := visit(row); err != nil {
			return err
		}
	}
	return nil
}

func (b *benchCalls) First(ctx context.Context, q callvault.Query, limit int, visit func(callvault.Record) error) (int, error) {
	return 1_000_000, b.Scan(ctx, q, q.Start(), limit, visit)
}

// discardWriter is a connection that costs nothing.
type discardWriter struct {
	header http.Header
	bytes  int
}

func (w *discardWriter) Header() http.Header         { return w.header }
func (w *discardWriter) WriteHeader(int)             {}
func (w *discardWriter) Write(p []byte) (int, error) { w.bytes += len(p); return len(p), nil }

// BenchmarkPage serves pages of a hundred calls of 600 bytes, as one goroutine.
func BenchmarkPage(b *testing.B) {
	first := "/v2/calls?fromDateTime=2026-03-04T12%3A00%3A00Z&toDateTime=2026-03-05T12%3A00%3A00Z"
	for _, bench := range []struct {
		name   string
		later  bool
		limit  limit.Limit
		log    *slog.Logger
		header http.Header
	}{
		{name: "first"},
		{name: "later", later: true},
		{name: "later-limited", later: true, limit: limit.Limit{PerSecond: 1 << 29, PerDay: 1 << 30}},
		{name: "later-gzip", later: true, header: http.Header{"Accept-Encoding": {"gzip"}}},
		{name: "later-logged", later: true, log: slog.New(slog.NewTextHandler(io.Discard, nil))},
		{name: "later-traced", later: true, log: slog.New(slog.NewTextHandler(io.Discard, nil)), header: http.Header{"Traceparent": {traceparent}}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			h := newBenchHandler(b, Config{Limit: bench.limit, Log: bench.log, Metrics: prometheus.NewRegistry()})
			target := first
			if bench.later {
				c := walk{
					PageQuery: callvault.PageQuery{
						Query:  callvault.Query{Range: callvault.Range{From: callvault.FloorTime(noon), To: callvault.FloorTime(noon.Add(24 * time.Hour))}},
						Size:   100,
						Number: 1,
						After:  callvault.Position{Time: callvault.FloorTime(noon), ID: mustID(b, "7693221800038890052")},
						Total:  1_000_000,
					},
					expires: time.Now().Add(time.Hour).Unix(),
					company: "acme",
				}
				target = first + "&cursor=" + string(c.appendCursor(nil, h.cursors))
			}
			r := request(target)
			for name, values := range bench.header {
				r.Header[name] = values
			}
			w := &discardWriter{header: make(http.Header)}
			b.ReportAllocs()
			for b.Loop() {
				h.ServeHTTP(w, r)
			}
			b.SetBytes(int64(w.bytes / b.N))
			if w.bytes/b.N < 5_000 {
				b.Fatalf("pages of %d bytes", w.bytes/b.N)
			}
		})
	}
}

// BenchmarkDetails serves the pages of BenchmarkPage by POST /v2/calls/extensive.
func BenchmarkDetails(b *testing.B) {
	h := newBenchHandler(b, Config{Metrics: prometheus.NewRegistry()})
	const body = `{"filter":{"fromDateTime":"2026-03-04T12:00:00Z","toDateTime":"2026-03-05T12:00:00Z"},"contentSelector":{"exposedFields":{"parties":true}}}`
	r := post(details, body)
	w := &discardWriter{header: make(http.Header)}
	b.ReportAllocs()
	for b.Loop() {
		r.Body = io.NopCloser(strings.NewReader(body))
		h.ServeHTTP(w, r)
	}
	b.SetBytes(int64(w.bytes / b.N))
	if w.bytes/b.N < 5_000 {
		b.Fatalf("pages of %d bytes", w.bytes/b.N)
	}
}

func newBenchHandler(b *testing.B, config Config) *Handler {
	store := &benchStore{model: newModel(time.Now)}
	store.AddKey(b.Context(), testKey(callvault.BasicKey, "acme", "KEY", "hush"))
	random := rand.NewChaCha8([32]byte{})
	for i := range 101 {
		var bits [250]byte
		random.Read(bits[:])
		id := fmt.Sprint(7693221800038890000 + i)
		document := fmt.Sprintf(`{"id":"%s","url":"https://us02-16381.app.gong.io/call?id=%s","title":"%s"}`, id, id, fmt.Sprintf("%x", bits[:]))
		store.rows = append(store.rows, callvault.Record{Call: callvault.Call{
			Time:     callvault.FloorTime(noon) + callvault.Time(i),
			ID:       mustID(b, id),
			Document: []byte(document),
		}})
	}
	config.Store = store
	h, err := New(b.Context(), config)
	if err != nil {
		b.Fatal(err)
	}
	return h
}
