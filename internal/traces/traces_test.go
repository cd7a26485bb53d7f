package traces

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// post is what a collector was sent.
type post struct {
	*http.Request
	spans []string // SERVICE/VERSION: NAME
}

// read takes a request to a collector apart.
func read(t *testing.T, r *http.Request) post {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(body)
		if err != nil {
			t.Error(err)
			return post{r, nil}
		}
		body = z
	}
	content, err := io.ReadAll(body)
	if err != nil {
		t.Error(err)
	}
	var data tracepb.TracesData
	if err := proto.Unmarshal(content, &data); err != nil {
		t.Error(err)
	}
	p := post{Request: r}
	for _, resource := range data.GetResourceSpans() {
		named := make(map[string]string)
		for _, a := range resource.GetResource().GetAttributes() {
			named[a.GetKey()] = a.GetValue().GetStringValue()
		}
		for _, scope := range resource.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				p.spans = append(p.spans, fmt.Sprintf("%s/%s/%s: %s", named["service.name"], named["service.version"], named["team"], span.GetName()))
			}
		}
	}
	return p
}

// A collector is sent the spans, with the headers and the names that the environment
// says.
func TestCollector(t *testing.T) {
	posts := make(chan post, 10)
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { posts <- read(t, r) }))
	defer collector.Close()
	for env, want := range map[string]string{
		"": "callvault/v1//: one",
		"OTEL_EXPORTER_OTLP_COMPRESSION=gzip OTEL_SERVICE_NAME=mine OTEL_RESOURCE_ATTRIBUTES=team=data%20team,service.name=other": "mine/v1/data team: one",
		"OTEL_RESOURCE_ATTRIBUTES=service.name=other": "other/v1//: one",
	} {
		want = strings.Replace(want, "//:", "/:", 1)
		traces, err := Start(Config{
			Env:     variables(env + " OTEL_EXPORTER_OTLP_HEADERS=Api-Key=hush OTEL_EXPORTER_OTLP_ENDPOINT=" + collector.URL),
			Version: "v1",
			Log:     slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatal(err)
		}
		_, span := traces.Provider().Tracer("").Start(t.Context(), "one")
		span.End()
		traces.Close(t.Context())
		got := <-posts
		if got.URL.Path != "/v1/traces" || got.Header.Get("Api-Key") != "hush" || got.Header.Get("Content-Type") != "application/x-protobuf" {
			t.Errorf("%s %v", got.URL, got.Header)
		}
		if (got.Header.Get("Content-Encoding") == "gzip") != strings.Contains(env, "gzip") {
			t.Errorf("%s: encoding %q", env, got.Header.Get("Content-Encoding"))
		}
		if len(got.spans) != 1 || got.spans[0] != want {
			t.Errorf("%s: got %q, want %q", env, got.spans, want)
		}
	}
}

// lockedBuffer is a log that is read while it is written.
type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

// sender answers each request of a client.
type sender func(r *http.Request) (*http.Response, error)

func (s sender) RoundTrip(r *http.Request) (*http.Response, error) { return s(r) }

func status(code int, header http.Header) (*http.Response, error) {
	return &http.Response{StatusCode: code, Header: header, Body: io.NopCloser(strings.NewReader("hush"))}, nil
}

// sending is traces with a sender in place of the network.
func sending(t *testing.T, log io.Writer, send sender) *Traces {
	s, err := readSettings(variables("OTEL_EXPORTER_OTLP_HEADERS=Api-Key=hush OTEL_EXPORTER_OTLP_ENDPOINT=http://user:hush@collector.test/?key=hush"))
	if err != nil {
		t.Fatal(err)
	}
	traces, err := start(Config{Log: slog.New(slog.NewTextHandler(log, nil))}, s, send)
	if err != nil {
		t.Fatal(err)
	}
	return traces
}

func (t *Traces) span(ctx context.Context) {
	_, span := t.Provider().Tracer("").Start(ctx, "one")
	span.End()
}

