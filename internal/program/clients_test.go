package program_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault/internal/program"
)

const noCalls = "No calls found corresponding to the provided filters"

// What each of the known clients does with a page of calls: an error is what
// would break it. Their code is public; docs/wire.md names it.
var bodyReaders = map[string]func(body string) error{
	"dust":    readAsDust,
	"onyx":    readAsOnyx,
	"posthog": readAsPostHog,
	"estuary": readAsEstuary,
	"n8n":     readAsN8n,
	"amp":     readAsAmp,
	"gongio":  readAsGongio,
	"gong-rs": readAsGongRS,
}

func TestClientsReadPages(t *testing.T) {
	c := program.New(t)
	if got := c.Pipe(testdata(t, "recorded.ndjson"), "import", "-"); got.Code != program.ExitOK {
		t.Fatal(got)
	}
	k := c.Key()
	client := as(c.Serve("--page-size", "1"), k)
	first := client.Get(program.Everything().Encode())
	p := client.Page(program.Everything().Encode())
	last := client.Get("cursor=" + *p.Records.Cursor)
	for name, read := range bodyReaders {
		for i, a := range []program.Answer{first, last} {
			if err := read(a.Body); err != nil {
				t.Errorf("%s, page %d: %v in %s", name, i, err, a.Body)
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

// readAsDust decodes with io-ts, and knows the words of some fields.
func readAsDust(body string) error {
	document, calls, err := loose(body)
	if err != nil {
		return err
	}
	if err := checkRecords(document); err != nil {
		return err
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

// checkRecords is how io-ts and zod check what a page says of itself: numbers are
// all there, a cursor is a text or missing, and null fails.
func checkRecords(document map[string]any) error {
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

// readAsGongio checks with zod: an id is text, what else a call has is of its
// type or null.
func readAsGongio(body string) error {
	document, calls, err := loose(body)
	if err != nil {
		return err
	}
	if err := checkRecords(document); err != nil {
		return err
	}
	for _, call := range calls {
		if _, ok := call["id"].(string); !ok {
			return fmt.Errorf("id is %v", call["id"])
		}
		for _, name := range []string{"title", "scheduled", "started", "primaryUserId", "direction", "scope", "media", "language", "workspaceId", "url"} {
			if _, ok := call[name].(string); !ok && call[name] != nil {
				return fmt.Errorf("%s is %v", name, call[name])
			}
		}
		if _, ok := call["duration"].(float64); !ok && call["duration"] != nil {
			return fmt.Errorf("duration is %v", call["duration"])
		}
	}
	return nil
}

// readAsGongRS reads into types that were generated from Gong's description:
// numbers of 32 bits for records and of 64 for a duration, and none but the
// documented words where there are some.
func readAsGongRS(body string) error {
	var document struct {
		RequestID *string `json:"requestId"`
		Records   *struct {
			TotalRecords, CurrentPageSize, CurrentPageNumber *int32
			Cursor                                           *string
		}
		Calls []struct {
			ID, URL, Title, Scheduled, Started, PrimaryUserID, System, Language, WorkspaceID *string
			SDRDisposition, ClientUniqueID, CustomData, Purpose, MeetingURL, CalendarEventID *string
			Direction, Scope, Media                                                          *string
			Duration                                                                         *int64
			IsPrivate                                                                        *bool
		}
	}
	if err := json.Unmarshal([]byte(body), &document); err != nil {
		return err
	}
	accepted := func(value *string, words ...string) bool { return value == nil || slices.Contains(words, *value) }
	for _, call := range document.Calls {
		if !accepted(call.Direction, "Inbound", "Outbound", "Conference", "Unknown") ||
			!accepted(call.Scope, "Internal", "External", "Unknown") || !accepted(call.Media, "Video", "Audio") {
			return fmt.Errorf("direction %v, scope %v or media %v is none of the words", call.Direction, call.Scope, call.Media)
		}
	}
	return nil
}

// Each client recognises an empty range in its own way, and takes nothing else
// for one.
func TestClientsSeeThatThereAreNoCalls(t *testing.T) {
	_, client := newNoon(t)
	empty := client.Get("fromDateTime=2000-01-01T00:00:00Z&toDateTime=2000-01-02T00:00:00Z")
	program.WantErrors(t, empty, http.StatusNotFound, noCalls)
	r := client.Request(noonQuery)
	r.URL.Path = "/v2/settings/scorecards"
	other := client.Send(r)
	for name, recognises := range map[string]func(program.Answer) bool{
		"equality": func(a program.Answer) bool { return program.ErrorsOf(t, a)[0] == noCalls },
		"nango":    func(a program.Answer) bool { return strings.Contains(program.ErrorsOf(t, a)[0], "No calls found") },
		"posthog":  func(a program.Answer) bool { return strings.Contains(strings.ToLower(a.Body), "no calls") },
		"airbyte": func(a program.Answer) bool {
			return strings.Contains(a.Body, "found corresponding to the provided filters")
		},
		"estuary": func(a program.Answer) bool {
			return regexp.MustCompile(`"No [^"]*found[^"]*provided filters`).MatchString(a.Body)
		},
		"no something": func(a program.Answer) bool {
			return regexp.MustCompile(`(?i)No .* found`).MatchString(program.ErrorsOf(t, a)[0])
		},
		"no trailing point": func(a program.Answer) bool { return strings.Contains(a.Body, `filters"`) },
	} {
		if !recognises(empty) {
			t.Errorf("%s does not recognise %s", name, empty.Body)
		}
		if other.Status != http.StatusMethodNotAllowed || recognises(other) {
			t.Errorf("%s takes %d %s for an empty range", name, other.Status, other.Body)
		}
	}
}

// Credentials that open nothing: one answer for all of them, before routing.
func TestUnauthorized(t *testing.T) {
	c, client := newNoon(t)
	good := client.Key
	bearer := c.Key("--bearer")
	revoked := c.Key()
	c.Must("key", "revoke", revoked.AccessKey)
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
		r := client.Request(noonQuery)
		change(r)
		a := client.Send(r)
		texts = append(texts, strings.Join(program.ErrorsOf(t, a), "\n"))
		if challenge := strings.Join(a.Header.Values("WWW-Authenticate"), ", "); a.Status != http.StatusUnauthorized ||
			!strings.Contains(challenge, "Basic ") || !strings.Contains(challenge, "Bearer ") {
			t.Errorf("%s: %d, WWW-Authenticate: %s", name, a.Status, challenge)
		}
		if texts[0] != texts[len(texts)-1] {
			t.Errorf("%s tells itself from the others: %q, %q", name, texts[0], texts[len(texts)-1])
		}
	}
	client.Key = bearer
	client.Page(noonQuery)
	client.Key = c.Key("--scope", "callvault:profiles:read")
	program.WantErrors(t, client.Get(noonQuery), http.StatusUnauthorized, "You don't have permission to use 'api:calls:read:basic' in your app.")
}

// Over the limit a client is told how long to wait, in whole seconds.
func TestLimit(t *testing.T) {
	_, client := newNoon(t, "--rate-limit", "1/s")
	for range 100 {
		a := client.Get(noonQuery)
		if a.Status == http.StatusOK {
			continue
		}
		program.WantErrors(t, a, http.StatusTooManyRequests, "API request limit exceeded")
		if seconds := a.Header.Get("Retry-After"); seconds != "1" {
			t.Errorf("Retry-After: %q", seconds)
		}
		return
	}
	t.Error("a hundred requests in a row were let through")
}
