package status

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/callvault/callvault/internal/mirror"
)

// Collector shows the mirror of one company as metrics. Each scrape reads its status again.
// No metric names the company: a process keeps one mirror.
type Collector struct {
	Read func(ctx context.Context) (*mirror.Status, error)
}

// readWithin is how long a scrape waits for the store, as that for its other metrics does.
const readWithin = 4 * time.Second

// metric is a gauge of a mirror.
func metric(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("callvault_mirror_"+name, help, labels, nil)
}

// descriptions are the metrics.
type descriptions struct {
	up, connected, calls, upstream, newest, age, period, backfill, round, roundPeriod, requests, limit, late, held *prometheus.Desc
}

func describe() descriptions {
	return descriptions{
		up:          metric("up", "1 when the state of the mirror was read for this scrape, 0 when the store did not answer."),
		connected:   metric("connected", "1 when the upstream can be read, 0 when not."),
		calls:       metric("calls", "Calls of the mirrored company in the store."),
		upstream:    metric("upstream_calls", "Calls that the upstream counted last."),
		newest:      metric("newest_call_timestamp_seconds", "When the newest call in the store happened."),
		age:         metric("window_age_seconds", "Time since the last whole reading of a window.", "window"),
		period:      metric("window_period_seconds", "Time between two readings of a window, at present.", "window"),
		backfill:    metric("backfill_ratio", "The part of history that was read for the first time."),
		round:       metric("round_ratio", "The part of a round that was read.", "round"),
		roundPeriod: metric("round_period_seconds", "The time that a round takes.", "round"),
		requests:    metric("requests", "Requests to the upstream in the last 24 hours, by purpose.", "purpose"),
		limit:       metric("requests_limit", "The most requests in 24 hours."),
		late:        metric("late_seconds", "How long after they happened calls came in the last 30 days: median, p95 or worst.", "of"),
		held:        metric("held_calls", "Calls whose deletion is held back."),
	}
}

// Describe names the metrics.
func (c Collector) Describe(descs chan<- *prometheus.Desc) {
	d := describe()
	for _, desc := range []*prometheus.Desc{d.up, d.connected, d.calls, d.upstream, d.newest, d.age, d.period, d.backfill, d.round, d.roundPeriod, d.requests, d.limit, d.late, d.held} {
		descs <- desc
	}
}

// Collect reads the status.
func (c Collector) Collect(metrics chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), readWithin) // Collect gets no context
	defer cancel()
	s, err := c.Read(ctx)
	d := describe()
	say := func(desc *prometheus.Desc, value float64, labels ...string) {
		metrics <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	seconds := func(d mirror.Seconds) float64 { return time.Duration(d).Seconds() }
	say(d.up, one(err == nil))
	if err != nil {
		return
	}
	say(d.connected, one(s.Connected))
	say(d.calls, float64(s.Calls))
	say(d.upstream, float64(s.Upstream))
	if s.Newest != nil {
		say(d.newest, float64(s.Newest.Unix()))
	}
	for _, w := range s.Windows {
		if w.Age != nil {
			say(d.age, seconds(*w.Age), w.Name)
		}
		say(d.period, seconds(w.Period), w.Name)
	}
	say(d.backfill, ratio(s.Backfill.Calls, s.Backfill.Total, s.Backfill.Done))
	for _, r := range s.Rounds {
		say(d.round, ratio(r.Pages, r.Total, r.Began != nil && !r.Running), r.Name)
		say(d.roundPeriod, seconds(r.Period), r.Name)
	}
	for purpose, n := range s.Requests.Purposes {
		say(d.requests, float64(n), purpose)
	}
	say(d.limit, float64(s.Requests.Limit))
	if s.Late != nil {
		say(d.late, seconds(s.Late.Median), "median")
		say(d.late, seconds(s.Late.P95), "p95")
		say(d.late, seconds(s.Late.Worst), "worst")
	}
	held := 0
	if s.Held != nil {
		held = s.Held.Calls
	}
	say(d.held, float64(held))
}

func one(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// ratio is a part of a whole, which is all of it when it is done.
func ratio(part, whole int, done bool) float64 {
	switch {
	case done:
		return 1
	case whole <= 0:
		return 0
	}
	return float64(min(part, whole)) / float64(whole)
}
