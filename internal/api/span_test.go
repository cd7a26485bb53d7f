package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

const (
	traceID     = "0af7651916cd43dd8448eb211c80319c"
	traceparent = "00-" + traceID + "-b7ad6b7169203331-01"
)

// traced is a server whose spans are kept.
func traced(t *testing.T, options ...sdktrace.TracerProviderOption) (*server, *tracetest.InMemoryExporter) {
	spans := tracetest.NewInMemoryExporter()
	return newServer(t, Config{Traces: sdktrace.NewTracerProvider(append(options, sdktrace.WithSyncer(spans))...)}), spans
}

func TestSpan(t *testing.T) {
	s, spans := traced(t)
	s.put(t, "acme", call(t, "1", 1, ""))
	var within trace.SpanContext
	s.store.stall = func(ctx context.Context) {
		within = trace.SpanContextFromContext(ctx)
		s.clock.advance(time.Second)
	}
	s.get("/v2/calls") // which reads the keys
	spans.Reset()
	began := s.clock.Now()
	r := request(everything)
	r.Header.Set("Traceparent", traceparent)
	w := s.do(r)
	wantStatus(t, w, http.StatusOK)
	got := spans.GetSpans()
	if len(got) != 1 {
		t.Fatalf("%d spans", len(got))
	}
	span := got[0]
	if span.Name != "GET /v2/calls" || span.SpanKind != trace.SpanKindServer || span.Status.Code != codes.Unset {
		t.Errorf("%s, %v, %v", span.Name, span.SpanKind, span.Status)
	}
	if span.SpanContext.TraceID().String() != traceID || span.Parent.SpanID().String() != "b7ad6b7169203331" || !span.Parent.IsRemote() {
		t.Errorf("%+v of %+v", span.SpanContext, span.Parent)
	}
	if !within.Equal(span.SpanContext) {
		t.Errorf("the store was asked within %+v", within)
	}
	if !span.StartTime.Equal(began) || span.EndTime.Sub(span.StartTime) != time.Second {
		t.Errorf("from %v to %v", span.StartTime, span.EndTime)
	}
	want := []attribute.KeyValue{
		attribute.String("http.request.method", "GET"),
		attribute.String("url.scheme", "http"),
		attribute.Int("http.response.status_code", 200),
		attribute.Int("http.response.body.size", w.Body.Len()),
		attribute.String("callvault.request_id", "request000000000002"),
		attribute.String("http.route", "/v2/calls"),
		attribute.String("url.path", "/v2/calls"),
		attribute.String("callvault.company", "acme"),
		attribute.String("callvault.key", "KEY"),
	}
	if fmt.Sprint(span.Attributes) != fmt.Sprint(want) {
		t.Errorf("got attributes\n%v\nwant\n%v", span.Attributes, want)
	}
	if line := s.log.String(); !strings.Contains(line, " trace_id="+traceID+"\n") {
		t.Errorf("got log %s", line)
	}
}

// Errors of ours are errors of the span, those of clients are not; a span says of a
// request that goes nowhere only that.
func TestSpanOfErrors(t *testing.T) {
	s, spans := traced(t)
	for _, tt := range []struct {
		method, target, name string
		failure              error
		status               int
		code                 codes.Code
	}{
		{"GET", "/v2/calls", "GET /v2/calls", nil, 400, codes.Unset},
		{"GET", "/hush?cursor=hush", "GET", nil, 404, codes.Unset},
		{"HUSH", "/v2/calls", "HTTP", nil, 405, codes.Unset},
		{"POST", "/v2/calls/extensive", "POST", nil, 501, codes.Error},
		{"GET", everything, "GET /v2/calls", errors.New("password=hush"), 500, codes.Error},
	} {
		spans.Reset()
		s.store.fail(tt.failure)
		r := request(tt.target)
		r.Method = tt.method
		wantStatus(t, s.do(r), tt.status)
		got := spans.GetSpans()
		if len(got) != 1 || got[0].Name != tt.name || got[0].Status != (sdktrace.Status{Code: tt.code}) {
			t.Errorf("%s %s: got %+v", tt.method, tt.target, got)
		}
		if text := strings.ToLower(fmt.Sprintf("%+v", got)); strings.Contains(text, "hush") {
			t.Errorf("%s %s: what was sent is in the span: %s", tt.method, tt.target, text)
		}
	}
}

// Without spans the trace of the client is in the log all the same; what is no trace is
// not.
func TestTraceInTheLog(t *testing.T) {
	s := newServer(t, Config{})
	for parent, want := range map[string]bool{traceparent: true, "": false, "hush": false, "00-hush-b7ad6b7169203331-01": false} {
		s.log.Reset()
		r := request("/v2/calls")
		r.Header.Set("Traceparent", parent)
		s.do(r)
		if line := s.log.String(); strings.Contains(line, "trace_id="+traceID) != want || strings.Contains(line, "trace_id") != want || strings.Contains(line, "hush") {
			t.Errorf("%q: got log %s", parent, line)
		}
	}
}

// A trace that is not to be kept costs no attributes, and is in the log.
func TestSpanThatIsNotKept(t *testing.T) {
	s, spans := traced(t, sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.AlwaysSample())))
	r := request("/v2/calls")
	r.Header.Set("Traceparent", strings.TrimSuffix(traceparent, "01")+"00")
	s.do(r)
	if got := spans.GetSpans(); len(got) != 0 || !strings.Contains(s.log.String(), "trace_id="+traceID) {
		t.Errorf("%v, log %s", got, s.log)
	}
}
