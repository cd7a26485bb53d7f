package measure

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/callvault/callvault"
)

// Every method is handed on with all it was given, and answered as the store answers;
// all but those that ask no engine are measured, under their own name.
func TestEveryMethod(t *testing.T) {
	within := &fake{err: errors.New("disk on fire")}
	registry := prometheus.NewRegistry()
	store := Store(within, Config{Metrics: registry})
	for _, tt := range []struct{ measured, bare reflect.Value }{
		{reflect.ValueOf(&store).Elem(), reflect.ValueOf(within)},
		{reflect.ValueOf(new(store.Calls("acme"))).Elem(), reflect.ValueOf(within.Calls("acme"))},
	} {
		for i := range tt.measured.NumMethod() {
			name := tt.measured.Type().Method(i).Name
			if name == "Calls" || name == "Pool" {
				continue
			}
			method, bare := tt.measured.Method(i), tt.bare.MethodByName(name)
			args := arguments(t, method.Type())
			want, asked := results(bare.Call(args)), within.asked
			within.asked = nil
			got := results(method.Call(args))
			if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(within.asked, asked) {
				t.Errorf("%s: asked %v and got %v, want %v and %v", name, within.asked, got, asked, want)
			}
			if name == "Close" {
				continue
			}
			if n := samples(t, registry, "callvault_store_operation_duration_seconds", snake(name)); n != 1 {
				t.Errorf("%s: %v durations were counted", name, n)
			}
			if n := samples(t, registry, "callvault_store_operation_failures_total", snake(name)); n != 1 {
				t.Errorf("%s: %v failures were counted", name, n)
			}
		}
	}
}

// arguments are some of each type, none of them zero.
func arguments(t *testing.T, method reflect.Type) []reflect.Value {
	args := []reflect.Value{}
	for i := range method.NumIn() {
		switch in := method.In(i); in.Kind() {
		case reflect.Interface:
			args = append(args, reflect.ValueOf(t.Context()))
		case reflect.Func:
			args = append(args, reflect.MakeFunc(in, func([]reflect.Value) []reflect.Value { panic("never called") }))
		default:
			args = append(args, some(in))
		}
	}
	return args
}

// some is a value in which numbers and texts are not zero.
func some(of reflect.Type) reflect.Value {
	v := reflect.New(of).Elem()
	switch of.Kind() {
	case reflect.String:
		v.SetString("some")
	case reflect.Int, reflect.Int64:
		v.SetInt(17)
	case reflect.Uint8:
		v.SetUint(18)
	case reflect.Array:
		for i := range v.Len() {
			v.Index(i).Set(some(of.Elem()))
		}
	case reflect.Slice:
		v.Set(reflect.Append(v, some(of.Elem())))
	case reflect.Struct:
		for i := range of.NumField() {
			if of.Field(i).IsExported() {
				v.Field(i).Set(some(of.Field(i).Type))
			}
		}
	}
	return v
}

func results(values []reflect.Value) (results []any) {
	for _, v := range values {
		results = append(results, v.Interface())
	}
	return results
}

func snake(name string) string {
	return strings.ToLower(regexp.MustCompile(`(.)([A-Z])`).ReplaceAllString(name, "${1}_$2"))
}

// samples is the count of a histogram, or the sum of counters, of an operation.
func samples(t *testing.T, registry *prometheus.Registry, name, operation string) (n float64) {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			if family.GetName() == name && m.GetLabel()[0].GetValue() == operation {
				n += float64(m.GetHistogram().GetSampleCount()) + m.GetCounter().GetValue()
			}
		}
	}
	return n
}

// An operation that fails and one that nobody waits for any more are told apart.
func TestFailures(t *testing.T) {
	within := &fake{}
	registry := prometheus.NewRegistry()
	store := Store(within, Config{Metrics: registry})
	ask := func(ctx context.Context, err error) {
		within.err = err
		if _, got := store.Calls("acme").Count(ctx, callvault.Query{}); got != err {
			t.Errorf("got %v, want %v", got, err)
		}
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	ask(t.Context(), nil)
	ask(gone, nil) // it was there before the client had gone
	ask(t.Context(), errors.New("disk on fire"))
	ask(gone, context.Canceled)
	ask(gone, context.Canceled)
	wantMetrics(t, registry, `
# HELP callvault_store_operation_failures_total Operations of the store that did nothing: because of an error, or because whoever asked had gone or would not wait any longer.
# TYPE callvault_store_operation_failures_total counter
callvault_store_operation_failures_total{operation="count",reason="error"} 1
callvault_store_operation_failures_total{operation="count",reason="given_up"} 2
`, "callvault_store_operation_failures_total")
	if n := samples(t, registry, "callvault_store_operation_duration_seconds", "count"); n != 5 {
		t.Errorf("%v durations", n)
	}
}

func wantMetrics(t *testing.T, registry *prometheus.Registry, want string, names ...string) {
	t.Helper()
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), names...); err != nil {
		t.Error(err)
	}
}

