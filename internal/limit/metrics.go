package limit

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// counters are the metrics of one kind of limit.
type counters struct {
	refused            prometheus.Counter
	leased             prometheus.Counter // requests
	some, none, failed prometheus.Counter // draws
}

// newCounters makes the metrics of the limits by the day and by the second.
func newCounters(registerer prometheus.Registerer) (day, second counters) {
	auto := promauto.With(registerer)
	refused := auto.NewCounterVec(prometheus.CounterOpts{
		Name: "callvault_limit_refused_requests_total",
		Help: "Requests that were answered with 429, by the limit that they were over.",
	}, []string{"limit"})
	leases := auto.NewCounterVec(prometheus.CounterOpts{
		Name: "callvault_limit_leases_total",
		Help: "Questions to the store for a part of a limit, and whether it gave some, none, or an error.",
	}, []string{"limit", "outcome"})
	leased := auto.NewCounterVec(prometheus.CounterOpts{
		Name: "callvault_limit_leased_requests_total",
		Help: "Requests that the store has leased to this process.",
	}, []string{"limit"})
	of := func(limit string) counters {
		outcome := func(name string) prometheus.Counter { return leases.WithLabelValues(limit, name) }
		return counters{refused.WithLabelValues(limit), leased.WithLabelValues(limit), outcome("some"), outcome("none"), outcome("error")}
	}
	return of("day"), of("second")
}

// count counts what a draw came to.
func (c counters) count(taken int, err error) {
	switch {
	case err != nil:
		c.failed.Inc()
	case taken == 0:
		c.none.Inc()
	default:
		c.some.Inc()
	}
	c.leased.Add(float64(taken))
}
