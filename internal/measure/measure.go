// Package measure counts, times and traces what is done with a store, whichever
// engine it is of. It is written once, around a store, so that no engine has to know
// of it.
package measure

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/callvault/callvault"
)

// Config says where what is measured goes. Either may be nil.
type Config struct {
	// Metrics is where the metrics of the store are registered, for one Store.
	Metrics prometheus.Registerer

	// Traces makes a span of each operation that belongs to a trace.
	Traces trace.TracerProvider
}

// tracerName is the scope that spans of this room have.
const tracerName = "github.com/callvault/callvault/internal/measure"

// Store is a store whose operations are measured. It has the laws of the one that it
// is made of, which is returned itself when nothing is to be measured.
func Store(store callvault.Store, config Config) callvault.Store {
	if config.Metrics == nil && config.Traces == nil {
		return store
	}
	m := &meter{}
	if config.Traces != nil {
		m.tracer = config.Traces.Tracer(tracerName)
	}
	auto := promauto.With(config.Metrics)
	durations := auto.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "callvault_store_operation_duration_seconds",
		Help:    "Time that an operation of the store took, however it ended.",
		Buckets: buckets,
	}, []string{"operation"})
	failures := auto.NewCounterVec(prometheus.CounterOpts{
		Name: "callvault_store_operation_failures_total",
		Help: "Operations of the store that did nothing: because of an error, or because whoever asked had gone or would not wait any longer.",
	}, []string{"operation", "reason"})
	for op, name := range names {
		m.series[op] = sync.OnceValue(func() *series {
			return &series{
				duration: durations.WithLabelValues(name),
				failed:   failures.WithLabelValues(name, "error"),
				givenUp:  failures.WithLabelValues(name, "given_up"),
			}
		})
	}
	if config.Metrics != nil {
		config.Metrics.MustRegister(pool{store}, contents{store})
	}
	return measured{store, m}
}

// buckets are the upper bounds of the buckets that operations are counted in, in
// seconds: a page takes a twentieth of a millisecond, and a request gives up after four
// seconds.
var buckets = []float64{.000025, .00005, .0001, .00025, .0005, .001, .0025, .005, .01, .025, .1, .25, 1, 2.5, 5}

// meter has the series of the operations, which are there from the first of a kind on:
// no process does all there are.
type meter struct {
	tracer trace.Tracer // nil when nothing is traced
	series [len(names)]func() *series
}

// series are those of one operation.
type series struct {
	duration        prometheus.Observer
	failed, givenUp prometheus.Counter
}

// operation is one that is under way.
type operation struct {
	series *series
	begun  time.Time
	span   trace.Span // nil when it belongs to no trace
}

// begin begins an operation. The context is for the store.
func (m *meter) begin(ctx context.Context, op op) (context.Context, operation) {
	o := operation{series: m.series[op](), begun: time.Now()}
	if m.tracer != nil && trace.SpanContextFromContext(ctx).IsValid() {
		ctx, o.span = m.tracer.Start(ctx, "store."+names[op], trace.WithTimestamp(o.begun))
	}
	return ctx, o
}

// end ends an operation with its error. The error itself is left to the log: it may say
// more than those who read traces should know.
func (o *operation) end(ctx context.Context, err *error) {
	o.series.duration.Observe(time.Since(o.begun).Seconds())
	reason := ""
	switch {
	case *err == nil:
	case ctx.Err() != nil:
		reason = "given up"
		o.series.givenUp.Inc()
	default:
		reason = "error"
		o.series.failed.Inc()
	}
	if o.span == nil {
		return
	}
	if *err != nil {
		o.span.SetStatus(codes.Error, reason)
	}
	o.span.End()
}