// A scrape shows the pool and what is in the store.
func TestScrape(t *testing.T) {
	registry := prometheus.NewRegistry()
	Store(&fake{names: []string{"acme", "other"}}, Config{Metrics: registry})
	wantMetrics(t, registry, `
# HELP callvault_calls Calls in the store, of all companies.
# TYPE callvault_calls gauge
callvault_calls 18
# HELP callvault_changes_total Calls that were ever created, changed or deleted, by any process, of all companies.
# TYPE callvault_changes_total counter
callvault_changes_total 22
# HELP callvault_companies Companies in the store.
# TYPE callvault_companies gauge
callvault_companies 2
# HELP callvault_store_connection_wait_seconds_total Time that operations waited for a connection, all together.
# TYPE callvault_store_connection_wait_seconds_total counter
callvault_store_connection_wait_seconds_total 1.5
# HELP callvault_store_connection_waits_total Operations that had to wait for a connection.
# TYPE callvault_store_connection_waits_total counter
callvault_store_connection_waits_total 4
# HELP callvault_store_connections Connections of the store, those that are in use and those that rest.
# TYPE callvault_store_connections gauge
callvault_store_connections{state="idle"} 2
callvault_store_connections{state="in_use"} 3
# HELP callvault_store_connections_limit Connections that the store has at most.
# TYPE callvault_store_connections_limit gauge
callvault_store_connections_limit 9
# HELP callvault_store_up 1 when the store was read for this scrape, 0 when it did not answer.
# TYPE callvault_store_up gauge
callvault_store_up 1
`)
	if problems, err := testutil.GatherAndLint(registry); err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
}

const down = "# HELP callvault_store_up 1 when the store was read for this scrape, 0 when it did not answer.\n# TYPE callvault_store_up gauge\ncallvault_store_up 0\n"

// A scrape of a store that fails, or does not answer, shows the rest, in time.
func TestScrapeOfAStoreThatIsAway(t *testing.T) {
	registry := prometheus.NewRegistry()
	within := &fake{err: errors.New("disk on fire"), names: []string{"acme"}}
	Store(within, Config{Metrics: registry})
	wantMetrics(t, registry, down, "callvault_store_up", "callvault_calls", "callvault_companies")
	synctest.Test(t, func(t *testing.T) {
		within.stall = func() error { <-within.trace.Done(); return within.trace.Err() }
		began := time.Now()
		wantMetrics(t, registry, down, "callvault_store_up", "callvault_calls", "callvault_companies")
		if took := time.Since(began); took != readWithin {
			t.Errorf("it took %v", took)
		}
	})
	within.stall = nil
	if n, err := testutil.GatherAndCount(registry, "callvault_store_connections"); n != 2 || err != nil {
		t.Errorf("%d series, %v", n, err)
	}
}

// An operation of a trace has a span, which says nothing of the cause of an error; the
// store is given its context. One of no trace has none.
func TestSpans(t *testing.T) {
	spans := tracetest.NewInMemoryExporter()
	traces := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
	within := &fake{}
	store := Store(within, Config{Traces: traces})
	if _, err := store.Companies(t.Context()); err != nil || len(spans.GetSpans()) > 0 {
		t.Fatalf("%v, %v", spans.GetSpans(), err)
	}
	ctx, request := traces.Tracer("").Start(t.Context(), "request")
	store.Calls("acme").First(ctx, callvault.Query{}, 1, nil)
	within.err = errors.New("password=hush")
	store.CursorSecret(ctx)
	gone, leave := context.WithCancel(ctx)
	leave()
	store.Companies(gone)
	request.End()
	got := spans.GetSpans()
	if len(got) != 4 {
		t.Fatalf("%d spans", len(got))
	}
	for i, want := range []struct {
		name   string
		status sdktrace.Status
	}{
		{"store.first", sdktrace.Status{}},
		{"store.cursor_secret", sdktrace.Status{Code: codes.Error, Description: "error"}},
		{"store.companies", sdktrace.Status{Code: codes.Error, Description: "given up"}},
	} {
		if s := got[i]; s.Name != want.name || s.Status != want.status || s.Parent.SpanID() != request.SpanContext().SpanID() || len(s.Events) > 0 {
			t.Errorf("got %+v, want %+v", s, want)
		}
	}
	if given := trace.SpanContextFromContext(within.trace); !given.Equal(got[2].SpanContext) {
		t.Errorf("the store was given %v, not %v", given, got[2].SpanContext)
	}
	if strings.Contains(fmt.Sprintf("%+v", got), "hush") {
		t.Errorf("a secret is in %+v", got)
	}
}

// Where nothing is measured the store is the one that was given.
func TestNothingToMeasure(t *testing.T) {
	within := &fake{}
	if got := Store(within, Config{}); got != callvault.Store(within) {
		t.Errorf("got %T", got)
	}
}
