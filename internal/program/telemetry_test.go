package program_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"

	"github.com/callvault/callvault/internal/program"
)

// After known requests, and an import by another process, the metrics say exactly that.
func TestMetrics(t *testing.T) {
	c := program.New(t)
	c.Put("default", manyRecords(1, 250)...)
	s := c.Serve("--rate-limit", "100/day") // which is leased one request at a time
	reader := s.As(c.Key())
	first := reader.Page(program.Everything().Encode())
	reader.Page(program.WithCursor(program.Everything(), first))
	reader.Get("")
	stranger := s.As(program.Key{AccessKey: "nobody", AccessKeySecret: "hush"})
	stranger.Get("")
	r := reader.Request("")
	r.URL.Path = "/v2/calls/transcript"
	reader.Send(r)
	c.Put("acme", manyRecords(1, 20)...)
	for range 4 {
		reader.Get("")
	}
	scraped := scrape(t, s)
	for _, want := range []string{
		`callvault_http_requests_total{route="/v2/calls",status="200"} 2`,
		`callvault_http_requests_total{route="/v2/calls",status="400"} 5`,
		`callvault_http_requests_total{route="/v2/calls",status="401"} 1`,
		`callvault_http_requests_total{route="/v2/calls",status="429"} 0`,
		`callvault_http_requests_total{route="/v2/calls",status="500"} 0`,
		`callvault_http_requests_total{route="/v2/calls/transcript",status="405"} 1`,
		`callvault_http_request_duration_seconds_count{route="/v2/calls"} 8`,
		`callvault_http_requests_in_flight 0`,
		`callvault_limit_refused_requests_total{limit="day"} 0`,
		`callvault_store_operation_duration_seconds_count{operation="take_quota"} 8`,
		`callvault_store_operation_duration_seconds_count{operation="first"} 1`,
		`callvault_store_operation_duration_seconds_count{operation="scan"} 1`,
		`callvault_store_up 1`,
		`callvault_companies 2`,
		`callvault_calls 270`,
		`callvault_changes_total 270`,
		`callvault_store_connections{state="in_use"} 0`,
	} {
		if !strings.Contains(scraped, "\n"+want+"\n") {
			t.Errorf("there is no %s in\n%s", want, scraped)
		}
	}
	for _, name := range []string{"callvault_build_info{", "go_goroutines ", "callvault_http_pages_held_bytes 0"} {
		if !strings.Contains(scraped, "\n"+name) {
			t.Errorf("there is no %s", name)
		}
	}
}

func scrape(t *testing.T, s *program.Server) string {
	t.Helper()
	response, err := http.Get(s.Manage() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%d, %v: %s", response.StatusCode, err, body)
	}
	return string(body)
}

// The log names the trace of a request's client, and no secret. Nothing is sent anywhere,
// whatever the variables of OpenTelemetry say.
func TestTraceInTheLog(t *testing.T) {
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("a collector was sent %s %s", r.Method, r.URL)
	}))
	defer collector.Close()
	c := program.New(t)
	c.Put("default", manyRecords(1, 250)...)
	cmd := c.Command("serve", "--listen", "127.0.0.1:0", "--log", "auto")
	cmd.Env = append(cmd.Env, "OTEL_TRACES_EXPORTER=otlp", "OTEL_EXPORTER_OTLP_ENDPOINT="+collector.URL, "OTEL_EXPORTER_OTLP_PROTOCOL=grpc")
	s := c.Start(cmd)
	key := c.Key()
	reader := s.As(key)
	first := reader.Page(program.Everything().Encode())
	const trace = "0af7651916cd43dd8448eb211c80319c"
	r := reader.Request(program.WithCursor(program.Everything(), first))
	r.Header.Set("Traceparent", "00-"+trace+"-b7ad6b7169203331-01")
	answer := reader.Send(r)
	if answer.Status != http.StatusOK {
		t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	if code := s.End(syscall.SIGTERM); code != program.ExitOK {
		t.Errorf("it ended with %d: %s", code, s.Stderr.String())
	}
	log := s.Stderr.String()
	checkLog(t, log, answer, trace)
	for _, secret := range []string{key.AccessKeySecret, *first.Records.Cursor, "fromDateTime", "2100-01-01", r.Header.Get("Authorization")} {
		if strings.Contains(log, secret) {
			t.Errorf("the log has %s: %s", secret, log)
		}
	}
}

// checkLog looks at the line of a request in a log of JSON, one object a line.
func checkLog(t *testing.T, log string, answer program.Answer, trace string) {
	t.Helper()
	found := false
	for line := range strings.Lines(log) {
		var l struct {
			Level, Msg, Company, Key, Method, Route string
			RequestID                               string `json:"request_id"`
			TraceID                                 string `json:"trace_id"`
			Status, Bytes                           int
			Duration                                float64
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		if l.RequestID != answer.Header.Get("X-Traceid") {
			continue
		}
		found = true
		if l.Level != "INFO" || l.Msg != "request" || l.Company != "default" || l.Key == "" || l.Method != "GET" || l.Route != "/v2/calls" ||
			l.TraceID != trace || l.Status != 200 || l.Bytes != len(answer.Body) || l.Duration <= 0 || l.Duration > program.Patience.Seconds() {
			t.Errorf("got %s", line)
		}
	}
	if !found {
		t.Errorf("there is no line of the request in %s", log)
	}
}
