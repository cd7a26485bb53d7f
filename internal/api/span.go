package api

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// tracerName is the scope that spans of this room have.
const tracerName = "github.com/callvault/callvault/internal/api"

// What a span has beside the attributes that OpenTelemetry names.
const (
	requestIDAttribute = attribute.Key("callvault.request_id")
	companyAttribute   = attribute.Key("callvault.company")
	keyAttribute       = attribute.Key("callvault.key")
)

// beginSpan takes up the trace that the client began, for the log and, where requests
// are traced, for their spans. A request that is part of no trace is returned as it is.
func (h *Handler) beginSpan(x *exchange, r *http.Request) *http.Request {
	if h.tracer == nil && r.Header["Traceparent"] == nil {
		return r
	}
	ctx := propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	if h.tracer != nil {
		ctx, x.span = h.tracer.Start(ctx, spanName(r.Method), trace.WithSpanKind(trace.SpanKindServer), trace.WithTimestamp(x.start))
	}
	part := trace.SpanContextFromContext(ctx)
	if !part.IsValid() {
		return r
	}
	x.trace = part.TraceID().String()
	return r.WithContext(ctx)
}

// endSpan says what the request came to. Nothing a client may send stands in it but
// what is one of a few: no query, no path that is no route, no header. Nor do causes of
// errors: those are the log's, which has the same ids.
func (x *exchange) endSpan(r *http.Request, took time.Duration) {
	if x.span == nil {
		return
	}
	defer x.span.End(trace.WithTimestamp(x.start.Add(took)))
	if !x.span.IsRecording() {
		return
	}
	method := methodName(r.Method)
	attributes := []attribute.KeyValue{
		semconv.HTTPRequestMethodKey.String(method),
		semconv.URLScheme(scheme(r)),
		semconv.HTTPResponseStatusCode(x.status),
		semconv.HTTPResponseBodySize(x.bytes),
		requestIDAttribute.String(x.id),
	}
	if x.route != nil {
		x.span.SetName(spanName(r.Method) + " " + x.route.path)
		attributes = append(attributes, semconv.HTTPRoute(x.route.path), semconv.URLPath(x.route.path))
	}
	if x.key != nil {
		attributes = append(attributes, companyAttribute.String(x.key.Company), keyAttribute.String(x.key.ID))
	}
	if x.status >= http.StatusInternalServerError {
		attributes = append(attributes, semconv.ErrorTypeKey.String(strconv.Itoa(x.status)))
		x.span.SetStatus(codes.Error, "")
	}
	x.span.SetAttributes(attributes...)
}

// methodName is a method as spans have it: one of those that there are.
func methodName(method string) string {
	if slices.Contains(methods[:], method) {
		return method
	}
	return "_OTHER"
}

// spanName is how the name of a span begins.
func spanName(method string) string {
	if slices.Contains(methods[:], method) {
		return method
	}
	return "HTTP"
}

var methods = [...]string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
	http.MethodDelete, http.MethodConnect, http.MethodOptions, http.MethodTrace,
}

func scheme(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}
