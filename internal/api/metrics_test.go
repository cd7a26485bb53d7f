package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/callvault/callvault/internal/limit"
	"github.com/callvault/callvault/internal/web"
)

// counted is a server with a registry of its own.
func counted(t *testing.T, config Config) (*server, *prometheus.Registry) {
	registry := prometheus.NewRegistry()
	config.Metrics = registry
	return newServer(t, config), registry
}

// scrape is what a registry shows of itself, a series a line.
func scrape(registry *prometheus.Registry) string {
	w := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return w.Body.String()
}

// wantSeries compares the series of some metrics, those that are zero left out.
func wantSeries(t *testing.T, registry *prometheus.Registry, metrics string, want ...string) {
	t.Helper()
	var got []string
	for line := range strings.Lines(scrape(registry)) {
		line = strings.TrimSuffix(line, "\n")
		name := line[:strings.IndexAny(line, "{ ")]
		if slices.Contains(strings.Fields(metrics), name) && !strings.HasSuffix(line, " 0") {
			got = append(got, line)
		}
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// After known requests the counters say exactly that.
func TestMetricsOfRequests(t *testing.T) {
	s, registry := counted(t, Config{})
	s.put(t, "acme", call(t, "1", 1, ""))
	sent := map[string]int{} // bytes, by route
	do := func(route string, r *http.Request) {
		sent[route] += s.do(r).Body.Len()
	}
	do("/v2/calls", request(everything))
	s.store.stall = func(context.Context) { s.clock.advance(20 * time.Millisecond) }
	do("/v2/calls", request(everything))
	s.store.stall = nil
	do("/v2/calls", request("/v2/calls"))
	stranger := request("/v2/calls")
	stranger.Header.Del("Authorization")
	do("/v2/calls", stranger)
	head := request(everything)
	head.Method = http.MethodHead
	do("/v2/calls", head)
	do("/v2/calls/{id}", request("/v2/calls/1"))
	for i := range 3 {
		do("other", request(fmt.Sprintf("/v2/nothing/%d", i)))
	}
	do("other", request("/v2%2Fcalls"))
	s.store.fail(errors.New("disk on fire"))
	do("/v2/calls", request(everything))
	wantSeries(t, registry, "callvault_http_requests_total callvault_http_requests_in_flight",
		`callvault_http_requests_total{route="/v2/calls",status="200"} 3`,
		`callvault_http_requests_total{route="/v2/calls",status="400"} 1`,
		`callvault_http_requests_total{route="/v2/calls",status="401"} 1`,
		`callvault_http_requests_total{route="/v2/calls",status="500"} 1`,
		`callvault_http_requests_total{route="/v2/calls/{id}",status="200"} 1`,
		`callvault_http_requests_total{route="other",status="405"} 4`)
	wantSeries(t, registry, "callvault_http_response_body_bytes_total",
		fmt.Sprintf(`callvault_http_response_body_bytes_total{route="/v2/calls"} %d`, sent["/v2/calls"]),
		fmt.Sprintf(`callvault_http_response_body_bytes_total{route="/v2/calls/{id}"} %d`, sent["/v2/calls/{id}"]),
		fmt.Sprintf(`callvault_http_response_body_bytes_total{route="other"} %d`, sent["other"]))
	text := scrape(registry)
	for _, want := range []string{
		`callvault_http_request_duration_seconds_bucket{route="/v2/calls",le="0.01"} 5`,
		`callvault_http_request_duration_seconds_bucket{route="/v2/calls",le="0.025"} 6`,
		`callvault_http_request_duration_seconds_sum{route="/v2/calls"} 0.02`,
		`callvault_http_request_duration_seconds_count{route="other"} 4`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("there is no %s in\n%s", want, text)
		}
	}
	if problems, err := testutil.GatherAndLint(registry); err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
}

// A request counts as in flight until it has been answered, a panic included.
func TestRequestsInFlight(t *testing.T) {
	s, registry := counted(t, Config{})
	s.get("/v2/calls") // with which the keys are known
	s.store.stall = func(context.Context) {
		wantSeries(t, registry, "callvault_http_requests_in_flight", "callvault_http_requests_in_flight 1")
		panic("on the highway")
	}
	wantStatus(t, s.get(everything), http.StatusInternalServerError)
	wantSeries(t, registry, "callvault_http_requests_in_flight")
}

// No stranger makes a series: whatever is sent, their number stays.
func TestSeriesAreBounded(t *testing.T) {
	s, registry := counted(t, Config{})
	count := func() int {
		n, err := testutil.GatherAndCount(registry)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := count()
	for i := range 100 {
		r := request(fmt.Sprintf("/path/%d?query=%d", i, i))
		r.Method = fmt.Sprintf("METHOD%d", i)
		r.Header.Set("Authorization", basicAuth(fmt.Sprint("id", i), "secret"))
		s.do(r)
		s.get(fmt.Sprintf("/other/%d", i))
	}
	if after := count(); after != before {
		t.Errorf("%d series became %d", before, after)
	}
}

func TestMetricsOfLimits(t *testing.T) {
	s, registry := counted(t, Config{Limit: limit.Limit{PerSecond: 2, PerDay: 5}})
	for range 4 {
		s.get("/v2/calls")
	}
	for range 5 {
		s.clock.advance(time.Second)
		s.get("/v2/calls")
	}
	wantSeries(t, registry, "callvault_limit_refused_requests_total",
		`callvault_limit_refused_requests_total{limit="day"} 2`,
		`callvault_limit_refused_requests_total{limit="second"} 2`)
}

// Pages that are with their clients are seen, and so is that they were cut off.
func TestMetricsOfPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, registry := counted(t, Config{})
		const metrics = "callvault_http_pages_held_bytes callvault_http_pages_held_limit_bytes callvault_http_pages_cut_off_total"
		limit := fmt.Sprint("callvault_http_pages_held_limit_bytes ", float64(maxHeld))
		place, err := s.Handler.bodies.Enter(t.Context(), "acme")
		if err != nil {
			t.Fatal(err)
		}
		cut := 0
		place.Weigh(maxHeld, func() { cut++ })
		held := fmt.Sprint("callvault_http_pages_held_bytes ", float64(maxHeld))
		wantSeries(t, registry, metrics, held, limit)
		waiting, giveUp := context.WithTimeout(t.Context(), 3*web.PressWithin)
		defer giveUp()
		if _, err := s.Handler.bodies.Enter(waiting, "other"); err == nil {
			t.Error("there is room for another page")
		}
		wantSeries(t, registry, metrics, "callvault_http_pages_cut_off_total 1", held, limit)
		place.Leave()
		wantSeries(t, registry, metrics, "callvault_http_pages_cut_off_total 1", limit)
		if cut != 1 {
			t.Errorf("it was cut off %d times", cut)
		}
	})
}
