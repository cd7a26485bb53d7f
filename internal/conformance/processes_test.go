package conformance

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// While a server is read without a pause, other commands work on its store: no
// request fails and no command finds the store locked.
func TestSeveralProcesses(t *testing.T) {
	c := newCLI(t)
	c.put("default", manyRecords(1, 2000)...)
	s := c.serve("--limit", "off")
	reader := s.as(c.key())
	stop := make(chan struct{})
	var reading sync.WaitGroup
	for range 2 {
		reading.Go(func() { reader.readUntil(stop) })
	}
	var working sync.WaitGroup
	for worker := range 3 {
		working.Go(func() { c.work(worker) })
	}
	working.Wait()
	close(stop)
	reading.Wait()
	if got := c.count(); got != 2000+3*2000-3*10 {
		t.Errorf("%d calls in the end", got)
	}
}

// work runs one command of each kind after the other, in its own part of the
// ids, and imports from two companies at once.
func (c *cli) work(worker int) {
	first := 10_000 * (worker + 1)
	records := strings.Join(manyRecords(first, 2000), "\n")
	var ids []string
	for id := range 10 {
		ids = append(ids, fmt.Sprint(first+id))
	}
	for _, step := range []struct{ stdin, args string }{
		{records, "import -"},
		{"", "key create"},
		{records, "import --company other -"},
		{"", "delete --yes --id " + strings.Join(ids, ",")},
		{records, "import --company other -"},
		{"", "key list"},
		{"", "delete --yes --company other --before 2100-01-01"},
		{"", "export --to 2026-04-01"},
	} {
		got, err := c.try(strings.NewReader(step.stdin), strings.Fields(step.args)...)
		if err != nil || got.code != exitOK || strings.Contains(got.stderr, "locked") {
			c.t.Errorf("%.60s: %v, code %d: %s", step.args, err, got.code, got.stderr)
		}
	}
}

func manyRecords(first, count int) []string {
	records := make([]string, count)
	for i := range records {
		records[i] = smallRecord(first + i)
	}
	return records
}

// readUntil reads first pages and the pages after them.
func (c *client) readUntil(stop <-chan struct{}) {
	query := everything().Encode()
	for requests := 0; ; requests++ {
		select {
		case <-stop:
			if requests == 0 {
				c.t.Error("nothing was read")
			}
			return
		default:
		}
		a, err := c.try(c.request(query))
		if err != nil || a.status != http.StatusOK {
			c.t.Errorf("%s: %v, %d %.200s", query, err, a.status, a.body)
			return
		}
		query = everything().Encode()
		if _, rest, more := strings.Cut(a.body, `"cursor":"`); more && requests%20 > 0 {
			cursor, _, _ := strings.Cut(rest, `"`)
			query = "cursor=" + cursor
		}
	}
}

// A key works at once in every process on the store, and stops within five
// seconds of its revocation.
func TestKeysInEveryProcess(t *testing.T) {
	c := newCLI(t)
	c.put("default", noonOne)
	servers := []*server{c.serve(), c.serve()}
	k := c.key()
	clients := make([]*client, len(servers))
	for i, s := range servers {
		clients[i] = s.as(k)
		clients[i].page(noonQuery)
	}
	if got := c.must("key", "revoke", k.AccessKey); got != "revoked "+k.AccessKey+"\n" {
		t.Errorf("%q", got)
	}
	revoked := time.Now()
	for i, client := range clients {
		for client.get(noonQuery).status != http.StatusUnauthorized {
			if time.Since(revoked) > 5*time.Second {
				t.Fatalf("server %d lets a key in that was revoked %v ago", i, time.Since(revoked))
			}
		}
	}
	listed := c.must("key", "list", "-o", "json")
	if !strings.Contains(listed, k.AccessKey) || strings.Contains(listed, k.AccessKeySecret) {
		t.Errorf("listed is %s", listed)
	}
}

// newLarge puts a thousand calls that make a page too large for the buffers of a
// connection, and starts a server whose page that is.
func newLarge(t *testing.T) (*cli, *server, *client) {
	t.Helper()
	c := newCLI(t)
	filler := strings.Repeat("callvault ", 3000)
	var records []string
	for id := range 1000 {
		records = append(records, fmt.Sprintf(`{"id":"%d","started":"2026-03-04T12:00:00Z","title":"%s"}`, id+1, filler))
	}
	c.put("default", records...)
	k := c.key()
	s := c.serve("--page-size", "1000")
	return c, s, s.as(k)
}

// begin sends a request and reads the header of its answer: the body is still
// being written then.
func (c *client) begin() *http.Response {
	c.t.Helper()
	response, err := c.http.Do(c.request(noonQuery))
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { response.Body.Close() })
	if response.StatusCode != http.StatusOK || response.ContentLength < 30_000_000 {
		c.t.Fatalf("%s with %d bytes", response.Status, response.ContentLength)
	}
	return response
}

// SIGTERM: nobody new is let in, the request under way is answered to its end,
// the exit code is 0, and the port is free again.
func TestTerminated(t *testing.T) {
	c, s, client := newLarge(t)
	response := client.begin()
	ended := s.terminate()
	if !s.refuses() {
		t.Error("it goes on to accept connections")
	}
	body, err := io.ReadAll(response.Body)
	if err != nil || int64(len(body)) != response.ContentLength || !strings.HasSuffix(string(body), "}]}") {
		t.Errorf("%d of %d bytes, %v", len(body), response.ContentLength, err)
	}
	if code := <-ended; code != exitOK {
		t.Errorf("it ended with %d: %s", code, s.stderr.String())
	}
	again := c.start(c.command("serve", "--listen", strings.TrimPrefix(s.base, "http://")))
	if again.base != s.base {
		t.Errorf("%s is not %s", again.base, s.base)
	}
}

// kill -9 of a server while it serves: the next one starts as if nothing had
// been.
func TestKilledServer(t *testing.T) {
	c, s, client := newLarge(t)
	response := client.begin()
	s.kill()
	if _, err := io.Copy(io.Discard, response.Body); err == nil {
		t.Error("the answer came to its end all the same")
	}
	again := c.serve().as(client.key)
	if got := again.walk(everything()); len(got) != 1000 {
		t.Errorf("%d calls are left", len(got))
	}
	c.put("default", noonThree)
	if got := c.count(); got != 1001 {
		t.Errorf("%d calls are left", got)
	}
}
