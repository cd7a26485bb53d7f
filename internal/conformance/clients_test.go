package conformance

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

const noCalls = "No calls found corresponding to the provided filters"

// What each of the known clients does with a page of calls: an error is what
// would break it. Their code is public; docs/wire.md names it.
var readers = map[string]func(body string) error{
	"dust":    readAsDust,
	"onyx":    readAsOnyx,
	"posthog": readAsPostHog,
	"estuary": readAsEstuary,
	"n8n":     readAsN8n,
	"amp":     readAsAmp,
}

func TestClientsReadPages(t *testing.T) {
	c := newCLI(t)
	if got := c.pipe(testdata(t, "recorded.ndjson"), "import", "-"); got.code != exitOK {
		t.Fatal(got)
	}
	k := c.key()
	client := c.serve("--page-size", "1").as(k)
	first := client.get(everything().Encode())
	p := client.page(everything().Encode())
	last := client.get("cursor=" + *p.Records.Cursor)
	for name, read := range readers {
		for i, a := range []answer{first, last} {
			if err := read(a.body); err != nil {
				t.Errorf("%s, page %d: %v in %s", name, i, err, a.body)
			}
		}
	}
}

// The document as JavaScript and Python see it: any value by its name.
func loose(body string) (document map[string]any, calls []map[string]any, err error) {
	if err := json.Unmarshal([]byte(body), &document); err != nil {
		return nil, nil, err
	}
	list, ok := document["calls"].([]any)
	if !ok {
		return nil, nil, fmt.Errorf("calls is %v", document["calls"])
	}
	for _, element := range list {
		call, ok := element.(map[string]any)
		if !ok {
			return nil, nil, fmt.Errorf("a call is %v", element)
		}
		calls = append(calls, call)
	}
	return document, calls, nil
}

// readAsDust decodes with io-ts: numbers are all there, and a cursor is a
// string or missing; null fails.
func readAsDust(body string) error {
	document, calls, err := loose(body)
	if err != nil {
		return err
	}
	records, _ := document["records"].(map[string]any)
	for _, name := range []string{"totalRecords", "currentPageSize", "currentPageNumber"} {
		if _, ok := records[name].(float64); !ok {
			return fmt.Errorf("%s is %v", name, records[name])
		}
	}
	if cursor, sent := records["cursor"]; sent {
		if text, ok := cursor.(string); !ok || text == "" {
			return fmt.Errorf("cursor is %v", cursor)
		}
	}
	if _, ok := document["requestId"].(string); !ok {
		return fmt.Errorf("requestId is %v", document["requestId"])
	}
	accepted := map[string]string{"direction": "Inbound|Outbound|Conference|Unknown", "scope": "Internal|External|Unknown", "media": "Video|Audio"}
	for _, call := range calls {
		for name, values := range accepted {
			if text, ok := call[name].(string); !ok || !strings.Contains("|"+values+"|", "|"+text+"|") {
				return fmt.Errorf("%s is %v", name, call[name])
			}
		}
	}
	return nil
}

// readAsOnyx reads started with datetime.fromisoformat and takes some keys for
// granted.
func readAsOnyx(body string) error {
	_, calls, err := loose(body)
	if err != nil {
		return err
	}
	for _, call := range calls {
		for _, name := range []string{"purpose", "title", "url"} {
			if _, there := call[name]; !there {
				return fmt.Errorf("KeyError: %s", name)
			}
		}
		started, _ := call["started"].(string)
		if !regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([-+]\d\d:\d\d|Z)$`).MatchString(started) {
			return fmt.Errorf("started is %q", started)
		}
	}
	return nil
}

// readAsPostHog goes on while there is a cursor, and needs id and started.
func readAsPostHog(body string) error {
	_, calls, err := loose(body)
	if err != nil {
		return err
	}
	for _, call := range calls {
		id, _ := call["id"].(string)
		started, _ := call["started"].(string)
		if id == "" || started == "" {
			return fmt.Errorf("id %v, started %v", call["id"], call["started"])
		}
	}
	return nil
}

// readAsEstuary has integers for ids and RFC 3339 for times.
func readAsEstuary(body string) error {
	_, calls, err := loose(body)
	if err != nil {
		return err
	}
	for _, call := range calls {
		id, _ := call["id"].(string)
		if _, err := strconv.ParseInt(id, 10, 64); err != nil {
			return err
		}
		started, _ := call["started"].(string)
		if _, err := time.Parse(time.RFC3339, started); err != nil {
			return err
		}
	}
	return nil
}

// readAsN8n evaluates $response.body.records.cursor, for which records must exist.
func readAsN8n(body string) error {
	document, _, err := loose(body)
	if _, ok := document["records"].(map[string]any); err == nil && !ok {
		return fmt.Errorf("records is %v", document["records"])
	}
	return err
}

// readAsAmp reads into Go types.
func readAsAmp(body string) error {
	var document struct {
		Records *struct{ Cursor string }
		Calls   *[]map[string]json.RawMessage
	}
	err := json.Unmarshal([]byte(body), &document)
	if err == nil && (document.Records == nil || document.Calls == nil) {
		return fmt.Errorf("records or calls is missing")
	}
	return err
}

// Each client recognises an empty range in its own way, and takes nothing else
// for one.
func TestClientsSeeThatThereAreNoCalls(t *testing.T) {
	_, client := newNoon(t)
	empty := client.get("fromDateTime=2000-01-01T00:00:00Z&toDateTime=2000-01-02T00:00:00Z")
	wantErrors(t, empty, http.StatusNotFound, noCalls)
	r := client.request(noonQuery)
	r.URL.Path = "/v2/users"
	other := client.send(r)
	for name, recognises := range map[string]func(answer) bool{
		"equality": func(a answer) bool { return errorsOf(t, a)[0] == noCalls },
		"nango":    func(a answer) bool { return strings.Contains(errorsOf(t, a)[0], "No calls found") },
		"posthog":  func(a answer) bool { return strings.Contains(strings.ToLower(a.body), "no calls") },
		"airbyte":  func(a answer) bool { return strings.Contains(a.body, "found corresponding to the provided filters") },
		"estuary": func(a answer) bool {
			return regexp.MustCompile(`"No [^"]*found[^"]*provided filters`).MatchString(a.body)
		},
		"no something":      func(a answer) bool { return regexp.MustCompile(`(?i)No .* found`).MatchString(errorsOf(t, a)[0]) },
		"no trailing point": func(a answer) bool { return strings.Contains(a.body, `filters"`) },
	} {
		if !recognises(empty) {
			t.Errorf("%s does not recognise %s", name, empty.body)
		}
		if other.status != http.StatusNotFound || recognises(other) {
			t.Errorf("%s takes %d %s for an empty range", name, other.status, other.body)
		}
	}
}

