// Package traces sends spans to a collector, by OTLP over HTTP, as the environment
// variables that OpenTelemetry names say. Nothing is started unless they ask for it.
//
// Spans are made, kept and put together by the SDK of OpenTelemetry; the client that
// sends them is our own, because the SDK's brings gRPC along (docs/design.md, "Traces").
// A collector that can't be reached slows no request: spans wait in a queue of bounded
// length and are dropped when it is full.
//
// The variables OTEL_BSP_… and OTEL_SPAN_…, which size that queue and the spans, are read
// by the SDK from the process itself.
package traces

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// Config is what traces are made of. Env and Log are required.
type Config struct {
	// Env looks a variable up, as os.LookupEnv does.
	Env func(name string) (value string, ok bool)

	// Version is that of this program, for the attribute service.version.
	Version string

	// Log is told when spans are lost, at most once in reportEvery.
	Log *slog.Logger
}

// Traces are spans on their way to a collector. A nil *Traces is none.
type Traces struct {
	provider *sdktrace.TracerProvider
	client   *client
}

// Start begins to send spans, or returns nil where the environment does not ask for it.
// It asks nothing of the collector. A variable that makes no sense is an error, which
// names it and shows nothing of its value: many hold keys.
func Start(config Config) (*Traces, error) {
	s, err := readSettings(config.Env)
	if err != nil || !s.on {
		return nil, err
	}
	sender := http.DefaultTransport.(*http.Transport).Clone()
	sender.TLSClientConfig = s.tls
	return start(config, s, sender)
}

// start sends spans as the settings say, by a sender.
func start(config Config, s settings, sender http.RoundTripper) (*Traces, error) {
	c := newClient(s, sender, config.Log)
	exporter, err := otlptrace.New(context.Background(), c)
	if err != nil {
		return nil, err
	}
	service, err := resource.New(context.Background(),
		resource.WithTelemetrySDK(),
		resource.WithAttributes(semconv.ServiceName("callvault"), semconv.ServiceVersion(config.Version)),
		resource.WithAttributes(s.attributes...))
	if err != nil {
		return nil, fmt.Errorf("describe this service to the collector: %w", err)
	}
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(exporter),
		sdktrace.WithSampler(s.sampler),
		sdktrace.WithResource(service))
	return &Traces{provider, c}, nil
}

// Provider makes spans; nil for none.
func (t *Traces) Provider() trace.TracerProvider {
	if t == nil {
		return nil
	}
	return t.provider
}

// Close sends the spans that wait, until the context is done; then it gives them up, and
// logs that it did.
func (t *Traces) Close(ctx context.Context) {
	if t == nil {
		return
	}
	err := t.provider.Shutdown(ctx)
	t.client.close()
	if err != nil {
		t.client.report.log.Warn("the last spans were not sent in time")
	}
}
