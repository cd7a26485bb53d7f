package conformance

import (
	"encoding/hex"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/callvault/callvault/internal/program"
)

// After known requests, and an import by another process, the metrics say exactly that.
func TestMetrics(t *testing.T) {
	c := program.New(t)
	c.Put("default", manyRecords(1, 250)...)
	s := c.Serve("--limit", "100/day") // which is leased one request at a time
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
		`callvault_http_requests_total{route="/v2/calls/transcript",status="501"} 1`,
		`callvault_http_request_duration_seconds_count{route="/v2/calls"} 8`,
		`callvault_http_requests_in_flight 0`,
		`callvault_limit_refused_requests_total{limit="day"} 0`,
		`callvault_limit_leased_requests_total{limit="day"} 8`,
		`callvault_keyring_keys 1`,
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

// span is one that a collector was sent.
type span struct{ name, id, parent, trace string }

// The spans of a request go on with the trace of its client and reach the collector,
// without secrets; the log has the trace.
func TestTraces(t *testing.T) {
	bodies := make(chan []byte, 100)
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.URL.Path != "/v1/traces" || r.Header.Get("Api-Key") != "sesame" {
			t.Errorf("%s, %v, %v", r.URL, r.Header, err)
		}
		bodies <- body
	}))
	defer collector.Close()
	c := program.New(t)
	c.Put("default", manyRecords(1, 250)...)
	cmd := c.Command("serve", "--listen", "127.0.0.1:0", "--log", "auto")
	cmd.Env = append(cmd.Env, "OTEL_EXPORTER_OTLP_ENDPOINT="+collector.URL, "OTEL_EXPORTER_OTLP_HEADERS=api-key=sesame", "OTEL_SERVICE_NAME=calls")
	s := c.Start(cmd)
	key := c.Key()
	reader := s.As(key)
	first := reader.Page(program.Everything().Encode())
	const trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	r := reader.Request(program.WithCursor(program.Everything(), first))
	r.Header.Set("Traceparent", "00-"+trace+"-"+parent+"-01")
	answer := reader.Send(r)
	if answer.Status != http.StatusOK {
		t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	if code := s.End(syscall.SIGTERM); code != program.ExitOK {
		t.Errorf("it ended with %d: %s", code, s.Stderr.String())
	}
	close(bodies)
	spans := make(map[string]span)
	sent := ""
	for body := range bodies {
		sent += string(body)
		for _, got := range spansOf(t, body) {
			if got.trace == trace {
				spans[got.name] = got
			}
		}
	}
	request := spans["GET /v2/calls"]
	if request.parent != parent || spans["store.scan"].parent != request.id || len(spans) != 2 {
		t.Errorf("got spans %+v", spans)
	}
	log := s.Stderr.String()
	checkLog(t, log, answer, trace)
	for _, secret := range []string{key.AccessKeySecret, *first.Records.Cursor, "fromDateTime", "2100-01-01", r.Header.Get("Authorization"), "sesame"} {
		if strings.Contains(sent, secret) {
			t.Errorf("the spans have %s", secret)
		}
		if strings.Contains(log, secret) {
			t.Errorf("the log has %s: %s", secret, log)
		}
	}
}

// spansOf takes a body of OTLP apart.
func spansOf(t *testing.T, body []byte) (spans []span) {
	t.Helper()
	var data tracepb.TracesData
	if err := proto.Unmarshal(body, &data); err != nil {
		t.Fatal(err)
	}
	for _, resource := range data.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				spans = append(spans, span{s.GetName(), hex.EncodeToString(s.GetSpanId()), hex.EncodeToString(s.GetParentSpanId()), hex.EncodeToString(s.GetTraceId())})
			}
		}
	}
	return spans
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

// A collector that takes connections and never answers keeps no request and not the end.
func TestCollectorThatKeepsSilent(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	c := program.New(t)
	c.Put("default", manyRecords(1, 250)...)
	cmd := c.Command("serve", "--listen", "127.0.0.1:0")
	cmd.Env = append(cmd.Env, "OTEL_EXPORTER_OTLP_ENDPOINT=http://user:hush@"+silent.Addr().String(), "OTEL_EXPORTER_OTLP_HEADERS=api-key=hush")
	s := c.Start(cmd)
	reader := s.As(c.Key())
	if got := reader.Walk(program.Everything()); len(got) != 250 {
		t.Errorf("%d calls", len(got))
	}
	if code := s.End(syscall.SIGTERM); code != program.ExitOK {
		t.Errorf("it ended with %d", code)
	}
	if log := s.Stderr.String(); !strings.Contains(log, "the last spans were not sent in time") || strings.Contains(log, "hush") {
		t.Errorf("got log %s", log)
	}
}

// What serve can't do with traces it says at its start.
func TestTracesThatAreNotSupported(t *testing.T) {
	c := program.New(t)
	for variable, want := range map[string]string{
		"OTEL_TRACES_EXPORTER=zipkin":      "callvault: OTEL_TRACES_EXPORTER: accepted are otlp and none\n",
		"OTEL_EXPORTER_OTLP_PROTOCOL=grpc": "callvault: OTEL_EXPORTER_OTLP_PROTOCOL: accepted is http/protobuf, which collectors take on port 4318\n",
	} {
		cmd := c.Command("serve", "--listen", "127.0.0.1:0")
		cmd.Env = append(cmd.Env, "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317", variable)
		out, _ := cmd.CombinedOutput() // what it has to say is checked
		if cmd.ProcessState.ExitCode() != program.ExitFailed || string(out) != want {
			t.Errorf("%s: code %d: %s", variable, cmd.ProcessState.ExitCode(), out)
		}
	}
}
