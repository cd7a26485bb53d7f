package measure

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/callvault/callvault"
)

// pool collects how the connections of a store stand.
type pool struct{ store callvault.Store }

var (
	connections      = prometheus.NewDesc("callvault_store_connections", "Connections of the store, those that are in use and those that rest.", []string{"state"}, nil)
	connectionsLimit = prometheus.NewDesc("callvault_store_connections_limit", "Connections that the store has at most.", nil, nil)
	waits            = prometheus.NewDesc("callvault_store_connection_waits_total", "Operations that had to wait for a connection.", nil, nil)
	waited           = prometheus.NewDesc("callvault_store_connection_wait_seconds_total", "Time that operations waited for a connection, all together.", nil, nil)
)

func (p pool) Describe(descs chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{connections, connectionsLimit, waits, waited} {
		descs <- desc
	}
}

func (p pool) Collect(metrics chan<- prometheus.Metric) {
	now := p.store.Pool()
	metrics <- prometheus.MustNewConstMetric(connections, prometheus.GaugeValue, float64(now.InUse), "in_use")
	metrics <- prometheus.MustNewConstMetric(connections, prometheus.GaugeValue, float64(now.Idle), "idle")
	metrics <- prometheus.MustNewConstMetric(connectionsLimit, prometheus.GaugeValue, float64(now.Max))
	metrics <- prometheus.MustNewConstMetric(waits, prometheus.CounterValue, float64(now.Waits))
	metrics <- prometheus.MustNewConstMetric(waited, prometheus.CounterValue, now.Waited.Seconds())
}

// readWithin is what a scrape waits for the store, all in all: less than the ten
// seconds after which Prometheus gives up, so that the rest is seen when the store
// does not answer.
const readWithin = 4 * time.Second

// contents collects what is in a store. It is read for each scrape: what other
// processes do with the store, such as an import, is seen nowhere else. It names no
// company: metrics are for who watches the server, and not for who may read calls.
type contents struct{ store callvault.Store }

var (
	up        = prometheus.NewDesc("callvault_store_up", "1 when the store was read for this scrape, 0 when it did not answer.", nil, nil)
	companies = prometheus.NewDesc("callvault_companies", "Companies in the store.", nil, nil)
	stored    = prometheus.NewDesc("callvault_calls", "Calls in the store, of all companies.", nil, nil)
	changes   = prometheus.NewDesc("callvault_changes_total", "Calls that were ever created, changed or deleted, by any process, of all companies.", nil, nil)
)

func (c contents) Describe(descs chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{up, companies, stored, changes} {
		descs <- desc
	}
}

func (c contents) Collect(metrics chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), readWithin) // a scrape has none of its own here
	defer cancel()
	answered := 1.0
	if err := c.read(ctx, metrics); err != nil {
		answered = 0
	}
	metrics <- prometheus.MustNewConstMetric(up, prometheus.GaugeValue, answered)
}

// read collects all or nothing. Why the store failed stands in the log of the requests
// that need it.
func (c contents) read(ctx context.Context, metrics chan<- prometheus.Metric) error {
	names, err := c.store.Companies(ctx)
	if err != nil {
		return err
	}
	count, number := 0, int64(0)
	for _, name := range names {
		calls := c.store.Calls(name)
		n, err := calls.Count(ctx, callvault.Query{Range: callvault.AllTime})
		if err != nil {
			return err
		}
		latest, err := calls.Latest(ctx)
		if err != nil {
			return err
		}
		count += n
		number += latest
	}
	metrics <- prometheus.MustNewConstMetric(companies, prometheus.GaugeValue, float64(len(names)))
	metrics <- prometheus.MustNewConstMetric(stored, prometheus.GaugeValue, float64(count))
	metrics <- prometheus.MustNewConstMetric(changes, prometheus.CounterValue, float64(number))
	return nil
}
