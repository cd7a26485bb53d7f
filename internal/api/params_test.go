package api

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// FuzzParseQuery compares the parser with a plain one made of net/url.
func FuzzParseQuery(f *testing.F) {
	f.Add("fromDateTime=2026-03-04T12:00:00Z&toDateTime=2026-03-04T13%3A00%3A00%2B02:00&workspaceId=1&cursor=a.b.c")
	f.Add("cursor=&cursor=1&cursor=2&&=&;a=b;c&%63ursor=3")
	f.Add("fromDateTime=%&%=1&a=%zz&limit=100%2")
	f.Add("cursor=1&cursor=2&cursor=%&workspaceId=%&workspaceId=1&workspaceId=2")
	f.Add("toDateTime=a+b&to+DateTime=x&workspaceId=%E2%82%AC&workspaceId==")
	f.Fuzz(func(t *testing.T, query string) {
		p := parameters{names: &queryNames}
		p.parse(query)

		var values, problems [parameterCount]string
		broken := 0
		for _, pair := range strings.Split(query, "&") {
			rawName, rawValue, _ := strings.Cut(pair, "=")
			name, nameErr := url.QueryUnescape(rawName)
			value, valueErr := url.QueryUnescape(rawValue)
			which := -1
			for i, known := range []string{"fromDateTime", "toDateTime", "workspaceId", "cursor"} {
				if name == known && nameErr == nil {
					which = i
				}
			}
			switch {
			case which < 0:
				if nameErr != nil || valueErr != nil {
					broken++
				}
			case problems[which] != "":
			case valueErr != nil:
				problems[which] = "escape"
			case value != "" && values[which] != "":
				problems[which] = "once"
			case value != "":
				values[which] = value
			}
		}
		for which := range parameterCount {
			problem := p.problems[which]
			if (problem == "") != (problems[which] == "") || !strings.Contains(problem, problems[which]) {
				t.Errorf("%d: got problem %q, want %q", which, problem, problems[which])
			}
			if problem == "" && p.values[which] != values[which] {
				t.Errorf("%d: got %q, want %q", which, p.values[which], values[which])
			}
			if p.sent(which) != (values[which] != "" || problems[which] != "") {
				t.Errorf("%d: sent is %v", which, p.sent(which))
			}
		}
		if len(p.others) != min(broken, maxOthers) {
			t.Errorf("got %q, want %d", p.others, broken)
		}
	})
}

// TestErrorsAreBounded sends as much nonsense as a header can hold.
func TestErrorsAreBounded(t *testing.T) {
	s := newServer(t, Config{})
	long := strings.Repeat("x", 10_000)
	query := "/v2/calls?fromDateTime=" + long + "&toDateTime=" + long + "&workspaceId=" + long + "&cursor=" + long +
		strings.Repeat("&"+long+"=%", 3) + strings.Repeat("&%", 1000)
	w := s.get(query)
	wantStatus(t, w, http.StatusBadRequest)
	a := decode(t, w)
	if got, want := len(a.Errors), parameterCount+maxOthers; got != want {
		t.Errorf("got %d errors, want %d: %q", got, want, a.Errors)
	}
	for _, text := range a.Errors {
		if strings.Contains(text, strings.Repeat("x", maxEcho+1)) || len(text) > 300 {
			t.Errorf("an error of %d bytes: %.200s", len(text), text)
		}
	}
}

// TestErrorsAreUTF8 sends bytes that are not.
func TestErrorsAreUTF8(t *testing.T) {
	s := newServer(t, Config{})
	w := s.get(everything + "&workspaceId=%ff%00%22&%80=%")
	wantStatus(t, w, http.StatusBadRequest,
		`workspaceId: "\xff\x00\"" is not an id; send a number of 1 to 20 digits`,
		`%80: has a broken % escape; send % with two hexadecimal digits`)
}
