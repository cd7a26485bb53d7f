package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/demo"
	"github.com/callvault/callvault/internal/mirror"
	"github.com/callvault/callvault/internal/upstreamtest"
)

// account is an upstream that a mirror reads through a socket, and what the command is
// called with.
type account struct {
	*cli
	server *upstreamtest.Server
	url    string
	blind  atomic.Bool // the key sees no call
	shut   atomic.Bool // the key is refused
	busy   atomic.Bool // others have used up the account's requests
}

// newAccount is an account with the calls of some weeks, which stay as they are while a test
// runs: its clock stands still.
func newAccount(t *testing.T) *account {
	now := time.Now()
	script := demo.Usual(1, now, 20)
	script.History, script.Retention, script.Unlisted = 40*24*time.Hour, 0, 0
	a := &account{cli: newCLI(t), server: upstreamtest.New(t, upstreamtest.Config{Script: script, Now: func() time.Time { return now }})}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case a.shut.Load():
			refuse(w, http.StatusUnauthorized, "Unauthorized")
		case a.busy.Load():
			w.Header().Set("Retry-After", "7200")
			refuse(w, http.StatusTooManyRequests, "API request limit exceeded")
		case a.blind.Load() && r.URL.Path == "/v2/calls":
			refuse(w, http.StatusNotFound, "No calls found corresponding to the provided filters")
		case a.blind.Load() && strings.HasPrefix(r.URL.Path, "/v2/calls/"):
			refuse(w, http.StatusNotFound, "Call ID "+strings.TrimPrefix(r.URL.Path, "/v2/calls/")+" was not found")
		default:
			a.server.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	a.url = server.URL
	credential := a.server.Key("mirror")
	a.env["CALLVAULT_ACCESS_KEY"], a.env["CALLVAULT_ACCESS_KEY_SECRET"] = credential.AccessKey, credential.AccessKeySecret
	return a
}

// once runs a mirror that ends.
func (a *account) once(args ...string) outcome {
	a.t.Helper()
	return a.run(append([]string{"mirror", "--once", "--url", a.url, "--pace", "1000/s", "--daily", "100000", "--log-level", "warn"}, args...)...)
}

// status is the status of the mirror.
func (a *account) status() (s mirror.Status) {
	a.t.Helper()
	if err := json.Unmarshal([]byte(strings.NewReplacer(`"age":null`, `"age":0`).Replace(a.must("mirror", "status", "-o", "json"))), &s); err != nil {
		a.t.Fatal(err)
	}
	return s
}

// documents are what calls prints, in the order of their lines.
func (a *account) documents(args ...string) []string {
	a.t.Helper()
	lines := strings.Split(a.must(append([]string{"calls", "-q", "-o", "ndjson"}, args...)...), "\n")
	slices.Sort(lines)
	return lines
}

