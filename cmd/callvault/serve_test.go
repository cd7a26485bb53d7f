package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault/internal/upkeep"
)

// served is a running serve.
type served struct {
	t      *testing.T
	lines  *bufio.Reader
	stderr *bytes.Buffer
	stop   func() int
}

// serve runs serve until stop is called or the test ends.
func (c *cli) serve(args ...string) *served {
	c.t.Helper()
	ctx, cancel := context.WithCancel(c.t.Context())
	out, in, err := os.Pipe() // which holds what nobody reads
	if err != nil {
		c.t.Fatal(err)
	}
	s := &served{t: c.t, lines: bufio.NewReader(out), stderr: new(bytes.Buffer)}
	done := make(chan int, 1)
	go func() {
		code := run(ctx, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...), c.lookup, strings.NewReader(""), in, s.stderr)
		in.Close()
		done <- code
	}()
	code, ended := 0, false
	s.stop = func() int {
		if !ended {
			cancel()
			go io.Copy(io.Discard, out)
			code, ended = <-done, true
		}
		return code
	}
	c.t.Cleanup(func() { s.stop() })
	return s
}

// find reads what serve prints until a line matches, and returns the groups.
func (s *served) find(pattern string) []string {
	s.t.Helper()
	re := regexp.MustCompile(pattern)
	for {
		line, err := s.lines.ReadString('\n')
		if found := re.FindStringSubmatch(line); found != nil {
			return found
		}
		if err != nil {
			s.t.Fatalf("no line like %s; on standard error: %s", pattern, s.stderr)
		}
	}
}

func (s *served) get(url string, authorize func(*http.Request)) (status int, body string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, url, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	authorize(r)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return response.StatusCode, string(content)
}

// unauthorized sends no credentials.
func unauthorized(*http.Request) {}

