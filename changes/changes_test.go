package changes

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callvault/callvault/gong"
)

// scripted answers one request after the other; "500" and its like are statuses.
type scripted struct {
	answers []string
	asked   []string
}

func (s *scripted) RoundTrip(r *http.Request) (*http.Response, error) {
	s.asked = append(s.asked, r.URL.Path+"?"+r.URL.RawQuery)
	if len(s.answers) == 0 {
		return nil, errors.New("no more answers")
	}
	answer := s.answers[0]
	s.answers = s.answers[1:]
	status := map[string]int{"404": 404, "410": 410, "500": 500}[answer]
	if status == 0 {
		status = http.StatusOK
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(answer)), Header: http.Header{}, Request: r}, nil
}

func (s *scripted) client() *gong.Client {
	return &gong.Client{BaseURL: "http://calls.example.com", Credential: gong.Credential{Token: "K.hush"}, HTTP: &http.Client{Transport: s}}
}

// An answer that breaks the laws of the feed is an error: nothing of it is applied.
func TestAnswersThatAreNone(t *testing.T) {
	for body, want := range map[string]string{
		`{"changes":[],"more":false}`:                                                                                     `it has no "next"`,
		`{"next":"a","more":false}`:                                                                                       `it has no "changes"`,
		`{"changes":[],"next":"a"}`:                                                                                       `it has no "more"`,
		`{"changes":[],"next":"","more":false}`:                                                                           `its "next" is empty`,
		`{"changes":{},"next":"a","more":false}`:                                                                          `its "changes" is malformed`,
		`{"changes":[],"next":7,"more":false}`:                                                                            `its "next" is malformed`,
		`{"changes":[],"next":"old","more":true}`:                                                                         `its "next" leads nowhere`,
		`{"changes":[{"number":1,"id":"1","deleted":true}],"next":"old","more":false}`:                                    `its "next" leads nowhere`,
		`{"changes":[{"number":1,"id":"x","deleted":true}],"next":"a","more":false}`:                                      `change 1 has no id of a call`,
		`{"changes":[{"number":1,"id":"1"}],"next":"a","more":false}`:                                                     `change 1 must have either a call or a deletion`,
		`{"changes":[{"number":1,"id":"1","call":null}],"next":"a","more":false}`:                                         `change 1 must have either`,
		`{"changes":[{"number":1,"id":"1","call":{},"deleted":true}],"next":"a","more":false}`:                            `change 1 must have either`,
		`{"changes":[{"number":2,"id":"1","deleted":true},{"number":2,"id":"2","deleted":true}],"next":"a","more":false}`: `change 2 comes after change 2`,
		`<html>`: `it is HTML`,
	} {
		s := &scripted{answers: []string{body}}
		_, err := Read(t.Context(), s.client(), Query{After: "old"})
		if refused := (*gong.AnswerError)(nil); !errors.As(err, &refused) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", body, err, want)
		}
	}
}

// A call is passed on byte for byte, but in one line.
func TestCallsAreKept(t *testing.T) {
	s := &scripted{answers: []string{`{"changes":[{"number":1,"id":"1","call":{"id":"1","x":1.50,"y":"<&é"}},{"number":2,"id":"2","call":{
		"id": "2"}}],"next":"a","more":true}`}}
	a, err := Read(t.Context(), s.client(), Query{Limit: 7, Wait: 3 * time.Second})
	if err != nil || !a.More || a.Next != "a" {
		t.Fatal(a, err)
	}
	lines := string(a.Changes[1].AppendJSON(append(a.Changes[0].AppendJSON(nil), '\n')))
	if want := `{"number":1,"id":"1","call":{"id":"1","x":1.50,"y":"<&é"}}` + "\n" + `{"number":2,"id":"2","call":{"id":"2"}}`; lines != want {
		t.Errorf("got %s, want %s", lines, want)
	}
	if want := Path + "?limit=7&wait=3"; s.asked[0] != want {
		t.Errorf("asked %s, want %s", s.asked[0], want)
	}
}

// Follow repeats a failed request, waits a second after an empty answer, and ends at a token that
// the store can't continue.
func TestFollowGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one := `{"changes":[{"number":1,"id":"1","deleted":true},{"number":2,"id":"2","deleted":true}],"next":"two","more":true}`
		s := &scripted{answers: []string{"500", one, `{"changes":[],"next":"three","more":false}`, "500", "410"}}
		began, tokens, last := time.Now(), []string{}, error(nil)
		for change, err := range Follow(t.Context(), s.client(), "") {
			if last = err; err == nil {
				tokens = append(tokens, change.Token)
			}
		}
		refusal := (*gong.Error)(nil)
		if !errors.Is(last, ErrStartOver) || !errors.As(last, &refusal) {
			t.Errorf("it ended with %v", last)
		}
		if strings.Join(tokens, ",") != ",two" || len(s.asked) != 5 || s.asked[4] != Path+"?after=three&limit=1000&wait=50" {
			t.Errorf("tokens %q, asked %q", tokens, s.asked)
		}
		if took := time.Since(began); took < leastWait {
			t.Errorf("it asked again at once: all took %v", took)
		}
	})
}

// Follow ends with the error of its context, whatever it was waiting for.
func TestFollowEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, answer := range []string{"500", `{"changes":[],"next":"a","more":false}`} {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			began, last := time.Now(), error(nil)
			for _, err := range Follow(ctx, (&scripted{answers: []string{answer}}).client(), "") {
				last = err
			}
			if !errors.Is(last, context.DeadlineExceeded) || time.Since(began) > 100*time.Millisecond {
				t.Errorf("%s: it ended with %v after %v", answer, last, time.Since(began))
			}
		}
	})
}

// A server without the feed is named as such.
func TestNoFeed(t *testing.T) {
	s := &scripted{answers: []string{"404"}}
	if _, err := Read(t.Context(), s.client(), Query{}); err == nil || !strings.Contains(err.Error(), "this server has no feed of changes") {
		t.Error(err)
	}
}