// A mirror that runs once has the account's calls to the byte, says how it stands, and alone
// writes the company until it is ended.
func TestMirrorOnce(t *testing.T) {
	a := newAccount(t)
	got := a.once("--log-level", "info", "--log", "json")
	if got.code != exitOK || !strings.HasPrefix(got.stdout, "all that was due is done; more is due ") {
		t.Fatalf("%+v", got)
	}
	backfills, created := 0, 0
	for line := range strings.Lines(got.stderr) {
		var logged struct {
			Msg     string
			Created int
		}
		if json.Unmarshal([]byte(line), &logged) == nil {
			if created += logged.Created; logged.Msg == "read backfill" {
				backfills++
			}
		}
	}
	if s := a.status(); created != s.Calls || backfills == 0 || backfills > s.Requests.Purposes["backfill"]/3 {
		t.Errorf("the log has %d lines for the %d requests of the backfill, and %d of %d calls:\n%s", backfills, s.Requests.Purposes["backfill"], created, s.Calls, got.stderr)
	}
	if here, there := a.documents(), a.documents("--url", a.url); !slices.Equal(here, there) || len(here) < 200 {
		t.Fatalf("%d calls here, %d there", len(here), len(there))
	}
	s := a.status()
	if !s.Connected || s.Reason != nil || s.Calls != s.Upstream || s.Calls < 200 || !s.Backfill.Done || s.Held != nil || s.Requests.Limit != 100_000 || s.Requests.Used == 0 {
		t.Errorf("%+v", s)
	}
	text := a.must("mirror", "status")
	for _, want := range []string{"company default is a mirror of " + a.url + "\n", "\nconnected    yes\n", "\nkept by      no process; ", "\nbackfill     done\n", " of 100,000 in the last 24 hours\n", "\nheld         nothing\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if got := a.once("--whole", "--hurry", "60"); got.code != exitOK {
		t.Errorf("%+v", got)
	}
	if s, text := a.status(), a.must("mirror", "status"); s.Rounds[1].Period != 24*60 || !strings.Contains(text, ", every 24 min\n") || !strings.Contains(text, "--hurry 60 divides every period\n") {
		t.Errorf("in a hurry: %+v\n%s", s.Rounds, text)
	}
	const record = `{"id":"1","started":"2026-01-01T00:00:00Z"}` + "\n"
	a.stdin = record
	if got := a.run("import", "-"); got.code != exitFailed || !strings.Contains(got.stderr, "company default is a mirror of "+a.url+", and only the mirror writes it") {
		t.Errorf("%+v", got)
	}
	if got := a.run("mirror", "accept"); got.code != exitFailed || got.stderr != "callvault: the mirror holds nothing back\n" {
		t.Errorf("%+v", got)
	}
	a.stdin = ""
	if got := a.run("mirror", "end"); got.code != exitUsage || !strings.HasPrefix(got.stderr, "callvault: stdin is not a terminal; pass --yes to end the mirror without asking\n") {
		t.Errorf("%+v", got)
	}
	a.stdin = record
	if got := a.run("mirror", "end", "--yes"); got.code != exitOK || !strings.Contains(got.stderr, "company default is no longer a mirror; its ") {
		t.Errorf("%+v", got)
	}
	if got := a.run("import", "-"); got.code != exitOK {
		t.Errorf("%+v", got)
	}
	for _, command := range []string{"status", "accept", "end"} { // before anybody is asked
		if got := a.run("mirror", command); got.code != exitFailed || !strings.Contains(got.stderr, `company "default" is not a mirror; make it one: callvault mirror --url URL`) {
			t.Errorf("%s: %+v", command, got)
		}
	}
}

// What keeps a mirror from reading ends it with 1, and what only keeps it waiting does not.
func TestMirrorExitCodes(t *testing.T) {
	a := newAccount(t)
	a.shut.Store(true)
	if got := a.once(); got.code != exitFailed || !strings.Contains(got.stderr, "; check the access key and its secret, and that they belong to this host; to test it: callvault doctor --mirror "+a.url) || !strings.Contains(got.stderr, "callvault: the upstream can't be read: the server answered 401: Unauthorized (") {
		t.Errorf("refused: %+v", got)
	}
	a.shut.Store(false)
	if got := a.run("mirror", "--once", "--url", a.url, "--pace", "1000/s", "--daily", "100"); got.code != exitOK || !strings.Contains(got.stdout, "more is due in ") {
		t.Errorf("within its budget: %+v", got)
	}
	a.busy.Store(true)
	if got := a.once("--whole"); got.code != exitOK || !strings.Contains(got.stdout, "; more is due in ") {
		t.Errorf("told to come later: %+v", got)
	}
	a.busy.Store(false)
	if got := a.once("--whole"); got.code != exitOK || !strings.Contains(got.stdout, "; more is due in ") || !strings.Contains(a.must("mirror", "status"), ", as the upstream asked") {
		t.Errorf("before that: %+v", got)
	}
	for _, n := range []string{"0", "1001", "18446744073709551615"} {
		if got := a.once("--hurry", n); got.code != exitUsage || !strings.Contains(got.stderr, "callvault: --hurry "+n+" must be from 1 to 1000\n") {
			t.Errorf("a hurry of %s: %+v", n, got)
		}
	}
	if got := a.run("mirror", "--once", "--url", "http://127.0.0.1:1/other"); got.code != exitFailed || !strings.Contains(got.stderr, "callvault: company default is a mirror of "+a.url+", not of this upstream; ") {
		t.Errorf("another upstream: %+v", got)
	}

	store := opened(t, a.cli)
	defer store.Close()
	state := store.Mirror(callvault.DefaultCompany)
	seen, err := state.Lease(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	lease, err := state.Take(t.Context(), seen, a.url, "elsewhere: process 7 since 8 of pid:[9] on kernel 10")
	if err != nil {
		t.Fatal(err)
	}
	alive, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-alive:
				return
			case <-time.Tick(100 * time.Millisecond):
				if _, err := state.Renew(t.Context(), lease); err != nil {
					t.Error(err)
				}
			}
		}
	}()
	if got := a.once(); got.code != exitFailed || !strings.Contains(got.stderr, "callvault: another mirror of this company runs: elsewhere: process 7\n") {
		t.Errorf("another mirror: %+v", got)
	}
	close(alive)
	<-ended
}

