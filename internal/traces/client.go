package traces

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

const (
	// firstWait is before an upload is tried again, and doubled each time.
	firstWait = time.Second

	// reportEvery is how often the loss of spans is logged: a collector that is away
	// for a day is no reason to fill a disk.
	reportEvery = time.Minute

	// mostAnswer is what is read of an answer, so that its connection can be used again.
	mostAnswer = 64 << 10
)

// client is an otlptrace.Client: it posts spans to a collector.
type client struct {
	settings
	http   *http.Client
	report report
	closed context.Context
	close  context.CancelFunc // gives up what is being sent
}

func newClient(s settings, sender http.RoundTripper, log *slog.Logger) *client {
	c := &client{settings: s, report: report{log: log}}
	c.closed, c.close = context.WithCancel(context.Background())
	c.http = &http.Client{
		Transport: sender,
		// Elsewhere is not where the headers were meant to go.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c
}

// Start does nothing: the first upload connects.
func (c *client) Start(context.Context) error { return nil }

// Stop does nothing: close gives up what is left.
func (c *client) Stop(context.Context) error { return nil }

// UploadTraces sends spans, and tries again for as long as one upload may take. What
// fails is logged and no error: the SDK would print it, and as often as it happens.
func (c *client) UploadTraces(ctx context.Context, spans []*tracepb.ResourceSpans) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	defer context.AfterFunc(c.closed, cancel)()
	// Its bytes are those of a request to a collector, whose type brings gRPC along; the
	// first field of both is the spans.
	body, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: spans})
	if err == nil {
		err = c.upload(ctx, c.compressed(body))
	}
	if err != nil {
		c.report.lost(count(spans), err)
	}
	return nil
}

func count(resources []*tracepb.ResourceSpans) (n int) {
	for _, resource := range resources {
		for _, scope := range resource.GetScopeSpans() {
			n += len(scope.GetSpans())
		}
	}
	return n
}

func (c *client) compressed(body []byte) []byte {
	if !c.gzip {
		return body
	}
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	z.Write(body) // a bytes.Buffer takes everything
	z.Close()
	return out.Bytes()
}

// upload posts a body until the collector takes it, refuses it for good, or the context
// is done. Its error is the collector's or the network's.
func (c *client) upload(ctx context.Context, body []byte) error {
	for wait := firstWait; ; wait *= 2 {
		after, err := c.post(ctx, body)
		refused := statusError(0)
		if err == nil || errors.As(err, &refused) && !refused.mayPass() {
			return err
		}
		select {
		case <-time.After(max(wait, after)):
		case <-ctx.Done():
			return err
		}
	}
}

// post posts a body once. It tells how long the collector wants to be left alone.
func (c *client) post(ctx context.Context, body []byte) (after time.Duration, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint, bytes.NewReader(body))
	if err != nil {
		return 0, reason(err)
	}
	for name, values := range c.headers {
		r.Header[name] = values
	}
	r.Header.Set("Content-Type", "application/x-protobuf")
	if c.gzip {
		r.Header.Set("Content-Encoding", "gzip")
	}
	response, err := c.http.Do(r)
	if errors.Is(err, context.DeadlineExceeded) {
		return 0, fmt.Errorf("the collector did not answer within %v", c.timeout)
	}
	if err != nil {
		return 0, reason(err)
	}
	defer response.Body.Close()
	_, _ = io.CopyN(io.Discard, response.Body, mostAnswer) // what it says beside its status is for nobody
	if response.StatusCode/100 == 2 {
		return 0, nil
	}
	seconds, _ := strconv.Atoi(response.Header.Get("Retry-After"))
	return time.Duration(seconds) * time.Second, statusError(response.StatusCode)
}

// report logs that spans were lost, not more often than every reportEvery.
type report struct {
	log *slog.Logger

	mu    sync.Mutex
	spans int
	last  time.Time
}

// lost counts spans, and logs all that were since the last line.
func (r *report) lost(spans int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.spans += spans
	if now := time.Now(); now.Sub(r.last) >= reportEvery {
		r.log.Warn("spans were lost", "spans", r.spans, "error", err)
		r.spans, r.last = 0, now
	}
}
