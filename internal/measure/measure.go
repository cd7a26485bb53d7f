// Package measure counts and times what is done with a store, whichever engine it is of.
// It is written once, around a store, so that no engine has to know of it.
package measure

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/callvault/callvault"
)

// Store is a store whose operations are measured: those that serve uses. It has the laws
// of the one that it is made of. Its metrics are registered, for one Store.
func Store(store callvault.Store, metrics prometheus.Registerer) callvault.Store {
	m := &meter{}
	auto := promauto.With(metrics)
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
		m[op] = sync.OnceValue(func() *series {
			return &series{
				duration: durations.WithLabelValues(name),
				failed:   failures.WithLabelValues(name, "error"),
				givenUp:  failures.WithLabelValues(name, "given_up"),
			}
		})
	}
	metrics.MustRegister(pool{store}, contents{store})
	return measured{store, m}
}

// buckets are the upper bounds of the buckets that operations are counted in, in
// seconds: a page takes a twentieth of a millisecond, and a request gives up after four
// seconds.
var buckets = []float64{.000025, .00005, .0001, .00025, .0005, .001, .0025, .005, .01, .025, .1, .25, 1, 2.5, 5}

// meter has the series of the operations, which are there from the first of a kind on:
// a server without a limit takes no quota.
type meter [len(names)]func() *series

// series are those of one operation.
type series struct {
	duration        prometheus.Observer
	failed, givenUp prometheus.Counter
}

// end counts an operation that has ended with an error or without.
func (m *meter) end(ctx context.Context, op op, begun time.Time, err *error) {
	s := m[op]()
	s.duration.Observe(time.Since(begun).Seconds())
	switch {
	case *err == nil:
	case ctx.Err() != nil:
		s.givenUp.Inc()
	default:
		s.failed.Inc()
	}
}
