package page

import (
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// A shell takes every word as it was.
func TestShell(t *testing.T) {
	words := []string{"plain", "", "two words", "it's", `a"b`, "$HOME", "`id`", "$(id)", "a\nb", "*", "~", "a;b|c&d", `back\slash`, "=x", "ünï", "-n", "!!", "#x"}
	out, err := exec.CommandContext(t.Context(), "sh", "-c", "printf '%s\\0' "+shell(words...)).Output()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(out), strings.Join(words, "\x00")+"\x00"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := shell("curl", "-u", "ACCESS_KEY"); got != "curl -u ACCESS_KEY" {
		t.Error(got)
	}
}

func TestLines(t *testing.T) {
	const (
		today  = "--from 2026-03-04T00:00:00Z --to 2026-03-05T00:00:00Z --tz UTC"
		bounds = "fromDateTime=2026-03-04T00:00:00Z&toDateTime=2026-03-05T00:00:00Z"
		curl   = "Request them from the API (curl prompts for the key’s secret): curl -u ACCESS_KEY "
		list   = "List them on the command line: callvault calls --db '/home/my calls.db' "
		byURL  = "List them on the command line (set CALLVAULT_ACCESS_KEY and CALLVAULT_ACCESS_KEY_SECRET before): callvault calls --url http://vault.example:8080 "
	)
	command := []string{"callvault", "calls", "--db", "/home/my calls.db"}
	own, wide := Config{API: "http://127.0.0.1:8080", Command: command}, Config{API: "http://[::]:8080", Command: command}
	demo := Config{API: "http://127.0.0.1:8080", Demo: &gong.Credential{AccessKey: "KEY", AccessKeySecret: "hush"}}
	for _, tt := range []struct {
		name, query string
		key         string // whose it is
		config      Config
		want        []string
	}{
		{"all there is", with("range", "today", "tz", "Europe/Berlin"), "", own, []string{
			curl + "'http://127.0.0.1:8080/v2/calls?fromDateTime=2026-03-03T23:00:00Z&toDateTime=2026-03-04T23:00:00Z'",
			list + "--from 2026-03-04T00:00:00+01:00 --to 2026-03-05T00:00:00+01:00 --tz Europe/Berlin"}},
		{"a workspace", with("range", "today", "where", "workspace:7"), "", own, []string{
			curl + "'http://127.0.0.1:8080/v2/calls?" + bounds + "&workspaceId=7'",
			list + today + " --where workspace:7"}},
		{"words", with("range", "today", "where", `workspace:7  "harbor nine"`), "", own, []string{
			list + today + ` --where 'workspace:7 "harbor nine"'`}},
		{"the longest", with("range", "today", "where", "nine", "order", "longest"), "", own, []string{list + today + " --where nine --order longest"}},
		{"a company", with("range", "today", "company", "acme"), "", own, []string{
			curl + "'http://127.0.0.1:8080/v2/calls?" + bounds + "'",
			list + "--company acme " + today}},
		{"from elsewhere", with("range", "today", "company", "acme"), "acme", wide, []string{
			curl + "'http://vault.example:8080/v2/calls?" + bounds + "'",
			byURL + today}},
		{"the demo", with("range", "today", "where", "nine"), "", demo, []string{
			"List them on the command line: CALLVAULT_ACCESS_KEY=KEY CALLVAULT_ACCESS_KEY_SECRET=hush callvault calls --url http://127.0.0.1:8080 " + today + " --where nine"}},
		{"all of the demo", with("range", "today"), "", demo, []string{
			"Request them from the API: curl -u KEY:hush 'http://127.0.0.1:8080/v2/calls?" + bounds + "'",
			"List them on the command line: CALLVAULT_ACCESS_KEY=KEY CALLVAULT_ACCESS_KEY_SECRET=hush callvault calls --url http://127.0.0.1:8080 " + today}},
		{"the demo by a key", with("range", "today"), "default", demo, []string{
			strings.ReplaceAll(curl, "vault.example", "127.0.0.1") + "'http://127.0.0.1:8080/v2/calls?" + bounds + "'",
			strings.ReplaceAll(byURL, "vault.example", "127.0.0.1") + today}},
		{"no API", with("range", "today"), "", Config{}, nil},
	} {
		tt.config.Store = &store{companies: map[string]calls{"default": {rows: []callvault.Call{call(1, time.Unix(0, 0), "7")}}, "acme": at()}}
		h := start(t, tt.config, at())
		r := httptest.NewRequest(http.MethodGet, "http://vault.example:8081/api/view"+tt.query, nil)
		v, err := h.view(r, tt.key)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, l := range h.lines(r, tt.key, v) {
			got = append(got, l.Label+": "+l.Text)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s:\n got %q\nwant %q", tt.name, got, tt.want)
		}
	}
	if len(command) != 4 {
		t.Errorf("%q", command)
	}
}

func TestReachable(t *testing.T) {
	for _, tt := range []struct{ api, host, want string }{
		{"http://0.0.0.0:8080", "10.0.0.7:8081", "http://10.0.0.7:8080"},
		{"http://0.0.0.0:8080", "", "http://0.0.0.0:8080"},
		{"http://[::]:8080", "[fe80::1]:8081", "http://[fe80::1]:8080"},
		{"http://[::]:8080", "vault", "http://vault:8080"},
		{"https://10.0.0.7:8080", "vault:8081", "https://10.0.0.7:8080"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = tt.host
		if got := (&Handler{Config: Config{API: tt.api}}).reachable(r); got != tt.want {
			t.Errorf("%s asked at %s: %s, want %s", tt.api, tt.host, got, tt.want)
		}
	}
}