// The demo takes the next ports where another server runs and says so, says where each
// listener is once, prints a line that gets three calls, and leaves nothing behind.
func TestServeDemo(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	c := newCLI(t)
	delete(c.env, "CALLVAULT_DB")
	taken, other := take(t), take(t)
	s := c.serve("--demo", "--listen", taken, "--manage", other)
	api := s.find(`^  API +(http://127\.0\.0\.1:\d+)  \(` + taken + ` is in use\)\n`)[1]
	page := s.find(`^  web page +(http://127\.0\.0\.1:\d+)  \(` + other + ` is in use\)\n`)[1]
	curl := s.find(`^  curl -su ([A-Z0-9]+):([\w-]+) '(http://127\.0\.0\.1:\d+)(/v2/calls\?[^']*)'(?: \| .*)?\n`)
	if curl[3] != api {
		t.Errorf("the line asks %s, and the API is at %s", curl[3], api)
	}
	status, body := s.get(api+curl[4], func(r *http.Request) { r.SetBasicAuth(curl[1], curl[2]) })
	if status != http.StatusOK || !strings.Contains(body, `"totalRecords":3,`) {
		t.Errorf("%d: %s", status, body)
	}
	if status, body := s.get(api, func(r *http.Request) { r.Header.Set("Accept", "text/html,*/*;q=0.8") }); status != http.StatusOK || !strings.Contains(body, `<a href="`+page+`">`) {
		t.Errorf("the API in a browser: %d %s", status, body)
	}
	// The page's command has the key, and not the store, which is removed when the demo ends.
	command := "CALLVAULT_ACCESS_KEY=" + curl[1] + " CALLVAULT_ACCESS_KEY_SECRET=" + curl[2] + " callvault calls --url " + api
	if status, body := s.get(page+"/api/view?range=90d", unauthorized); status != http.StatusOK || !strings.Contains(body, command) || strings.Contains(body, temporary) {
		t.Errorf("the page: %d %.1000s", status, body)
	}
	if code := s.stop(); code != exitOK {
		t.Errorf("it ended with %d: %s", code, s.stderr)
	}
	if rest, _ := io.ReadAll(s.lines); strings.Contains(string(rest), "http") {
		t.Errorf("an address is printed again: %s", rest)
	}
	if strings.Contains(s.stderr.String(), curl[2]) {
		t.Error("the secret is in the log")
	}
	if left, _ := os.ReadDir(temporary); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// The store of a killed demo is removed by the next.
func TestServeDemoSweeps(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	const killed = ".callvault-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	for _, suffix := range []string{".lock", ".part", ".part-wal", ".part-shm"} {
		writeFile(t, filepath.Join(temporary, killed+suffix), "")
	}
	c := newCLI(t)
	delete(c.env, "CALLVAULT_DB")
	c.serve("--demo").find("curl")
	if left, _ := filepath.Glob(filepath.Join(temporary, killed+"*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// The former name of --rate-limit and its variable still work, and the new one wins.
func TestFormerRateLimit(t *testing.T) {
	c := newCLI(t)
	for _, tt := range []struct{ variable, args, want string }{ // of the variable with the former name
		{"", "--limit flag", `--limit "flag" is not a limit`},
		{"environment", "", `CALLVAULT_SERVE_LIMIT "environment" is not a limit`},
		{"environment", "--rate-limit new", `--rate-limit "new" is not a limit`},
		{"", "--limit 1/s --rate-limit 2/s", "--limit and --rate-limit exclude each other"},
	} {
		c.env["CALLVAULT_SERVE_LIMIT"] = tt.variable
		if got := c.run(append([]string{"serve"}, strings.Fields(tt.args)...)...); got.code != exitUsage || !strings.Contains(got.stderr, tt.want) {
			t.Errorf("%q with %q: %+v", tt.args, tt.variable, got)
		}
	}
	c.env["CALLVAULT_SERVE_LIMIT"], c.env["CALLVAULT_SERVE_RATE_LIMIT"] = "", "environment"
	if got := c.run("serve", "--limit", "flag"); got.code != exitUsage || !strings.Contains(got.stderr, `--limit "flag" is not a limit`) {
		t.Errorf("the variable goes before the flag: %+v", got)
	}
}

// A store that is not there is made; with no key in it the command that makes
// one is printed, and that command's key works at once, without a restart.
func TestServeAndKeys(t *testing.T) {
	c := newCLI(t)
	s := c.serve("--dates", "optional")
	url := s.find(`serving \S+ at (http://\S+)`)[1] + "/v2/calls"
	command := strings.Fields(strings.ReplaceAll(s.find(`Make one: callvault (.*)`)[1], "'", ""))
	if _, err := os.Stat(c.env["CALLVAULT_DB"]); err != nil {
		t.Fatal(err)
	}
	var key struct{ AccessKey, AccessKeySecret, Token string }
	create := func(args ...string) {
		t.Helper()
		if err := json.Unmarshal([]byte(c.must(append(args, "-o", "json")...)), &key); err != nil {
			t.Fatal(err)
		}
	}
	create(command...)
	c.must("import", c.file("calls.ndjson", callOne))
	basic := func(r *http.Request) { r.SetBasicAuth(key.AccessKey, key.AccessKeySecret) }
	if status, body := s.get(url, basic); status != http.StatusOK || !strings.Contains(body, `"totalRecords":1,`) {
		t.Errorf("%d: %s", status, body)
	}
	create("key", "create", "--bearer")
	bearer := func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+key.Token) }
	if status, body := s.get(url, bearer); status != http.StatusOK {
		t.Errorf("%d: %s", status, body)
	}
	create("key", "create", "--scope", "callvault:profiles:read")
	if status, body := s.get(url, basic); status != http.StatusUnauthorized || !strings.Contains(body, "'api:calls:read:basic'") {
		t.Errorf("%d: %s", status, body)
	}
	create("key", "create", "--company", "acme")
	if status, body := s.get(url, basic); status != http.StatusNotFound {
		t.Errorf("%d: %s", status, body)
	}
	if code := s.stop(); code != exitOK {
		t.Errorf("it ended with %d: %s", code, s.stderr)
	}
	again := c.serve()
	first := again.find(`serving`)
	again.stop()
	if rest, _ := io.ReadAll(again.lines); strings.Contains(string(rest), "no key") {
		t.Errorf("%q, then %q", first, rest)
	}
}

func TestServeFails(t *testing.T) {
	c := newCLI(t)
	foreign := c.file("foreign.db", "this is no store")
	for _, tt := range []struct{ args, want string }{
		{"--db " + foreign, foreign},
		{"--listen 256.0.0.1:0", "--listen: can't listen on 256.0.0.1:0: "},
	} {
		got := c.run(append([]string{"serve"}, strings.Fields(tt.args)...)...)
		if got.code != exitFailed || !strings.Contains(got.stderr, tt.want) || got.stdout != "" {
			t.Errorf("%s: %+v", tt.args, got)
		}
	}
}

func TestKeys(t *testing.T) {
	c := newCLI(t)
	got := c.run("key", "create", "--name", "etl", "--expires", "90d")
	key := regexp.MustCompile(`^accessKey        ([A-Z2-7]{24})\naccessKeySecret  ([\w-]{43})\n$`).FindStringSubmatch(got.stdout)
	if key == nil || !strings.Contains(got.stderr, "not shown again") || strings.Contains(got.stderr, key[2]) {
		t.Fatalf("%+v", got)
	}
	if want := "To revoke the key: callvault key revoke " + key[1] + " --db '" + c.env["CALLVAULT_DB"] + "'\n"; !strings.HasSuffix(got.stderr, want) {
		t.Errorf("got %q, want %q at its end", got.stderr, want)
	}
	list := c.must("key", "list")
	if !regexp.MustCompile(key[1]+`\s+etl\s+basic\s+\d{4}-\d\d-\d\d\s+-\s+until \d{4}-\d\d-\d\d\s+api:calls:read:basic,api:calls:read:extensive,api:calls:read:transcript,api:users:read,api:workspaces:read\n`).MatchString(list) || strings.Contains(list, key[2]) {
		t.Errorf("listed %s", list)
	}
	if got := c.run("key", "revoke", "NOBODY"); got.code != exitFailed || !strings.Contains(got.stderr, `company "default" has no key "NOBODY"; list its keys with 'callvault key list'`) {
		t.Errorf("%+v", got)
	}
	if got := c.must("key", "revoke", key[1]); got != "revoked "+key[1]+"\n" {
		t.Errorf("%q", got)
	}
	var listed []upkeep.Key
	if err := json.Unmarshal([]byte(c.must("key", "list", "-o", "json")), &listed); err != nil || len(listed) != 1 {
		t.Fatalf("%v, %v", listed, err)
	}
	if k := listed[0]; k.Name != "etl" || k.LastUsed != nil || k.Revoked == nil || k.Expires.Sub(k.Created).Round(time.Minute).Hours() != 90*24 || k.Company != "default" {
		t.Errorf("%+v", k)
	}
	// A key of another company is as good as none.
	c.must("key", "create", "--company", "acme")
	if got := c.run("key", "revoke", "--company", "acme", key[1]); got.code != exitFailed {
		t.Errorf("%+v", got)
	}
}
