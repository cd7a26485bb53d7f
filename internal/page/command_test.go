package page

import (
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault"
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
	command := []string{"callvault", "calls", "--db", "/home/my calls.db"}
	for _, tt := range []struct {
		name, query   string
		key           string // whose it is
		config        Config
		curl, command string
	}{
		{"all there is", with("range", "today", "tz", "Europe/Berlin"), "", Config{API: "http://127.0.0.1:8080", Command: command},
			"curl -u ACCESS_KEY 'http://127.0.0.1:8080/v2/calls?fromDateTime=2026-03-03T23:00:00Z&toDateTime=2026-03-04T23:00:00Z'",
			"callvault calls --db '/home/my calls.db' --from 2026-03-04T00:00:00+01:00 --to 2026-03-05T00:00:00+01:00 --tz Europe/Berlin"},
		{"a workspace", with("range", "today", "where", "workspace:7"), "", Config{API: "http://127.0.0.1:8080", Command: command},
			"curl -u ACCESS_KEY 'http://127.0.0.1:8080/v2/calls?fromDateTime=2026-03-04T00:00:00Z&toDateTime=2026-03-05T00:00:00Z&workspaceId=7'",
			"callvault calls --db '/home/my calls.db' --from 2026-03-04T00:00:00Z --to 2026-03-05T00:00:00Z --tz UTC --where workspace:7"},
		{"words", with("range", "today", "where", `workspace:7  "harbor nine"`), "", Config{API: "http://127.0.0.1:8080", Command: command}, "",
			`callvault calls --db '/home/my calls.db' --from 2026-03-04T00:00:00Z --to 2026-03-05T00:00:00Z --tz UTC --where 'workspace:7 "harbor nine"'`},
		{"a company", with("range", "today", "company", "acme"), "", Config{API: "http://127.0.0.1:8080", Command: command},
			"curl -u ACCESS_KEY 'http://127.0.0.1:8080/v2/calls?fromDateTime=2026-03-04T00:00:00Z&toDateTime=2026-03-05T00:00:00Z'",
			"callvault calls --db '/home/my calls.db' --company acme --from 2026-03-04T00:00:00Z --to 2026-03-05T00:00:00Z --tz UTC"},
		{"from elsewhere", with("range", "today", "company", "acme"), "acme", Config{API: "http://[::]:8080", Command: command},
			"curl -u ACCESS_KEY 'http://vault.example:8080/v2/calls?fromDateTime=2026-03-04T00:00:00Z&toDateTime=2026-03-05T00:00:00Z'",
			"callvault calls --url http://vault.example:8080 --from 2026-03-04T00:00:00Z --to 2026-03-05T00:00:00Z --tz UTC"},
		{"no API", with("range", "today"), "", Config{}, "", ""},
	} {
		tt.config.Store = &store{companies: map[string]calls{"default": {rows: []callvault.Call{call(1, time.Unix(0, 0), "7")}}, "acme": at()}}
		h := start(t, tt.config, at())
		r := httptest.NewRequest(http.MethodGet, "http://vault.example:8081/api/view"+tt.query, nil)
		v, err := h.view(r, tt.key)
		if err != nil {
			t.Fatal(err)
		}
		if got := h.curl(r, v); got != tt.curl {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.curl)
		}
		if got := h.command(r, tt.key, v); got != tt.command {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.command)
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
