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

// gauge is a metric of a mirror. It says what it shows of a status, with its labels.
type gauge struct {
	desc *prometheus.Desc
	read func(s *mirror.Status, say func(value float64, labels ...string))
}

func newGauge(name, help, label string, read func(s *mirror.Status, say func(value float64, labels ...string))) gauge {
	var labels []string
	if label != "" {
		labels = []string{label}
	}
	return gauge{prometheus.NewDesc("callvault_mirror_"+name, help, labels, nil), read}
}

// one is a gauge with one value.
func one(name, help string, read func(s *mirror.Status) float64) gauge {
	return newGauge(name, help, "", func(s *mirror.Status, say func(float64, ...string)) { say(read(s)) })
}

// gauges are the metrics. The first is shown without a status, too.
func gauges() []gauge {
	type say = func(value float64, labels ...string)
	return []gauge{
		one("up", "1 when the state of the mirror was read for this scrape, 0 when the store did not answer.", func(s *mirror.Status) float64 { return truth(s != nil) }),
		one("connected", "1 when the upstream can be read, 0 when not.", func(s *mirror.Status) float64 { return truth(s.Connected) }),
		one("calls", "Calls of the mirrored company in the store.", func(s *mirror.Status) float64 { return float64(s.Calls) }),
		one("upstream_calls", "Calls that the upstream counted last.", func(s *mirror.Status) float64 { return float64(s.Upstream) }),
		newGauge("newest_call_timestamp_seconds", "When the newest call in the store happened.", "", func(s *mirror.Status, say say) {
			if s.Newest != nil {
				say(float64(s.Newest.Unix()))
			}
		}),
		newGauge("window_age_seconds", "Time since the last whole reading of a window.", "window", func(s *mirror.Status, say say) {
			for _, w := range s.Windows {
				if w.Age != nil {
					say(seconds(*w.Age), w.Name)
				}
			}
		}),
		newGauge("window_period_seconds", "Time between two readings of a window, at present.", "window", func(s *mirror.Status, say say) {
			for _, w := range s.Windows {
				say(seconds(w.Period), w.Name)
			}
		}),
		one("backfill_ratio", "The part of history that was read for the first time.", func(s *mirror.Status) float64 {
			if s.Backfill.Done {
				return 1
			}
			return backfill(s).ratio()
		}),
		newGauge("round_ratio", "The part of a round that was read.", "round", func(s *mirror.Status, say say) {
			for i := range s.Rounds {
				say(roundLine(&s.Rounds[i]).ratio(), s.Rounds[i].Name)
			}
		}),
		newGauge("round_period_seconds", "The time that a round takes.", "round", func(s *mirror.Status, say say) {
			for _, r := range s.Rounds {
				say(seconds(r.Period), r.Name)
			}
		}),
		newGauge("requests", "Requests to the upstream in the last 24 hours, by purpose.", "purpose", func(s *mirror.Status, say say) {
			for purpose, n := range s.Requests.Purposes {
				say(float64(n), purpose)
			}
		}),
		one("requests_limit", "The most requests in 24 hours.", func(s *mirror.Status) float64 { return float64(s.Requests.Limit) }),
		newGauge("late_seconds", "How long after they happened calls came in the last 30 days: median, p95 or worst.", "of", func(s *mirror.Status, say say) {
			if s.Late.Median != nil {
				say(seconds(*s.Late.Median), "median")
				say(seconds(*s.Late.P95), "p95")
				say(seconds(*s.Late.Worst), "worst")
			}
		}),
		one("held_calls", "Calls whose deletion is held back.", func(s *mirror.Status) float64 {
			if s.Held == nil {
				return 0
			}
			return float64(s.Held.Calls)
		}),
	}
}

// Describe names the metrics.
func (c Collector) Describe(descs chan<- *prometheus.Desc) {
	for _, g := range gauges() {
		descs <- g.desc
	}
}

// Collect reads the status.
func (c Collector) Collect(metrics chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), readWithin) // Collect gets no context
	defer cancel()
	s, err := c.Read(ctx)
	all := gauges()
	if err != nil {
		s, all = nil, all[:1]
	}
	for _, g := range all {
		g.read(s, func(value float64, labels ...string) {
			metrics <- prometheus.MustNewConstMetric(g.desc, prometheus.GaugeValue, value, labels...)
		})
	}
}

func seconds(d mirror.Seconds) float64 { return time.Duration(d).Seconds() }

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
