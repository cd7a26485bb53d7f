package openapi

import (
	"crypto/sha256"
	"encoding/base64"
	"html"
	"regexp"
	"strings"
	"testing"

	"github.com/callvault/callvault/gong"
)

func page(t testing.TB) (policy, text string) {
	t.Helper()
	h, err := Page("http://127.0.0.1:8080")
	if err != nil {
		t.Fatal(err)
	}
	r := get(t, h, "GET")
	if got := r.Header.Get("Content-Type"); got != "text/html; charset=utf-8" || r.StatusCode != 200 {
		t.Fatalf("%d %s", r.StatusCode, got)
	}
	return r.Header.Get("Content-Security-Policy"), body(t, r)
}

// All that the document says is on the page.
func TestPageShowsAll(t *testing.T) {
	_, text := page(t)
	shown := html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(text, ""))
	d := read(t)
	wants := gong.FieldNames()
	for _, v := range gong.Directions() {
		wants = append(wants, string(v))
	}
	answer := func(status string, r *response) {
		r = named(r, r.Ref, d.Components.Responses)
		wants = append(wants, status, strings.ReplaceAll(r.Description, "`", ""))
		for name, h := range r.Headers {
			wants = append(wants, name, strings.ReplaceAll(named(h, h.Ref, d.Components.Headers).Description, "`", ""))
		}
		for _, content := range r.Content {
			for _, e := range content.Examples {
				wants = append(wants, e.Summary, string(e.Value))
			}
		}
	}
	for path, methods := range d.Paths {
		for method, o := range methods {
			wants = append(wants, method+" "+path, o.Summary)
			for _, p := range o.Parameters {
				wants = append(wants, p.Name, string(p.Example), strings.ReplaceAll(p.Description, "`", ""))
			}
			if body := o.RequestBody; body != nil {
				wants = append(wants, body.Description)
			}
			for status, r := range o.Responses {
				answer(status, r)
			}
		}
	}
	for status, r := range d.Other.Responses {
		answer(status, r)
	}
	for name, s := range d.Components.Schemas {
		for field, f := range s.Properties {
			wants = append(wants, name, field, strings.ReplaceAll(f.Description, "`", ""))
		}
	}
	wants = append(wants,
		"curl -u <access key> 'http://127.0.0.1:8080/v2/calls?fromDateTime=2026-03-04T12:00:00Z&toDateTime=2026-03-04T06:00:00-07:00&workspaceId=623457276584334'",
		"curl -u <access key> 'http://127.0.0.1:8080/v2/calls/7782342274025937895'",
		`curl -u <access key> 'http://127.0.0.1:8080/v2/calls/transcript' -d '{"filter":{"callIds":["9"]}}'`,
		"curl 'http://127.0.0.1:8080/openapi.json'",
		"string or null, date-time", "integer or null, int64", "One of Video, Audio.", "array of Call", "string, or absent")
	for _, want := range wants {
		if !strings.Contains(shown, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	if len(wants) < 100 {
		t.Errorf("only %d things were looked for", len(wants))
	}
}

// The page loads nothing and runs nothing, and its policy allows its one style
// alone.
func TestPageStandsAlone(t *testing.T) {
	policy, text := page(t)
	_, rest, _ := strings.Cut(text, "<style>")
	style, _, found := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(style))
	if hash := "style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !found || !strings.Contains(policy, hash) {
		t.Errorf("the style has %s, the policy is %s", hash, policy)
	}
	if !strings.HasPrefix(policy, "default-src 'none'; ") {
		t.Errorf("the policy is %s", policy)
	}
	for _, tag := range regexp.MustCompile(`<[^>]+>`).FindAllString(text, -1) {
		if regexp.MustCompile(`(?i)^<(script|link|img|iframe|object|embed)|\s(src|style|on[a-z]+)=|href="(https?:|//)`).MatchString(tag) {
			t.Errorf("the page has %s", tag)
		}
	}
	if strings.Contains(style, "url(") || strings.Contains(style, "@import") {
		t.Error("the style loads something")
	}
}

// Every link within the page leads somewhere, and every id is there once.
func TestPageLinks(t *testing.T) {
	_, text := page(t)
	ids := make(map[string]int)
	for _, id := range regexp.MustCompile(`\sid="([^"]*)"`).FindAllStringSubmatch(text, -1) {
		if ids[id[1]]++; ids[id[1]] > 1 {
			t.Errorf("the id %s is there twice", id[1])
		}
	}
	links := regexp.MustCompile(`(?:href="#|aria-labelledby=")([^"]*)"`).FindAllStringSubmatch(text, -1)
	for _, link := range links {
		if ids[link[1]] == 0 {
			t.Errorf("nothing has the id %s", link[1])
		}
	}
	if len(links) < 10 {
		t.Errorf("only %d links", len(links))
	}
}
