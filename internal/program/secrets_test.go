package program_test

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/callvault/callvault/internal/program"
)

// What opens a door is shown once and is nowhere after that: not in the store's
// files, not in the log, wherever in a request it was put. Nor does the log have
// what a client asked for, or where it was in its walk.
func TestSecretsAreKeptNowhere(t *testing.T) {
	c := program.New(t)
	c.Put("default", noonOne, noonTwo)
	basic, bearer := c.Key(), c.Key("--bearer")
	s := c.Serve("--page-size", "1")
	client := s.As(basic)
	const query = "fromDateTime=2001-02-03T04:05:06Z&toDateTime=2100-01-01T00:00:00Z"
	p := client.Page(query)
	secrets := map[string]string{
		"the secret":              basic.AccessKeySecret,
		"the token":               bearer.Token,
		"the token's secret":      strings.SplitN(bearer.Token, ".", 2)[1],
		"the cursor":              *p.Records.Cursor,
		"the cursor's signature":  (*p.Records.Cursor)[strings.LastIndexByte(*p.Records.Cursor, '.'):],
		"a date of the query":     "2001-02-03",
		"a value of another name": "sesame",
	}
	client.Page(query + "&cursor=" + *p.Records.Cursor)
	s.As(bearer).Page(query + "&other=sesame")
	for _, change := range []func(*http.Request){
		func(r *http.Request) { r.URL.RawQuery = "fromDateTime=sesame&cursor=sesame&workspaceId=sesame" },
		func(r *http.Request) { r.URL.RawQuery = "cursor=" + *p.Records.Cursor + "x" },
		func(r *http.Request) { r.SetBasicAuth(basic.AccessKeySecret, basic.AccessKey) },
		func(r *http.Request) { r.SetBasicAuth(basic.AccessKey, basic.AccessKeySecret+"x") },
		func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+bearer.Token+"x") },
		func(r *http.Request) { r.Header.Set("Authorization", "Basic "+bearer.Token) },
		func(r *http.Request) { r.Header.Set("Authorization", bearer.Token) },
		func(r *http.Request) { r.URL.Path = "/v2/" + basic.AccessKeySecret },
		func(r *http.Request) { r.Header.Set("User-Agent", "sesame") },
	} {
		r := client.Request(query)
		change(r)
		client.Send(r)
	}
	stores, err := filepath.Glob(c.DB + "*")
	if err != nil || len(stores) < 2 {
		t.Fatalf("the store's files: %q, %v", stores, err)
	}
	for _, name := range stores {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for what, secret := range secrets {
			if bytes.Contains(content, []byte(secret)) {
				t.Errorf("%s is in %s", what, filepath.Base(name))
			}
		}
	}
	if code := s.End(syscall.SIGTERM); code != program.ExitOK {
		t.Errorf("exit code %d", code)
	}
	log := s.Stderr.String()
	if got := strings.Count(log, "request_id"); got != 12 {
		t.Errorf("the log has %d lines of requests, want 12: %s", got, log)
	}
	for what, secret := range secrets {
		if strings.Contains(log, secret) {
			t.Errorf("%s is in the log: %s", what, log)
		}
	}
}