// What may pass is tried again, later each time, and not before the collector wants it;
// what will not is not.
func TestTryAgain(t *testing.T) {
	for name, tt := range map[string]struct {
		answers []func() (*http.Response, error)
		want    string // when each came
		lost    string
	}{
		"taken": {[]func() (*http.Response, error){
			func() (*http.Response, error) { return status(200, nil) },
		}, "[0s]", ""},
		"away for a while": {[]func() (*http.Response, error){
			func() (*http.Response, error) {
				return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
			},
			func() (*http.Response, error) { return status(503, nil) },
			func() (*http.Response, error) { return status(429, http.Header{"Retry-After": {"5"}}) },
			func() (*http.Response, error) { return status(200, nil) },
		}, "[0s 1s 3s 8s]", ""},
		"refused": {[]func() (*http.Response, error){
			func() (*http.Response, error) { return status(401, nil) },
		}, "[0s]", `error="the collector answered 401 Unauthorized"`},
		"elsewhere": {[]func() (*http.Response, error){
			func() (*http.Response, error) { return status(307, http.Header{"Location": {"http://evil.example/"}}) },
		}, "[0s]", `error="the collector answered 307 Temporary Redirect"`},
		"too late": {[]func() (*http.Response, error){
			func() (*http.Response, error) { return status(503, http.Header{"Retry-After": {"3600"}}) },
		}, "[0s]", `error="the collector answered 503 Service Unavailable"`},
	} {
		synctest.Test(t, func(t *testing.T) {
			var log lockedBuffer
			var came []time.Duration
			var first time.Time
			traces := sending(t, &log, func(r *http.Request) (*http.Response, error) {
				if first.IsZero() {
					first = time.Now()
				}
				came = append(came, time.Since(first))
				return tt.answers[min(len(came), len(tt.answers))-1]()
			})
			traces.span(t.Context())
			time.Sleep(time.Minute) // the bubble's
			traces.Close(t.Context())
			if got := fmt.Sprint(came); got != tt.want || len(came) != len(tt.answers) {
				t.Errorf("%s: posts came after %v, want %v", name, got, tt.want)
			}
			if (len(log.String()) > 0) != (tt.lost != "") || !strings.Contains(log.String(), tt.lost) || strings.Contains(log.String(), "hush") {
				t.Errorf("%s: got log %s", name, log.String())
			}
		})
	}
}

// A collector that is away is logged once a minute at most, without the URL and the
// headers, and nobody waits for it.
func TestCollectorIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log lockedBuffer
		traces := sending(t, &log, func(r *http.Request) (*http.Response, error) {
			return nil, &url.Error{Op: "Post", URL: r.URL.String(), Err: errors.New("connection refused")}
		})
		for range 600 {
			began := time.Now()
			for range 100 {
				traces.span(t.Context())
			}
			if took := time.Since(began); took != 0 {
				t.Fatalf("spans waited for %v", took)
			}
			time.Sleep(time.Second) // the bubble's
		}
		lines := strings.Count(log.String(), "\n")
		if lines < 9 || lines > 10 || !strings.Contains(log.String(), `msg="spans were lost" spans=`) || !strings.Contains(log.String(), `error="connection refused"`) || strings.Contains(log.String(), "hush") {
			t.Errorf("%d lines in ten minutes: %s", lines, log.String())
		}
		closing, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		traces.Close(closing)
	})
}

// The end waits for a collector that does not answer for as long as it is given, and
// says so.
func TestCloseIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log lockedBuffer
		traces := sending(t, &log, func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		traces.span(t.Context())
		began := time.Now()
		closing, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		traces.Close(closing)
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("it took %v", took)
		}
		synctest.Wait()
		if !strings.Contains(log.String(), "the last spans were not sent in time") || strings.Contains(log.String(), "hush") {
			t.Errorf("got log %s", log.String())
		}
	})
}

// A collector that keeps silent is given up after the time-out.
func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log lockedBuffer
		traces := sending(t, &log, func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		traces.span(t.Context())
		time.Sleep(sdktrace.DefaultScheduleDelay*time.Millisecond + 9*time.Second)
		if len(log.String()) > 0 {
			t.Errorf("too early: %s", log.String())
		}
		time.Sleep(2 * time.Second)
		if !strings.Contains(log.String(), `error="the collector did not answer within 10s"`) {
			t.Errorf("got log %s", log.String())
		}
		traces.Close(t.Context())
	})
}
