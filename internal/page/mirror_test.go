package page

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"
)

// The status of a mirror is that of the company that is shown, by the clock of its zone. A key
// shows that of its own company only.
func TestMirror(t *testing.T) {
	type asked struct {
		company, now string
	}
	var got asked
	companies := map[string]calls{"default": at("2026-03-04T07:00:00Z"), "acme": at(), "plain": at()}
	h := start(t, Config{Store: &store{companies: companies}, Mirror: func(_ context.Context, company string, now time.Time) (any, error) {
		got = asked{company, now.Format(time.RFC3339)}
		if company == "plain" {
			return nil, nil
		}
		return map[string]string{"state": "busy"}, nil
	}}, at())
	const (
		busy = `{"mirror":{"state":"busy"}}` + "\n"
		none = `{"mirror":null}` + "\n"
	)
	for _, tt := range []struct {
		key, query string
		status     int
		body       string
		asked      asked
	}{
		{"", "", http.StatusOK, busy, asked{"default", "2026-03-04T12:00:00Z"}},
		{"", "?company=acme&tz=Asia/Tokyo", http.StatusOK, busy, asked{"acme", "2026-03-04T21:00:00+09:00"}},
		{"", "?company=plain", http.StatusOK, none, asked{"plain", "2026-03-04T12:00:00Z"}},
		{"acme", "", http.StatusOK, busy, asked{"acme", "2026-03-04T12:00:00Z"}},
		{"plain", "?company=acme", http.StatusForbidden, "", asked{}},
		{"", "?tz=Nowhere", http.StatusBadRequest, "", asked{}},
	} {
		got = asked{}
		w := getAs(h, tt.key, "/api/mirror"+tt.query)
		if w.Code != tt.status || tt.body != "" && w.Body.String() != tt.body || got != tt.asked {
			t.Errorf("%q of %q: %d %s, asked for %v", tt.query, tt.key, w.Code, w.Body, got)
		}
	}
	if w := get(start(t, Config{}, at()), "/api/mirror"); w.Body.String() != none {
		t.Errorf("a page that knows no mirrors: %s", w.Body)
	}
}

func TestMirrorThatCannotBeRead(t *testing.T) {
	h := start(t, Config{Mirror: func(context.Context, string, time.Time) (any, error) { return nil, errors.New("gone") }}, at())
	if w := get(h, "/api/mirror"); w.Code != http.StatusServiceUnavailable {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
