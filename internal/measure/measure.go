// Package measure counts and times what serve does with a store. It wraps a store of any
// engine, so that no engine has to know of it.
package measure

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/callvault/callvault"
)

// Store is a store whose operations are measured: those that requests for calls and
// scrapes wait for. It keeps the laws of store. It registers its metrics, once.
func Store(store callvault.Store, metrics prometheus.Registerer) callvault.Store {
	auto := promauto.With(metrics)
	m := &meter{
		durations: auto.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "callvault_store_operation_duration_seconds",
			Help:    "Time that an operation of the store took, whether it succeeded or failed.",
			Buckets: buckets,
		}, []string{"operation"}),
		failures: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "callvault_store_operation_failures_total",
			Help: "Operations of the store that did nothing: because of an error, or because the client had gone or stopped waiting.",
		}, []string{"operation", "reason"}),
	}
	for _, operation := range operations { // so that the first failure is seen as a rise
		m.failures.WithLabelValues(operation, "error")
		m.failures.WithLabelValues(operation, "given_up")
	}
	metrics.MustRegister(state{store})
	return measured{store, m}
}

// buckets are the upper bounds of the buckets that operations are counted in, in
// seconds. A page takes a twentieth of a millisecond, and a request gives up after four
// seconds.
var buckets = []float64{.000025, .00005, .0001, .00025, .0005, .001, .0025, .005, .01, .025, .1, .25, 1, 2.5, 5}

type meter struct {
	durations *prometheus.HistogramVec
	failures  *prometheus.CounterVec
}

// end counts an operation that has ended with an error or without.
func (m *meter) end(ctx context.Context, operation string, begun time.Time, err *error) {
	m.durations.WithLabelValues(operation).Observe(time.Since(begun).Seconds())
	if *err == nil {
		return
	}
	reason := "error"
	if ctx.Err() != nil {
		reason = "given_up"
	}
	m.failures.WithLabelValues(operation, reason).Inc()
}