// When the key sees no calls any more, nothing is deleted until a person accepts it.
func TestMirrorAccept(t *testing.T) {
	a := newAccount(t)
	if got := a.once(); got.code != exitOK {
		t.Fatalf("%+v", got)
	}
	calls := a.status().Calls
	a.blind.Store(true)
	if got := a.once("--whole"); got.code != exitOK || !strings.Contains(got.stdout, "released when the upstream lists calls again, or: callvault mirror accept") {
		t.Fatalf("%+v", got)
	}
	s := a.status()
	if s.Held == nil || s.Held.Calls == 0 || s.Calls != calls {
		t.Fatalf("%+v of %d calls", s.Held, calls)
	}
	got := a.run("mirror", "accept", "--yes")
	if got.code != exitOK || !strings.Contains(got.stderr, " calls: the upstream lists no call at all") || !strings.Contains(got.stderr, "; by month: 20") || !strings.Contains(got.stderr, "accepted; the mirror obeys when it runs next\n") {
		t.Errorf("%+v", got)
	}
	if got := a.run("mirror", "accept", "--yes", "--own", "keep"); got.code != exitFailed || got.stderr != "callvault: the company has no calls from before its mirror\n" {
		t.Errorf("%+v", got)
	}
}

// Calls from before the mirror stay until a person decides about them.
func TestMirrorAcceptOwn(t *testing.T) {
	a := newAccount(t)
	a.stdin = `{"id":"11","started":"2025-01-01T00:00:00Z"}` + "\n" + `{"id":"12","started":"2025-02-01T00:00:00Z"}` + "\n"
	a.must("import", "-")
	if got := a.once(); got.code != exitOK {
		t.Fatalf("%+v", got)
	}
	if text := a.must("mirror", "status"); !strings.Contains(text, "2 calls from before the mirror, which the upstream does not list; keep or delete them: callvault mirror accept --db '"+a.env["CALLVAULT_DB"]+"' --own keep\n") {
		t.Error(text)
	}
	got := a.run("mirror", "accept", "--own", "delete", "--yes")
	if want := "2 calls from before the mirror, which the upstream does not list; by month: 2025-01 1, 2025-02 1\n"; got.code != exitOK || !strings.HasPrefix(got.stderr, want) {
		t.Errorf("%+v", got)
	}
	if got := a.once(); got.code != exitOK {
		t.Errorf("%+v", got)
	}
	if here, there := a.documents(), a.documents("--url", a.url); !slices.Equal(here, there) {
		t.Errorf("%d calls here, %d there", len(here), len(there))
	}
}

// serve --mirror keeps the company in the same process, shows it in its metrics, and gives the
// lease back when it ends.
func TestServeMirrors(t *testing.T) {
	a := newAccount(t)
	s := a.serve("--mirror", a.url, "--pace", "1000/s", "--daily", "100000")
	manage := s.find(`metrics at (http://\S+)`)[1]
	for {
		var body bytes.Buffer
		response, err := http.Get(manage + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		_, err = body.ReadFrom(response.Body)
		response.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if text := body.String(); strings.Contains(text, "\ncallvault_mirror_backfill_ratio 1\n") {
			for _, want := range []string{"\ncallvault_mirror_up 1\n", "\ncallvault_mirror_connected 1\n", "\ncallvault_mirror_requests_limit 100000\n", "\ncallvault_mirror_requests{purpose=\"hot\"} "} {
				if !strings.Contains(text, want) {
					t.Errorf("no %q in the metrics", want)
				}
			}
			break
		}
		if t.Context().Err() != nil {
			t.Fatal("the backfill did not end")
		}
	}
	if text := a.must("mirror", "status"); !strings.Contains(text, ": process ") {
		t.Error(text)
	}
	if code := s.stop(); code != exitOK {
		t.Errorf("it ended with %d: %s", code, s.stderr)
	}
	if text := a.must("mirror", "status"); !strings.Contains(text, "kept by      no process") {
		t.Error(text)
	}
	if got := a.run("serve", "--mirror", "http://127.0.0.1:1", "--listen", "127.0.0.1:0"); got.code != exitFailed || got.stderr != "callvault: company default is a mirror of "+a.url+", not of this upstream; name another company with --company, or end that mirror: callvault mirror end --db '"+a.env["CALLVAULT_DB"]+"'\n" {
		t.Errorf("%+v", got)
	}
}
