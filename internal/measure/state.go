package measure

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/callvault/callvault"
)

// state collects how many connections a store uses, and what is in it. Each scrape reads
// that again, because other processes, such as an import, change it. No metric names a
// company: they are for the operator.
type state struct{ store callvault.Store }

// readWithin is how long a scrape waits for the store. Prometheus gives up after ten
// seconds, and should get the other metrics when the store does not answer.
const readWithin = 4 * time.Second

// Describe names no metrics: they depend on what the store answers.
func (state) Describe(chan<- *prometheus.Desc) {}

// Collect does not say why the store failed: the log of the requests that need it does.
func (s state) Collect(metrics chan<- prometheus.Metric) {
	say := func(kind prometheus.ValueType, name, help string, value float64, labels prometheus.Labels) {
		metrics <- prometheus.MustNewConstMetric(prometheus.NewDesc(name, help, nil, labels), kind, value)
	}
	pool := s.store.Pool()
	for use, n := range map[string]int{"in_use": pool.InUse, "idle": pool.Idle} {
		say(prometheus.GaugeValue, "callvault_store_connections", "Connections of the store, by state: in use, or idle.", float64(n), prometheus.Labels{"state": use})
	}
	say(prometheus.GaugeValue, "callvault_store_connections_limit", "The most connections that the store may have.", float64(pool.Max), nil)
	say(prometheus.CounterValue, "callvault_store_connection_waits_total", "Operations that had to wait for a connection.", float64(pool.Waits), nil)
	say(prometheus.CounterValue, "callvault_store_connection_wait_seconds_total", "Total time that operations waited for a connection.", pool.Waited.Seconds(), nil)
	ctx, cancel := context.WithTimeout(context.Background(), readWithin) // Collect gets no context
	defer cancel()
	up := 0.0
	if companies, calls, changes, err := s.read(ctx); err == nil {
		up = 1
		say(prometheus.GaugeValue, "callvault_companies", "Companies in the store.", float64(companies), nil)
		say(prometheus.GaugeValue, "callvault_calls", "Calls in the store, of all companies.", float64(calls), nil)
		say(prometheus.CounterValue, "callvault_changes_total", "Calls that were ever created, changed or deleted, by any process, of all companies.", float64(changes), nil)
	}
	say(prometheus.GaugeValue, "callvault_store_up", "1 when the store was read for this scrape, 0 when it did not answer.", up, nil)
}

// read counts the companies and, of all of them, the calls and the changes.
func (s state) read(ctx context.Context) (companies, calls int, changes int64, err error) {
	names, err := s.store.Companies(ctx)
	for _, name := range names {
		var count int
		var latest int64
		if count, err = s.store.Calls(name).Count(ctx, callvault.Query{Range: callvault.AllTime}); err != nil {
			break
		}
		if latest, err = s.store.Calls(name).Latest(ctx); err != nil {
			break
		}
		calls, changes = calls+count, changes+latest
	}
	return len(names), calls, changes, err
}
