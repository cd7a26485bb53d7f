//go:build unix

package program_test

import (
	"bufio"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callvault/callvault/internal/program"
)

// SIGTERM while many clients ask: each request is answered whole, or its
// connection ends before a byte of an answer; what the server's log calls
// answered was. The exit code is 0, and the next server starts by itself and
// serves the same.
func TestTerminatedUnderLoad(t *testing.T) { onEngines(t, terminatedUnderLoad) }

func terminatedUnderLoad(t *testing.T, c *program.CLI) {
	var records []string
	filler := strings.Repeat("callvault ", 400)
	for i := range 1000 {
		records = append(records, sceneCall(i, i, "7", filler))
	}
	c.Put("default", records...)
	key := c.Key()
	serve := func() *program.Server {
		return c.Serve("--page-size", "1000", "--rate-limit", "1000000/s,100000000/day")
	}
	want := serve().As(key).Walk(program.Everything())
	random := rand.New(rand.NewPCG(2, 0))
	var sum tally
	for range times(2, 30) {
		s := serve()
		l := newLoad(s, s.As(key), 1+random.IntN(times(400, 4000)))
		l.run(times(16, 200))
		l.compare(s.Stderr.String())
		sum.add(&l.tally)
		if diff := cmp.Diff(want, serve().As(key).Walk(program.Everything())); diff != "" {
			t.Fatalf("the next server: %s", diff)
		}
	}
	if got := c.Must("check"); got != "" {
		t.Errorf("check: %s", got)
	}
	t.Logf("%d answers whole, %d of them under way when the signal came; %d connections ended without a byte, of which %d had been read; at most %v to the end",
		sum.whole.Load(), sum.underWay.Load(), sum.closed.Load(), sum.lost, sum.longest.Round(time.Millisecond))
}

// tally is what became of requests.
type tally struct {
	whole    atomic.Int64 // answered to the end
	underWay atomic.Int64 // of these, those that were begun before the signal and taken after it
	closed   atomic.Int64 // whose connection ended without a byte
	lost     int          // of these, those that have a line in the log
	longest  time.Duration
}

func (s *tally) add(l *tally) {
	s.whole.Add(l.whole.Load())
	s.underWay.Add(l.underWay.Load())
	s.closed.Add(l.closed.Load())
	s.lost += l.lost
	s.longest = max(s.longest, l.longest)
}

// load is clients that ask a server until it is gone, by connections of their
// own: what net/http's client would try again is seen here.
type load struct {
	tally
	server  *program.Server
	client  *program.Client
	answers int64         // after so many the server is told to end
	enough  chan struct{} // closed then
	signal  chan struct{} // closed before the server is told to end
	refuses chan struct{} // closed when it takes no more connections
	known   sync.Map      // the ids of the requests that were answered whole
}

func newLoad(s *program.Server, c *program.Client, answers int) *load {
	return &load{server: s, client: c, answers: int64(answers), enough: make(chan struct{}), signal: make(chan struct{}), refuses: make(chan struct{})}
}

// run sends SIGTERM when there were enough answers, and waits for everyone's end.
func (l *load) run(clients int) {
	t := l.server.T
	t.Helper()
	const slow = 4
	var begun, ended sync.WaitGroup
	begun.Add(slow)
	for range slow {
		ended.Go(func() { l.askSlowly(begun.Done) })
	}
	begun.Wait()
	for range clients {
		ended.Go(l.ask)
	}
	select {
	case <-l.enough:
	case <-time.After(program.Patience):
		t.Errorf("only %d answers", l.whole.Load())
	}
	close(l.signal)
	began := time.Now()
	code := l.server.Terminate()
	if !l.server.Refuses() {
		t.Error("it goes on to accept connections")
	}
	close(l.refuses)
	if code := <-code; code != program.ExitOK {
		t.Errorf("it ended with %d: %s", code, tail(l.server.Stderr.String()))
	}
	l.longest = time.Since(began)
	ended.Wait()
	if l.underWay.Load() == 0 {
		t.Error("no request was under way when the signal came")
	}
}

// dial connects; nil when the server takes nobody any more.
func (l *load) dial() net.Conn {
	connection, err := net.Dial("tcp", strings.TrimPrefix(l.server.Base, "http://"))
	if err != nil {
		if !l.isSignalled() {
			l.server.T.Errorf("before the signal: %v", err)
		}
		return nil
	}
	connection.SetDeadline(time.Now().Add(program.Patience))
	return connection
}

func (l *load) isSignalled() bool {
	select {
	case <-l.signal:
		return true
	default:
		return false
	}
}

// ask asks for small pages, over one connection as long as it lasts.
func (l *load) ask() {
	query := program.Between(sceneTime(10), sceneTime(20)).Encode()
	for connection := l.dial(); connection != nil; connection = l.dial() {
		reader := bufio.NewReader(connection)
		for l.exchange(connection, reader, query, func(*http.Response) {}) {
		}
		connection.Close()
	}
}

// askSlowly asks for a page that is larger than the buffers of a connection,
// calls begun, and takes the page when the server has closed its door.
func (l *load) askSlowly(begun func()) {
	connection := l.dial()
	if connection == nil {
		begun()
		return
	}
	defer connection.Close()
	l.exchange(connection, bufio.NewReader(connection), program.Everything().Encode(), func(r *http.Response) {
		begun()
		<-l.refuses
		if !strings.Contains(l.server.Stderr.String(), r.Header.Get("X-Traceid")) {
			l.underWay.Add(1)
		}
	})
}

// exchange sends a request and reads the answer; midway is called between its
// header and its body. It returns false when no other request can follow.
func (l *load) exchange(connection net.Conn, reader *bufio.Reader, query string, midway func(*http.Response)) bool {
	t := l.server.T
	writing := l.client.Request(query).Write(connection)
	if _, err := reader.Peek(1); err != nil || writing != nil {
		var slow net.Error
		if !l.isSignalled() || errors.As(err, &slow) && slow.Timeout() {
			t.Errorf("not answered: %v, %v", writing, err)
		}
		l.closed.Add(1)
		return false
	}
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		t.Errorf("cut off in the header: %v", err)
		return false
	}
	midway(response)
	n, err := io.Copy(io.Discard, response.Body)
	if err != nil || n != response.ContentLength || response.StatusCode != http.StatusOK {
		t.Errorf("%s, cut off after %d of %d bytes: %v", response.Status, n, response.ContentLength, err)
		return false
	}
	l.known.Store(response.Header.Get("X-Traceid"), true)
	if l.whole.Add(1) == l.answers {
		close(l.enough)
	}
	return !response.Close
}

var requestLine = regexp.MustCompile(`msg=request request_id=(\S+) .*status=(\d+)`)

// compare compares the log with what the clients have: only a request that came
// at the moment in which its idle connection was closed may be in the log and
// have no answer.
func (l *load) compare(log string) {
	t := l.server.T
	t.Helper()
	lines := 0
	for _, line := range requestLine.FindAllStringSubmatch(log, -1) {
		lines++
		if _, answered := l.known.Load(line[1]); !answered {
			l.lost++
		}
	}
	if whole := int(l.whole.Load()); lines-l.lost != whole || l.lost > int(l.closed.Load()) {
		t.Errorf("the log has %d requests, of which %d were not answered; %d were, and %d connections ended", lines, l.lost, whole, l.closed.Load())
	}
	if strings.Contains(log, "level=ERROR") || strings.Contains(log, "level=WARN") {
		t.Errorf("the log complains: %s", tail(log))
	}
}

// tail is the end of a log.
func tail(log string) string { return log[max(0, len(log)-2000):] }