// Credentials that open nothing: one answer for all of them, before routing.
func TestUnauthorized(t *testing.T) {
	c, client := newNoon(t)
	good := client.key
	bearer := c.key("--bearer")
	revoked := c.key()
	c.must("key", "revoke", revoked.AccessKey)
	var texts []string
	for name, change := range map[string]func(*http.Request){
		"none":         func(r *http.Request) { r.Header.Del("Authorization") },
		"unknown key":  func(r *http.Request) { r.SetBasicAuth("AAAAAAAAAAAAAAAAAAAAAAAA", good.AccessKeySecret) },
		"wrong secret": func(r *http.Request) { r.SetBasicAuth(good.AccessKey, good.AccessKeySecret+"x") },
		"no secret":    func(r *http.Request) { r.SetBasicAuth(good.AccessKey, "") },
		"revoked":      func(r *http.Request) { r.SetBasicAuth(revoked.AccessKey, revoked.AccessKeySecret) },
		"basic as token": func(r *http.Request) {
			r.Header.Set("Authorization", "Bearer "+good.AccessKey+"."+good.AccessKeySecret)
		},
		"cut token":      func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+bearer.Token[:len(bearer.Token)-1]) },
		"unknown scheme": func(r *http.Request) { r.Header.Set("Authorization", "Token "+bearer.Token) },
		"nonsense":       func(r *http.Request) { r.Header.Set("Authorization", "Basic %%%") },
		"no route":       func(r *http.Request) { r.Header.Del("Authorization"); r.URL.Path = "/.well-known/security.txt" },
		"no method":      func(r *http.Request) { r.Header.Del("Authorization"); r.Method = http.MethodPut },
	} {
		r := client.request(noonQuery)
		change(r)
		a := client.send(r)
		texts = append(texts, strings.Join(errorsOf(t, a), "\n"))
		if challenge := strings.Join(a.header.Values("WWW-Authenticate"), ", "); a.status != http.StatusUnauthorized ||
			!strings.Contains(challenge, "Basic ") || !strings.Contains(challenge, "Bearer ") {
			t.Errorf("%s: %d, WWW-Authenticate: %s", name, a.status, challenge)
		}
		if texts[0] != texts[len(texts)-1] {
			t.Errorf("%s tells itself from the others: %q, %q", name, texts[0], texts[len(texts)-1])
		}
	}
	client.key = bearer
	client.page(noonQuery)
	client.key = c.key("--scope", "api:users:read")
	wantErrors(t, client.get(noonQuery), http.StatusUnauthorized, "You don't have permission to use 'api:calls:read:basic' in your app.")
}

// Over the limit a client is told how long to wait, in whole seconds.
func TestLimit(t *testing.T) {
	_, client := newNoon(t, "--limit", "1/s")
	for range 100 {
		a := client.get(noonQuery)
		if a.status == http.StatusOK {
			continue
		}
		wantErrors(t, a, http.StatusTooManyRequests, "API request limit exceeded")
		if seconds := a.header.Get("Retry-After"); seconds != "1" {
			t.Errorf("Retry-After: %q", seconds)
		}
		return
	}
	t.Error("a hundred requests in a row were let through")
}
