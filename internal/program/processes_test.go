package program_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callvault/callvault/internal/program"
)

// While a server is read without a pause, other commands work on its store: no
// request fails and no command finds the store locked.
func TestSeveralProcesses(t *testing.T) {
	c := program.New(t)
	c.Put("default", manyRecords(1, 2000)...)
	s := c.Serve("--rate-limit", "off")
	reader := as(s, c.Key())
	stop := make(chan struct{})
	var reading sync.WaitGroup
	for range 2 {
		reading.Go(func() { readUntil(reader, stop) })
	}
	var working sync.WaitGroup
	for worker := range 3 {
		working.Go(func() { work(c, worker) })
	}
	working.Wait()
	close(stop)
	reading.Wait()
	if got := c.Count(); got != 2000+3*2000-3*10 {
		t.Errorf("%d calls in the end", got)
	}
}

// work runs one command of each kind after the other, in its own part of the
// ids, and imports from two companies at once.
func work(c *program.CLI, worker int) {
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
		{"", fmt.Sprintf("copy --from %s --to copy-%d.db", c.DB, worker)},
	} {
		got, err := c.Try(strings.NewReader(step.stdin), strings.Fields(step.args)...)
		if err != nil || got.Code != program.ExitOK || strings.Contains(got.Stderr, "locked") {
			c.T.Errorf("%.60s: %v, code %d: %s", step.args, err, got.Code, got.Stderr)
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

// smallRecord is a call whose time is not in the order of the ids.
func smallRecord(id int) string {
	at := spring().Add(time.Duration(id*7919%1_000_003) * time.Second)
	return fmt.Sprintf(`{"id":"%d","started":"%s"}`, id, at.Format(time.RFC3339))
}

// readUntil reads first pages and the pages after them.
func readUntil(c *program.Client, stop <-chan struct{}) {
	query := program.Everything().Encode()
	for requests := 0; ; requests++ {
		select {
		case <-stop:
			if requests == 0 {
				c.T.Error("nothing was read")
			}
			return
		default:
		}
		a, err := c.Try(c.Request(query))
		if err != nil || a.Status != http.StatusOK {
			c.T.Errorf("%s: %v, %d %.200s", query, err, a.Status, a.Body)
			return
		}
		query = program.Everything().Encode()
		if _, rest, more := strings.Cut(a.Body, `"cursor":"`); more && requests%20 > 0 {
			cursor, _, _ := strings.Cut(rest, `"`)
			query = "cursor=" + cursor
		}
	}
}

// A backup of a store that is served and written to is the store as it was
// between two batches, and does not keep anybody from working.
func TestBackupWhileOthersWork(t *testing.T) {
	c := program.New(t)
	c.Put("default", manyRecords(1, 2000)...)
	s := c.Serve("--rate-limit", "off")
	reader := as(s, c.Key())
	stop := make(chan struct{})
	var working sync.WaitGroup
	working.Go(func() { readUntil(reader, stop) })
	working.Go(func() { writeUntil(c, stop) })
	for i := range 3 {
		file, store := fmt.Sprintf("backup-%d", i), fmt.Sprintf("store-%d.db", i)
		c.Must("backup", file)
		c.Must("restore", "--db", store, file)
		c.Must("check", "--db", store)
		n := strings.Count(c.Must("export", "--db", store), "\n")
		t.Logf("backup %d has %d calls", i, n)
		if n < 2000 || n%100 != 0 {
			t.Errorf("backup %d has %d calls, which is no number between two batches", i, n)
		}
	}
	close(stop)
	working.Wait()
}

// writeUntil imports a hundred calls, changes two hundred and deletes a hundred,
// over and over.
func writeUntil(c *program.CLI, stop <-chan struct{}) {
	for round := 1; ; round++ {
		select {
		case <-stop:
			return
		default:
		}
		first := 10_000 * round
		var ids []string
		for id := range 100 {
			ids = append(ids, fmt.Sprint(first+100+id))
		}
		for _, step := range []struct{ stdin, args string }{
			{strings.Join(manyRecords(first, 100), "\n"), "import -"},
			{strings.Join(manyRecords(first, 200), "\n"), "import -"},
			{"", "delete --yes --id " + strings.Join(ids, ",")},
		} {
			got, err := c.Try(strings.NewReader(step.stdin), strings.Fields(step.args)...)
			if err != nil || got.Code != program.ExitOK {
				c.T.Errorf("%.60s: %v, code %d: %s", step.args, err, got.Code, got.Stderr)
				return
			}
		}
	}
}

// A key works at once in every process on the store, and stops within five
// seconds of its revocation.
func TestKeysInEveryProcess(t *testing.T) {
	c := program.New(t)
	c.Put("default", noonOne)
	servers := []*program.Server{c.Serve(), c.Serve()}
	k := c.Key()
	clients := make([]*program.Client, len(servers))
	for i, s := range servers {
		clients[i] = as(s, k)
		clients[i].Page(noonQuery)
	}
	if got := c.Must("key", "revoke", k.AccessKey); got != "revoked "+k.AccessKey+"\n" {
		t.Errorf("%q", got)
	}
	revoked := time.Now()
	for i, client := range clients {
		// What is asked in time may be answered late, by a busy machine.
		for asked := revoked; client.Get(noonQuery).Status != http.StatusUnauthorized; asked = time.Now() {
			if after := asked.Sub(revoked); after > 5*time.Second {
				t.Fatalf("server %d lets a key in that was sent %v after it was revoked", i, after)
			}
		}
	}
	listed := c.Must("key", "list", "-o", "json")
	if !strings.Contains(listed, k.AccessKey) || strings.Contains(listed, k.AccessKeySecret) {
		t.Errorf("listed is %s", listed)
	}
}

// newLarge puts a thousand calls that make a page too large for the buffers of a
// connection, and starts a server whose page that is.
func newLarge(t *testing.T) (*program.CLI, *program.Server, *program.Client) {
	t.Helper()
	c := program.New(t)
	filler := strings.Repeat("callvault ", 3000)
	var records []string
	for id := range 1000 {
		records = append(records, fmt.Sprintf(`{"id":"%d","started":"2026-03-04T12:00:00Z","title":"%s"}`, id+1, filler))
	}
	c.Put("default", records...)
	k := c.Key()
	s := c.Serve("--page-size", "1000")
	return c, s, s.As(k) // unchecked: 30 MB of JSON are parsed at length
}

// begin sends a request and reads the header of its answer: the body is still
// being written then.
func beginAnswer(c *program.Client) *http.Response {
	c.T.Helper()
	response, err := c.HTTP.Do(c.Request(noonQuery))
	if err != nil {
		c.T.Fatal(err)
	}
	c.T.Cleanup(func() { response.Body.Close() })
	if response.StatusCode != http.StatusOK || response.ContentLength < 30_000_000 {
		c.T.Fatalf("%s with %d bytes", response.Status, response.ContentLength)
	}
	return response
}

// SIGTERM: nobody new is let in, the request under way is answered to its end,
// the exit code is 0, and the port is free again.
func TestTerminated(t *testing.T) {
	c, s, client := newLarge(t)
	response := beginAnswer(client)
	ended := s.Terminate()
	if !s.Refuses() {
		t.Error("it goes on to accept connections")
	}
	body, err := io.ReadAll(response.Body)
	if err != nil || int64(len(body)) != response.ContentLength || !strings.HasSuffix(string(body), "}]}") {
		t.Errorf("%d of %d bytes, %v", len(body), response.ContentLength, err)
	}
	if code := <-ended; code != program.ExitOK {
		t.Errorf("it ended with %d: %s", code, s.Stderr.String())
	}
	again := c.Start(c.Command("serve", "--listen", strings.TrimPrefix(s.Base, "http://")))
	if again.Base != s.Base {
		t.Errorf("%s is not %s", again.Base, s.Base)
	}
}

// kill -9 of a server while it serves: the next one starts as if nothing had
// been.
func TestKilledServer(t *testing.T) {
	c, s, client := newLarge(t)
	response := beginAnswer(client)
	s.Kill()
	if _, err := io.Copy(io.Discard, response.Body); err == nil {
		t.Error("the answer came to its end all the same")
	}
	again := c.Serve().As(client.Key)
	if got := again.Walk(program.Everything()); len(got) != 1000 {
		t.Errorf("%d calls are left", len(got))
	}
	c.Put("default", noonThree)
	if got := c.Count(); got != 1001 {
		t.Errorf("%d calls are left", got)
	}
}
