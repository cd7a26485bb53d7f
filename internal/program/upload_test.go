//go:build unix

package program_test

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/callvault/callvault/internal/program"
)

// posted is the least that POST /v2/calls takes, with a title.
func posted(client, title string) string {
	return fmt.Sprintf(`{"clientUniqueId":%q,"title":%q,"actualStart":"2026-03-04T12:00:00Z","duration":1790.74,"direction":"Inbound","languageCode":"de-CH","primaryUser":"7","parties":[{"userId":"7"},{"phoneNumber":"+1 123-567-8989"}]}`, client, title)
}

// post posts a body to a path; it may be used in any goroutine.
func post(client *program.Client, path, body string) (program.Answer, error) {
	r := client.Request("")
	r.Method, r.URL.Path = http.MethodPost, path
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	r.Header.Set("Content-Type", "application/json")
	return client.Try(r)
}

// mustPost posts a body and wants a status.
func mustPost(client *program.Client, path, body string, status int) string {
	client.T.Helper()
	a, err := post(client, path, body)
	if err != nil || a.Status != status {
		client.T.Fatalf("%s: %d %s, %v, want %d", body, a.Status, a.Body, err, status)
	}
	return a.Body
}

// alreadyPosted is how importers find the id of a call that they have posted before.
var alreadyPosted = regexp.MustCompile(`has already been posted for the call (\d+)`)

var addedCall = regexp.MustCompile(`^\{"requestId":"[0-9a-z]{18,20}","callId":"(\d+)"\}$`)

// A call that was posted is listed at once, by the list, by its id and with details alike.
// Posted again it is refused with its id, also with another title, and nothing changes;
// after a deletion it comes back with the same id.
func TestUpload(t *testing.T) {
	onBothKinds(t, func(t *testing.T, k kind) {
		c := k.empty(t)
		s := c.Serve("--dates", "optional")
		writer, reader := as(s, c.Key("--scope", "api:calls:create")), as(s, c.Key())
		added := addedCall.FindStringSubmatch(mustPost(writer, "/v2/calls", posted("pbx-1", "first"), http.StatusOK))
		if added == nil {
			t.Fatal("no callId")
		}
		id := added[1]
		document := `{"id":"` + id + `","url":null,"title":"first","scheduled":"2026-03-04T12:00:00Z","started":"2026-03-04T12:00:00Z","duration":1790,"primaryUserId":"7",` +
			`"direction":"Inbound","system":"Upload API","scope":"External","media":"Audio","language":"ger","workspaceId":null,"sdrDisposition":null,` +
			`"clientUniqueId":"pbx-1","customData":null,"purpose":null,"meetingUrl":null,"isPrivate":false,"calendarEventId":null}`
		isThere := func() {
			t.Helper()
			byID := reader.Request("")
			byID.URL.Path = "/v2/calls/" + id
			for where, a := range map[string]string{
				"the list":   reader.Get("").Body,
				"by id":      reader.Send(byID).Body,
				"extensive":  mustPost(reader, "/v2/calls/extensive", `{"filter":{"callIds":["`+id+`"]}}`, http.StatusOK),
				"the export": c.Must("export"),
			} {
				if strings.Count(a, document) != 1 {
					t.Errorf("%s: %s, want %s", where, a, document)
				}
			}
		}
		isThere()
		for _, title := range []string{"first", "second"} {
			body := mustPost(writer, "/v2/calls", posted("pbx-1", title), http.StatusBadRequest)
			if found := alreadyPosted.FindStringSubmatch(body); found == nil || found[1] != id {
				t.Errorf("%s, want the id %s", body, id)
			}
		}
		isThere()
		mustPost(reader, "/v2/calls", posted("pbx-2", ""), http.StatusUnauthorized)
		c.Must("delete", "--yes", "--id", id)
		if body := mustPost(writer, "/v2/calls", posted("pbx-1", "first"), http.StatusOK); !strings.Contains(body, `"callId":"`+id+`"`) {
			t.Errorf("%s, want the id %s", body, id)
		}
		isThere()
		s.End(syscall.SIGTERM)
		s = c.Serve("--dates", "optional", "--read-only")
		writer, reader = as(s, writer.Key), as(s, reader.Key)
		if body := mustPost(writer, "/v2/calls", posted("pbx-3", ""), http.StatusMethodNotAllowed); !strings.Contains(body, "it only reads") {
			t.Error(body)
		}
		isThere()
		s.End(syscall.SIGTERM)
		c.Must("check")
	})
}

// Of requests with one clientUniqueId at the same time, to two servers, one adds the call.
func TestUploadsAtOnce(t *testing.T) {
	onBothKinds(t, func(t *testing.T, k kind) {
		c := k.empty(t)
		key := c.Key("--scope", "api:calls:create")
		clients := []*program.Client{as(c.Serve(), key), as(c.Serve(), key)}
		const calls, each = 5, 4
		var mu sync.Mutex
		statuses := make(map[string]int)
		var group sync.WaitGroup
		for i := range calls * each {
			group.Go(func() {
				a, err := post(clients[i%2], "/v2/calls", posted(fmt.Sprint(i/each), fmt.Sprint(i)))
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				statuses[fmt.Sprintf("call %d: %d", i/each, a.Status)]++
			})
		}
		group.Wait()
		for i := range calls {
			if ok, known := statuses[fmt.Sprintf("call %d: 200", i)], statuses[fmt.Sprintf("call %d: 400", i)]; ok != 1 || known != each-1 {
				t.Errorf("call %d: %d requests added it, %d were told that it is there: %v", i, ok, known, statuses)
			}
		}
		if n := c.Count(); n != calls {
			t.Errorf("%d calls are there", n)
		}
	})
}
