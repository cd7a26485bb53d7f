package api

import (
	"cmp"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// otherRoute is the label of all unknown paths, because clients must not be able to
// add labels.
const otherRoute = "other"

// durations are the upper bounds of the buckets that requests are counted in: a page
// takes a tenth of a millisecond and is given up after storeWithin.
var durations = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

// statuses are those that requests end with. Their counters are there from the
// beginning, so that the first 500 is seen as a rise.
var statuses = []int{
	http.StatusOK, http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound,
	http.StatusMethodNotAllowed, http.StatusRequestTimeout, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusTooManyRequests, statusClientGone, http.StatusInternalServerError,
}

// metrics are the metrics of requests.
type metrics struct {
	inFlight prometheus.Gauge
	routes   map[string]routeMetrics // by path, and one for all other paths
}

// routeMetrics are the metrics of one route.
type routeMetrics struct {
	requests *prometheus.CounterVec     // by status
	usual    map[int]prometheus.Counter // those of statuses
	duration prometheus.Observer
	bytes    prometheus.Counter
}

// newMetrics makes the metrics of a handler whose routes and bodies are there.
func newMetrics(registerer prometheus.Registerer, h *Handler) *metrics {
	auto := promauto.With(registerer)
	requests := auto.NewCounterVec(prometheus.CounterOpts{
		Name: "callvault_http_requests_total",
		Help: "Requests that were answered, by route and status; 499 is a client that went away first.",
	}, []string{"route", "status"})
	duration := auto.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "callvault_http_request_duration_seconds",
		Help:    "Time from the end of a request's header to the end of its answer.",
		Buckets: durations,
	}, []string{"route"})
	bytes := auto.NewCounterVec(prometheus.CounterOpts{
		Name: "callvault_http_response_body_bytes_total",
		Help: "Bytes of bodies as they were sent, compressed or not.",
	}, []string{"route"})
	auto.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "callvault_http_pages_held_bytes",
		Help: "Bytes of pages that their clients have not read yet.",
	}, func() float64 { bytes, _ := h.bodies.Held(); return float64(bytes) })
	auto.NewCounterFunc(prometheus.CounterOpts{
		Name: "callvault_http_pages_cut_off_total",
		Help: "Pages that were cut off because their clients did not read them while others waited.",
	}, func() float64 { _, cutOff := h.bodies.Held(); return float64(cutOff) })
	auto.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "callvault_http_pages_held_limit_bytes",
		Help: "Bytes of held pages at which no further page is read.",
	}, func() float64 { return float64(h.bodies.Room()) })
	auto.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "callvault_http_changes_waiting",
		Help: "Requests that wait for the next change of their company.",
	}, func() float64 { return float64(h.feed.Waiting()) })
	m := &metrics{
		inFlight: auto.NewGauge(prometheus.GaugeOpts{
			Name: "callvault_http_requests_in_flight",
			Help: "Requests that are being answered.",
		}),
		routes: make(map[string]routeMetrics),
	}
	for _, route := range h.paths() {
		r := routeMetrics{
			requests: requests.MustCurryWith(prometheus.Labels{"route": route}),
			usual:    make(map[int]prometheus.Counter),
			duration: duration.WithLabelValues(route),
			bytes:    bytes.WithLabelValues(route),
		}
		for _, status := range statuses {
			r.usual[status] = r.requests.WithLabelValues(strconv.Itoa(status))
		}
		m.routes[route] = r
	}
	return m
}

// paths are the values that the label route has: a small, fixed set.
func (h *Handler) paths() []string {
	paths := []string{otherRoute}
	for _, route := range h.routes {
		paths = append(paths, route.path)
	}
	return paths
}

// count counts an answered request for the route of its path, even if it was refused
// before it got there.
func (m *metrics) count(x *exchange, took time.Duration) {
	route := m.routes[cmp.Or(x.path, otherRoute)]
	counter := route.usual[x.status]
	if counter == nil {
		counter = route.requests.WithLabelValues(strconv.Itoa(x.status))
	}
	counter.Inc()
	route.duration.Observe(took.Seconds())
	route.bytes.Add(float64(x.bytes))
}
